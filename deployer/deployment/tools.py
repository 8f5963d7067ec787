"""Last output of the tools that scripts call, with its meaning.

Docker, Git, package managers, service managers, languages and their own, the AWS CLI, databases, Windows.
"""

from __future__ import annotations

from deployer.deployment.clues import clue

_DOCKER = "Docker and Amazon ECR, error messages"
_GIT = "OpenSSH and Git, error messages"
_PACKAGES = "apt, yum and dnf, error messages"
_SERVICES = "systemctl and service, error messages"
_LANGUAGES = "the languages' and their package managers' own messages"
_AWS = "AWS CLI, error messages"
_WINDOWS = "cmd.exe, PowerShell and Windows, error messages"

_STOP_FIRST = "Stop it in ApplicationStop or BeforeInstall, and wait until it has gone."

TOOL_CLUES = (
    clue(
        r"no such container|process or namespace \S{1,200} not found|\bkill: [^\n]{0,100}no such process"
        r"|\"docker (?:container )?(?:stop|rm|kill)\" requires at least|failed to stop [^\n]{0,200}not loaded"
        r"|kill: usage|no process found",
        "There is nothing to stop or remove: the application is not running, as before a first deployment.",
        "Let the script accept that: end the command with || true.",
        source="Docker, PM2, systemctl and kill, error messages",
    ),
    clue(
        r"no basic auth credentials|pull access denied|authorization token has expired"
        r"|unauthorized: authentication required|denied: requested access to the resource",
        "Docker is not logged in to the registry that it pulls from, or may not read the image there.",
        "Log in within the hook: aws ecr get-login-password | docker login …; the instance profile needs "
        "ecr:GetAuthorizationToken and the repository's read actions.",
        source=_DOCKER,
    ),
    clue(
        r"manifest (?:for [^\n]{0,300} )?(?:unknown|not found)"
        r"|repository [^\n]{0,300} not found: does not exist",
        "The registry does not contain the image or the tag that the script pulls.",
        "Check the image's name and tag, and that it was pushed before the deployment.",
        source=_DOCKER,
    ),
    clue(
        r"toomanyrequests|pull rate limit",
        "Docker Hub's limit on pulls is reached.",
        "Log in to Docker Hub in the hook, or pull from Amazon ECR (a pull-through cache).",
        source=_DOCKER,
    ),
    clue(
        r"docker\.sock[^\n]{0,300}permission denied|permission denied[^\n]{0,300}docker(?:\.sock| daemon)",
        "The user that runs the script may not use Docker.",
        "Run the hook as root (runas), or add the user to the group docker before the deployment.",
        source=_DOCKER,
    ),
    clue(
        r"cannot connect to the docker daemon|is the docker daemon running|docker daemon is not running",
        "Docker does not run on the instance.",
        "Start it in BeforeInstall: systemctl enable --now docker.",
        source=_DOCKER,
    ),
    clue(
        r"container name[^\n]{0,200}already in use|name is already in use by container",
        "A container with that name still exists.",
        "Remove it in ApplicationStop or BeforeInstall: docker rm -f NAME.",
        source=_DOCKER,
    ),
    clue(
        r"address (?:already|is) in use|address already in use|EADDRINUSE"
        r"|port \d{1,5} (?:is|was) (?:already )?(?:in use|allocated)|port is already allocated"
        r"|only one usage of each socket address|could not bind to address",
        "The port is still taken, most often by the previous version.",
        _STOP_FIRST,
        source="POSIX and Windows errno texts, Docker",
    ),
    clue(
        r"permission denied \([^\n)]{0,100}publickey|host key verification failed"
        r"|could not read (?:username|password) for|repository not found"
        r"|\bfatal: repository [^\n]{0,300} not found"
        r"|authentication failed for 'http|unable to access 'http[^\n]{0,300}error: 40[13]"
        r"|support for password authentication was removed"
        r"|could not read from remote repository",
        "The instance's user has no key or token for the Git repository that the script fetches from.",
        "Install dependencies before packaging, so that the instance needs none, or give it a deploy key.",
        source=_GIT,
    ),
    clue(
        r"dubious ownership|not a git repository",
        "The script calls Git outside a repository of its user: a bundle contains no .git.",
        "Avoid Git on the instance, or name the checkout: git -C FOLDER, and safe.directory for another "
        "user's.",
        source=_GIT,
    ),
    clue(
        r"destination path '(?P<path>[^'\n]{1,300})' already exists and is not an empty"
        r"|would be overwritten by (?:merge|checkout)",
        "The script clones or pulls over files that are already on the instance.",
        "Remove the folder first, or deploy the files through the AppSpec instead of Git.",
        source=_GIT,
    ),
    clue(
        r"could not get lock|dpkg frontend lock|lists/lock|is another process using it|holding the yum lock"
        r"|another copy is running as pid|waiting for process with pid|rpm database is locked"
        r"|can't create transaction"
        r" lock",
        "Another process holds the package manager's lock.",
        "Wait for it: apt-get -o DPkg::Lock::Timeout=300 install …, or a loop around yum; on new "
        "instances it "
        "is the first update.",
        source=_PACKAGES,
    ),
    clue(
        r"unable to locate package (?P<name>\S{1,200})|no package (?P<yum>\S{1,200}) available"
        r"|unable to find a match:? (?P<dnf>\S{1,200})"
        r"|package '?(?P<apt>\S{1,200}?)'? has no installation candidate",
        "The package {name}{yum}{dnf}{apt} is in none of the instance's repositories.",
        "Update the lists first (apt-get update), add the repository, or check the name for this system.",
        source=_PACKAGES,
    ),
    clue(
        r"unit (?P<unit>\S{1,200}?)(?:\.service)? (?:could not be found|not found|not loaded|is masked"
        r"|is not loaded)"
        r"|failed to (?:re)?(?:start|load|enable|stop) (?P<other>\S{1,200}?)\.service"
        r"|job for (?P<job>\S{1,200}?)(?:\.service)? failed"
        r"|(?<![\w.@-])(?P<init>[\w.@-]{1,100}): unrecognized service"
        r"|unit file (?P<file>\S{1,200}?)(?:\.service)? does not exist",
        "The service {unit}{other}{job}{init}{file} is missing on the instance, or does not start.",
        "Look at: systemctl status and journalctl -u on the instance; run systemctl daemon-reload after "
        "installing a unit.",
        source=_SERVICES,
    ),
    clue(
        r"(?:bind|listen)[^\n]{0,200}(?:permission denied|EACCES)",
        "The application may not listen on a port below 1024.",
        "Start it as root or by systemd, or give it another port behind the load balancer.",
        source="POSIX errno texts",
    ),
    clue(
        r"failed to connect to bus|not been booted with systemd|interactive authentication required",
        "systemctl cannot reach systemd: the hook does not run as root, or there is no systemd.",
        "Run the hook as root (runas), without systemctl --user.",
        source=_SERVICES,
    ),
    clue(
        r"\[emerg\]|configuration file \S{1,300} test failed|AH00526|syntax error on line \d{1,6} of /",
        "The web server rejects its configuration.",
        "Check it before the restart: nginx -t, or apachectl configtest.",
        source="nginx and Apache, error messages",
    ),
    clue(
        r"allowed memory size of \d{1,20} bytes",
        "PHP reached its own memory limit.",
        "Raise memory_limit for the command: php -d memory_limit=-1 …",
        source=_LANGUAGES,
    ),
    clue(
        r"(?:no module named|cannot find (?:module|package))[:\s]{1,5}['\"]?(?P<module>[\w./@-]{1,200})"
        r"|vendor/(?P<vendor>autoload\.php)|could not find gem '?(?P<gem>[\w./@-]{1,200})"
        r"|cannot load such file -- (?P<ruby>[\w./@-]{1,200})"
        r"|could not find or load main class (?P<java>[\w./@-]{1,200})",
        "The application's dependency {module}{vendor}{gem}{ruby}{java} is not in the revision.",
        "Install dependencies before packaging, or in AfterInstall; check what exclude leaves out.",
        source=_LANGUAGES,
    ),
    clue(
        r"UnsupportedClassVersionError|GLIBC(?:XX)?_[\d.]{1,10}' not found"
        r"|error while loading shared libraries"
        r"|requires php|your php version|unsupported engine|requires node|requires a different python"
        r"|requires-python|SyntaxError: unexpected token|requires ruby|your ruby version"
        r"|no version is set for command",
        "The application needs another version of a language or a library than the instance has.",
        "Install that version in BeforeInstall or in the image, or build for the installed one.",
        source=_LANGUAGES,
    ),
    clue(
        r"externally-managed-environment",
        "The system's Python does not let pip install into it.",
        "Use a virtual environment: python3 -m venv, and its own pip.",
        source=_LANGUAGES,
    ),
    clue(
        r"missing script:? ?['\"]?(?P<script>[\w:.-]{0,100})|command (?P<yarn>\"[^\"\n]{1,100}\") not found",
        "package.json has no script {script}{yarn}.",
        "Check its name, and that the right package.json is in the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"ERESOLVE|could not be resolved to an installable set|No matching distribution found"
        r"|ResolutionImpossible|only install with an existing package-lock|not in sync|frozen-lockfile"
        r"|version solving failed|could not find compatible versions",
        "The declared dependencies cannot be installed.",
        "Build before packaging, so that this is noticed before a deployment, and include the lock file in "
        "the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"unable to locate credentials|NoCredentialsError|NoCredentialProviders"
        r"|credentials from any providers",
        "The script calls AWS, but the instance has no credentials.",
        "Attach an instance profile, and run the hook as a user that can reach it (root can).",
        source=_AWS,
    ),
    clue(
        r"not authorized to perform: (?P<action>[\w-]{1,40}:\w{1,80})",
        "The instance profile does not allow {action}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source=_AWS,
    ),
    clue(
        r"an error occurred \((?:AccessDenied\w{0,20}|UnauthorizedOperation|403)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "The instance profile does not allow {operation}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source=_AWS,
    ),
    clue(
        r"you must specify a region|could not find region|NoRegionError|missing region",
        "The script calls AWS without a region.",
        "Set AWS_DEFAULT_REGION in the hook: the agent does not pass on a region.",
        source=_AWS,
    ),
    clue(
        r"access denied for user|(?:password|peer|ident) authentication failed|login failed for user"
        r"|no pg_hba\.conf entry|authentication failed\.?$",
        "The database rejects the application's user or password.",
        "Check the settings on the instance: hooks do not see variables of a login shell.",
        source="MySQL, PostgreSQL and SQL Server, error messages",
    ),
    clue(
        r"requested URL returned error: (?P<status>\d{3})|HTTP(?:/\d\.\d)?[ =:]{1,3}(?P<other>[45]\d\d)\b"
        r"|(?:status|code)[ :=]{1,3}(?P<code>5\d\d)\b",
        "The server responds, but with HTTP status {status}{other}{code}.",
        "Check the URL. If the script checks the application, look at its log; it may need more time to "
        "start.",
        source="curl and wget, error messages",
    ),
    clue(
        r"'(?P<command>[^'\n]{1,200})' is not recognized",
        "A command that the script calls was not found: {command}.",
        "Use full paths, or install the command in BeforeInstall.",
        source=_WINDOWS,
    ),
    clue(
        r"running scripts is disabled|execution of scripts is disabled|not digitally signed",
        "The execution policy of PowerShell forbids the script.",
        "Call it as: powershell.exe -ExecutionPolicy Bypass -File …",
        source=_WINDOWS,
    ),
    clue(
        r"the system cannot find the (?:path|file|drive) specified|project file does not exist",
        "A file or a folder that the script uses does not exist on the instance.",
        "Use full paths: hooks start in the agent's folder, not in the bundle.",
        source=_WINDOWS,
    ),
    clue(
        r"being used by another process|sharing violation",
        "A running process holds the file.",
        _STOP_FIRST,
        source=_WINDOWS,
    ),
    clue(
        r"cannot find any service with service name '?(?P<service>[^'\n]{1,100})|service name is invalid"
        r"|specified service does not exist",
        "The service {service} does not exist on the instance.",
        "Create it in BeforeInstall, or make the script tolerate that it does not exist yet.",
        source=_WINDOWS,
    ),
    clue(
        r"^access is denied\.?$|access to the path [^\n]{0,300} is denied|UnauthorizedAccessException",
        "The script lacks a permission on the instance.",
        "The agent runs hooks as SYSTEM: check the permissions of the path, and which process holds it open.",
        source=_WINDOWS,
    ),
)
"""Clues to search for in a script's log after those of the shell, the most certain first."""
