"""Last output of the tools that scripts call, with its meaning.

Docker, Git, package managers, service managers, languages and their own, the AWS CLI, databases, Windows.
"""

from __future__ import annotations

from deployer.deployment.clues import clue

_DOCKER = "Docker and Amazon ECR, error messages"
_GIT = "OpenSSH and Git, error messages"
_PACKAGES = "apt, yum and dnf, error messages"
_SERVICES = "systemctl and service, error messages"
_SYSTEMD = "systemd.exec(5), process exit codes"
_LANGUAGES = "the languages' and their package managers' own messages"
_SPRING = "Spring Boot, failure analyses"
_AWS = "AWS CLI, error messages"
_DATABASES = "MySQL, PostgreSQL and SQL Server, error messages"
_WINDOWS = "cmd.exe, PowerShell and Windows, error messages"

_DOTNET_SOURCE = ".NET host, error messages"
_DOTNET = (
    "Install it in BeforeInstall or in the image, or publish with --self-contained; if it is in another "
    "folder than the system's, set DOTNET_ROOT in the hook or the service's unit."
)
_STOP_FIRST = "Stop it in ApplicationStop or BeforeInstall, and wait until it has gone."

TOOL_CLUES = (
    clue(
        r"no such container|process or namespace \S{1,200} not found|\bkill: [^\n]{0,100}no such process"
        r"|\"docker (?:container )?(?:stop|rm|kill)\" requires at least|failed to stop [^\n]{0,200}not loaded"
        r"|kill: usage|kill: not enough arguments|no process found|kill \[options\] <pid"
        r"|ERROR \(not running\)|unknown instance:"
        r"|\bservice (?:is not started|has not been started)|is not running\b[^\n]{0,40}\bstop",
        "There is nothing to stop or remove: the application is not running, as before a first deployment.",
        "Let the script accept that: end the command with || true.",
        source="Docker, PM2, systemctl, kill and net stop, error messages",
    ),
    clue(
        r"supervisor(?:\.sock|/xmlrpc)",
        "Supervisor is not running on the instance, or another user's.",
        "Start it in BeforeInstall (systemctl enable --now supervisor), and run the hook as root.",
        source="Supervisor, error messages",
    ),
    clue(
        r"(?P<program>[\w.:@-]{1,100}): ERROR \((?:spawn error|abnormal termination)\)",
        "The program {program} does not start under Supervisor.",
        "Its own log says why: supervisorctl tail {program} stderr.",
        source="Supervisor, error messages",
    ),
    clue(
        r"(?P<program>[\w.:@-]{1,100}): ERROR \(no such (?:process|group)\)|unknown job: (?P<job>\S{1,100})",
        "Supervisor or init knows no program {program}{job}.",
        "Install its configuration first, then run supervisorctl reread and supervisorctl update.",
        source="Supervisor and Upstart, error messages",
    ),
    clue(
        r"script already launched|service has already been started|is already running",
        "The application is still running, most often the previous version.",
        "Stop it in ApplicationStop or BeforeInstall (pm2 delete NAME), or reload it instead: pm2 "
        "startOrReload.",
        source="PM2 and net start, error messages",
    ),
    clue(
        r"(?:open\(\)|invalid PID number|kill\()[^\n]{0,100}nginx\.pid\b",
        "nginx is not running, so it cannot be reloaded or stopped by its PID.",
        "Use systemctl restart nginx, which starts it too.",
        source="nginx, error messages",
    ),
    clue(
        r"no basic auth credentials|pull access denied|authorization token has expired"
        r"|unauthorized: authentication required|denied: requested access to the resource"
        r"|error getting credentials - err",
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
        r"no such image:? ?(?P<image>\S{0,200})",
        "The image is not on the instance: {image}",
        "Pull it first (docker pull), and check its name and tag.",
        source=_DOCKER,
    ),
    clue(
        r"no matching manifest for (?P<platform>[\w/.-]{1,60})",
        "The image is not built for the instance's architecture, {platform}.",
        "Build it for that as well: docker buildx build --platform linux/amd64,linux/arm64.",
        source=_DOCKER,
    ),
    clue(
        r"invalid reference format",
        "The image's name is malformed: usually a variable in it has no value.",
        "Look at how the script builds the name; hooks do not see the variables of the CI job.",
        source=_DOCKER,
    ),
    clue(
        r"input device is not a TTY|non[- ]TTY device|the handle is invalid",
        "The command wants a terminal, which a hook does not have.",
        "Leave -t and -it out (docker run, docker exec), and log in with --password-stdin.",
        source=_DOCKER,
    ),
    clue(
        r"'compose' is not a docker command|unknown shorthand flag: '\w' in -\w\b",
        "Docker on the instance lacks the plugin Compose.",
        "Install it (package docker-compose-plugin) in BeforeInstall or in the image.",
        source=_DOCKER,
    ),
    clue(
        r"invalid compose project|compose[^\n]{0,80} is (?:unsupported|invalid)|(?:services|networks"
        r"|volumes)\.\S+"
        r" (?:must be|additional propert)|unsupported config option",
        "Docker Compose rejects its file, or is too old for it.",
        "Check it in the CI job: docker compose config; use the same version there and on the instance.",
        source=_DOCKER,
    ),
    clue(
        r"exec: [\\\"]{1,2}(?P<command>[^\n\"\\]{1,200})\W{1,2}: (?:executable file not found"
        r"|stat [^\n]{1,200}: no such)",
        "The image has no command {command}.",
        "Check the command after the image's name, and the image's ENTRYPOINT and CMD.",
        source=_DOCKER,
    ),
    clue(
        r"error mounting|invalid mount config|bind source path does not exist|mounts denied",
        "Docker cannot mount a file or folder of the instance into the container.",
        "Check the paths of -v or --mount: a file must exist before, or Docker creates a folder in its "
        "place.",
        source=_DOCKER,
    ),
    clue(
        r"OCI runtime (?:create|exec) failed|failed to create (?:shim )?task",
        "Docker cannot start the container; its message says why.",
        "Run the same docker command by hand on an instance.",
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
        r"container (?P<container>[\w.-]{1,200}) is unhealthy",
        "The container {container} does not become healthy.",
        "Look at docker logs {container}; if it only needs longer, raise start_period of its healthcheck.",
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
        r"address (?:already|is) in use|port is already in use|address already in use|EADDRINUSE"
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
        r"dubious ownership in repository at '(?P<path>[^'\n]{1,300})'",
        "The Git repository {path} belongs to another user than the one that runs the script.",
        "Give it to that user in the hook (chown -R), or trust it: git config --system --add safe.directory "
        "{path}.",
        source=_GIT,
    ),
    clue(
        r"not a git repository",
        "The script calls Git outside a repository: a bundle contains no .git.",
        "Avoid Git on the instance, or name the checkout: git -C FOLDER.",
        source=_GIT,
    ),
    clue(
        r"couldn't find remote ref (?P<ref>\S{1,200})"
        r"|remote branch (?P<branch>\S{1,200}) not found in upstream",
        "The Git repository has no branch or tag {ref}{branch}.",
        "Check the name that the script asks for (master or main), and that it was pushed.",
        source=_GIT,
    ),
    clue(
        r"no tracking information for the current branch|not currently on a branch|has no upstream branch"
        r"|but no such ref was fetched",
        "Git does not know which branch to pull or push: the checkout on the instance follows none, or one "
        "that is gone.",
        "Name it in the script: git fetch origin BRANCH && git reset --hard FETCH_HEAD; or let CodeDeploy "
        "alone put the files there.",
        source=_GIT,
    ),
    clue(
        r"destination path '(?P<path>[^'\n]{1,300})' already exists and is not an empty"
        r"|would be overwritten by (?:merge|checkout)|not possible to fast-forward|divergent branches",
        "The script clones or pulls over files that are already on the instance.",
        "Remove the folder first, or deploy the files through the AppSpec instead of Git.",
        source=_GIT,
    ),
    clue(
        r"lock[^\n]{0,200}\(13: permission denied\)|lock[^\n]{0,200}are you root"
        r"|command has to be run (?:with|under)"
        r"|you need to be root|requires? superuser|must be (?:run as )?root",
        "The script's user may not install packages or change the system: it is not root.",
        "Run the hook as root: leave runas out of the AppSpec, or set it to root.",
        source=_PACKAGES,
    ),
    clue(
        r"could not get lock|dpkg frontend lock|lists/lock|is another process using it|holding the yum lock"
        r"|another copy is running as pid|waiting for process with pid|rpm database is locked"
        r"|can't create transaction"
        r" lock",
        "Another process holds the package manager's lock.",
        "Wait for it: apt-get -o DPkg::Lock::Timeout=300 install …, or a loop around yum; on new instances "
        "it is the first update.",
        source=_PACKAGES,
    ),
    clue(
        r"unable to locate package (?P<name>\S{1,200})|no package (?P<yum>\S{1,200}) available"
        r"|unable to find a match:? (?P<dnf>\S{1,200})|no package matching '(?P<ansible>[^'\n]{1,200})'"
        r"|package '?(?P<apt>\S{1,200}?)'? has no installation candidate",
        "The package {name}{yum}{dnf}{apt}{ansible} is in none of the instance's repositories.",
        "Update the lists first (apt-get update), add the repository, or check the name for this system.",
        source=_PACKAGES,
    ),
    clue(
        r"404 +Not Found[^\n]{0,60}\[IP|does not have a release file|no longer has a release file"
        r"|release file[^\n]{0,200}(?:expired|not valid yet)|repomd\.xml[^\n]{0,200}\b404\b"
        r"|no URLs in mirrorlist|cannot find a valid baseurl",
        "The package lists on the instance are out of date, or the system's release is no longer served.",
        "Run apt-get update (yum clean all) right before the installation; of a system at the end of its "
        "life move to a newer image.",
        source=_PACKAGES,
    ),
    clue(
        r"EXPKEYSIG|NO_PUBKEY|is not signed|GPG check FAILED|signatures? couldn't be verified"
        r"|public key [^\n]{0,100}not (?:available|installed)",
        "The package manager does not trust a repository: its signing key is missing or has expired.",
        "Import the repository's current key in BeforeInstall or in the image, or remove that repository.",
        source=_PACKAGES,
    ),
    clue(
        r"dpkg was interrupted|dpkg --configure -a|fix-broken|unmet dependencies|held broken packages"
        r"|sub-process /usr/bin/dpkg|error processing (?:package|archive)|nothing provides"
        r"|conflicts between attempted"
        r"|--skip-broken",
        "Packages on the instance conflict, or an earlier installation stopped halfway.",
        "On an instance: dpkg --configure -a, then apt-get --fix-broken install (yum: "
        "yum-complete-transaction). Set DEBIAN_FRONTEND=noninteractive in hooks, so that no question stops "
        "them.",
        source=_PACKAGES,
    ),
    clue(
        r"failed to download metadata|no enabled repositor|configured repositories failed|repomd\.xml",
        "yum or dnf cannot read its repositories.",
        "Check the instance's route to them (Amazon Linux: its VPC endpoint for S3), and /etc/yum.repos.d.",
        source=_PACKAGES,
    ),
    clue(
        r"unit (?P<unit>\S{1,200}?)(?:\.service)? is masked",
        "The service {unit} is masked: systemctl refuses to start it.",
        "Run systemctl unmask {unit} before, or start the service that replaces it.",
        source=_SERVICES,
    ),
    clue(
        r"unit (?P<unit>\S{1,200}?)(?:\.service)? (?:could not be found|not found|not loaded|is not loaded)"
        r"|failed to load (?P<load>\S{1,200}?)\.service"
        r"|(?<![\w.@-])(?P<init>[\w.@-]{1,100}): unrecognized service"
        r"|unit file (?P<file>\S{1,200}?)(?:\.service)? does not exist",
        "The service {unit}{load}{init}{file} is missing on the instance.",
        "Install it in BeforeInstall or in the image, check its name for this system (apache2 or httpd), "
        "and run systemctl daemon-reload after installing a unit.",
        source=_SERVICES,
    ),
    clue(
        r"status=203/EXEC",
        "systemd cannot run the program that the service's unit names: it is missing, is not executable, or "
        "its first line names an interpreter that is missing.",
        "Check ExecStart= in the unit, which wants a full path, and the file's mode in permissions.",
        source=_SYSTEMD,
    ),
    clue(
        r"status=200/CHDIR",
        "The folder that the service's unit starts in does not exist.",
        "Check WorkingDirectory= in the unit, and that `files` in the AppSpec puts it there.",
        source=_SYSTEMD,
    ),
    clue(
        r"status=217/USER",
        "The user that the service's unit names does not exist on the instance.",
        "Create it in BeforeInstall or in the image, or correct User= in the unit.",
        source=_SYSTEMD,
    ),
    clue(
        r"failed to (?:re)?(?:start|enable|stop|load) (?P<other>\S{1,200}?)\.service"
        r"|job for (?P<job>\S{1,200}?)(?:\.service)? failed"
        r"|(?P<quick>[^\s:]{1,200})\.service: (?:start request repeated|failed with result"
        r"|main process exited)",
        "The service {other}{job}{quick} does not start, or does not stop.",
        "Its own log says why: systemctl status and journalctl -u {other}{job}{quick} on the instance.",
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
        r"\[emerg\](?! bind\(| still could)|configuration file \S{1,300} test failed|AH00526"
        r"|syntax error on line \d{1,6} of /",
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
        r"fatal error: (?P<header>[\w./+-]{1,100}\.(?:h|hpp)): |not found: (?:make|gcc|g\+\+|cc|cmake)\b"
        r"|command '?\S{0,60}(?:gcc|g\+\+|cc)'? failed|pg_config executable not found|mysql_config"
        r"|no acceptable C compiler|failed to build gem native|failed building wheel|could not build wheels"
        r"|gyp err! find python|can't find header files",
        "A dependency is compiled on the instance, which lacks a compiler, a tool or a header file for "
        "that. {header}",
        "Install them in BeforeInstall or in the image (gcc, make and the library's -dev or -devel "
        "package), or install dependencies before packaging, on the same system and architecture.",
        source=_LANGUAGES,
    ),
    clue(
        r"ensurepip is not|python3(?:\.\d{1,2})?-venv",
        "Python on the instance lacks venv.",
        "Install python3-venv in BeforeInstall or in the image.",
        source=_LANGUAGES,
    ),
    clue(
        r"requires ext-(?P<ext>\w{1,40})|(?P<extension>\w{1,40}) (?:php )?extension is (?:missing|not)"
        r"|(?P<pdo>could not "
        r"find driver)|call to undefined function (?P<function>\w{1,60})\("
        r"|class ['\"]\\?(?P<class>ZipArchive|Redis|Memcached|Imagick|PDO|mysqli|DOMDocument|SimpleXMLElement"
        r"|XML(?:Reader|Writer)|SoapClient|NumberFormatter|Collator|IntlDateFormatter|GMP"
        r"|MongoDB\\Driver\\\w{1,40})['\"] not found",
        "PHP on the instance lacks an extension: {ext}{extension}{pdo}{function}{class}.",
        "Install it (for example php-mbstring, php-mysql) in BeforeInstall or in the image.",
        source=_LANGUAGES,
    ),
    clue(
        r"failed opening required '[^'\n]{0,300}\bvendor/"
        r"|\bvendor/autoload\.php[^\n]{0,60}(?:failed to open|no such file|not found|does not exist|missing)",
        "Composer's packages are missing: vendor is not in the revision, or composer install has not run.",
        "Run composer install before packaging, and check that exclude leaves vendor in; or run it in "
        "AfterInstall, in the application's folder.",
        source="PHP and Composer, error messages",
    ),
    clue(
        r"class ['\"](?P<class>[A-Z][\w\\]{1,200})['\"] not found"
        r"|target class \[(?P<target>[\w\\]{1,200})\] does not exist",
        "PHP finds no class {class}{target}.",
        "Check that its package is in require of composer.json (--no-dev leaves require-dev out), that "
        "exclude leaves its file in, and the case of its path, which counts on Linux; then run composer "
        "dump-autoload.",
        source="PHP and Laravel, error messages",
    ),
    clue(
        r"no main manifest attribute, in (?P<jar>[^\n]{1,300})",
        "{jar} is not an executable jar.",
        "Start the one that Spring Boot repackages, not the one that ends in -plain.jar; leave that out of "
        "the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"\bE401\b|ENEEDAUTH|unable to authenticate, |401 Unauthorized - (?:GET|PUT)|E403\b"
        r"|403 Forbidden - GET",
        "The package registry rejects the instance's token, or there is none.",
        "Install dependencies before packaging, so that the instance needs no token, or put an .npmrc with a "
        "valid one on it.",
        source=_LANGUAGES,
    ),
    clue(
        r"404 Not Found - GET (?P<url>\S{1,300})|is not in (?:this|the npm) registry|\bETARGET\b"
        r"|No matching version found",
        "The package registry has no such package or version, or shows it only to those who are logged "
        "in. {url}",
        "Install dependencies before packaging; for private packages the instance needs an .npmrc with a "
        "token.",
        source=_LANGUAGES,
    ),
    clue(
        r"could not load file or assembly '(?P<assembly>[^',\n]{1,200})"
        r"|(?:ClassNotFoundException|NoClassDefFoundError): (?P<java>[\w./$]{1,200})",
        "The application's dependency {assembly}{java} is not in the revision.",
        "Publish the application with its dependencies; check what exclude leaves out.",
        source=_LANGUAGES,
    ),
    clue(
        r"no module named '?distutils\b",
        "Python 3.12 and later come without distutils, which the application or one of its packages uses.",
        "Update that package, install setuptools into the same environment, or use an older Python; before "
        "3.12, the system's package python3-distutils may be missing.",
        source="Python 3.12, release notes; pip, error messages",
    ),
    clue(
        r"error TS(?:2307|7016|2688)\b[^\n'\"]{0,80}['\"](?P<types>[^'\"\n]{1,200})"
        r"|module not found[^\n]{0,20} can't resolve '(?P<module>[^'\n]{1,200})'"
        r"|failed to resolve import \"(?P<rollup>[^\"\n]{1,200})\""
        r"|\[ERROR\] Could not resolve \"(?P<esbuild>[^\"\n]{1,200})\"",
        "The build on the instance does not find {types}{module}{rollup}{esbuild}.",
        "Build before packaging. If it is a package: NODE_ENV=production and --omit=dev leave "
        "devDependencies out; if it is a file: check exclude and the case of its name, which counts on "
        "Linux.",
        source="TypeScript, webpack, Vite and esbuild, error messages",
    ),
    clue(
        r"\berror (?P<code>TS\d{1,6}): ",
        "The TypeScript compiler rejects the code ({code}).",
        "Build before packaging, so that this is noticed before a deployment. If TS2307 or TS7016 is among "
        "the errors, packages are missing: NODE_ENV=production and --omit=dev leave devDependencies out.",
        source="TypeScript, error messages",
    ),
    clue(
        r"could not find 'bundler' \((?P<version>[^)\n]{1,40})\)"
        r"|can't find gem (?P<gem>bundler \([^)\n]{1,40}\))"
        r"|must use (?P<least>Bundler \d{1,2}) or greater",
        "The version of Bundler that Gemfile.lock asks for is not on the instance: {version}{gem}{least}.",
        "Install it in BeforeInstall or in the image (gem install bundler:VERSION), or lock another one: "
        "bundle update --bundler.",
        source="Bundler and RubyGems, error messages",
    ),
    clue(
        r"could not find (?:gem )?'?(?P<gem>[\w.-]{1,100})[^\n]{0,400} in (?:any of the sources"
        r"|locally installed gems)",
        "The application's dependency {gem} is not on the instance.",
        "Run bundle install before, with the same user and version of Ruby, or package vendor/bundle.",
        source="Bundler and RubyGems, error messages",
    ),
    clue(
        r"no module named '?(?P<module>(?:\w{1,80}\.){1,6}(?:wsgi|asgi|settings))\b"
        r"|no module named '(?P<plain>app|application|main|wsgi|asgi|settings)'"
        r"|could not import module \"(?P<asgi>[\w.]{1,200})\"",
        "Python does not find the application's own module {module}{plain}{asgi}.",
        "Start it in the application's folder (cd, gunicorn --chdir, WorkingDirectory= of the unit), and "
        "check that exclude leaves the module in.",
        source="Python, gunicorn and uvicorn, error messages",
    ),
    clue(
        r"(?:no module named|cannot find (?:module|package))[:\s]{1,5}['\"]?(?P<module>[\w./@-]{1,200})"
        r"|error loading (?P<driver>\w{1,60}) (?:or \w{1,60} )?module"
        r"|could not find gem '?(?P<gem>[\w./@-]{1,200})"
        r"|cannot load such file -- (?P<ruby>[\w./@-]{1,200})"
        r"|could not find or load main class (?P<java>[\w./@-]{1,200})",
        "The application's dependency {module}{driver}{gem}{ruby}{java} is not in the revision.",
        "Install dependencies before packaging, or in AfterInstall; check what exclude leaves out.",
        source=_LANGUAGES,
    ),
    clue(
        r"class file version (?P<built>\d{1,3})[^\n]{0,200} up to (?P<known>\d{1,3})",
        "The application is compiled for a newer Java than the instance runs: its class files have version "
        "{built}, and {known} is the newest that this Java knows.",
        "Install that Java in BeforeInstall or in the image (52 is Java 8, 55 is 11, 61 is 17, 65 is 21), or "
        "compile for the older one: javac --release.",
        source="Java, error messages",
    ),
    clue(
        r"framework:? '(?P<framework>[\w.]{1,100})',? version '(?P<version>[\w.-]{1,40})'",
        "The .NET runtime that the application needs is not on the instance: {framework} {version}.",
        _DOTNET,
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"no \.NET SDKs were found|application '[^'\n]{1,300}\.dll' does not exist"
        r"|any installed \.NET (?:Core )?SDKs",
        "The script calls dotnet with a command of the SDK, which the instance does not have, or with an "
        "application that does not exist.",
        "Publish in the CI job (dotnet publish), and start the published DLL by its full path.",
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"must install (?:or update )?\.NET|libhostfxr",
        "The .NET runtime that the application needs is not on the instance, or is not found.",
        _DOTNET,
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"UnsupportedClassVersionError|GLIBC(?:XX)?_[\d.]{1,10}' not found"
        r"|error while loading shared libraries"
        r"|requires php|your php version|unsupported engine|requires node|requires a different python"
        r"|compatible \.NET SDK|digital envelope routines"
        r"|compatible framework version|UNSUPPORTED_ENGINE|EBADENGINE"
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
        r"\bERESOLVE\b|\bpeer(?:Optional)? \S{1,100}@\"",
        "npm finds no versions of the declared packages that satisfy each other's peer dependencies.",
        "Correct them in package.json and run npm ci with the committed lock file, with the same version of "
        "npm as in the CI job; --legacy-peer-deps ignores the conflict.",
        source="npm, error messages",
    ),
    clue(
        r"could not be resolved to an installable set|No matching distribution found"
        r"|ResolutionImpossible"
        r"|only install (?:with an existing package-lock|packages when)|not in sync|frozen-lockfile"
        r"|version solving failed|could not find compatible versions",
        "The declared dependencies cannot be installed.",
        "Build before packaging, so that this is noticed before a deployment, and include the lock file in "
        "the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"could not resolve placeholder '(?P<setting>[^'\n]{1,200})'",
        "A setting that the application needs is missing on the instance: {setting}.",
        "Put it there before this hook, in the environment of the service or an application.properties "
        "beside the jar: hooks do not see variables of a login shell or the CI job.",
        source=_SPRING,
    ),
    clue(
        r"failed to configure a DataSource|failed to determine a suitable driver class",
        "The application's settings for its database are missing on the instance, or those of another "
        "profile are in use.",
        "Put them there before this hook (SPRING_DATASOURCE_URL, SPRING_PROFILES_ACTIVE): hooks do not see "
        "variables of a login shell or the CI job.",
        source=_SPRING,
    ),
    clue(
        r"ImproperlyConfigured|no application encryption key|MissingAppKey|secret_key_base",
        "A setting that the application needs is missing on the instance.",
        "Put its settings there before this hook: hooks do not see variables of a login shell or the CI job.",
        source=_LANGUAGES,
    ),
    clue(
        r"\((?P<code>ExpiredToken\w{0,20}|InvalidClientTokenId|UnrecognizedClient\w{0,20}"
        r"|SignatureDoesNotMatch"
        r"|AuthFailure|InvalidAccessKeyId|InvalidToken)\) when calling",
        "The AWS credentials that the script uses have expired or are wrong ({code}).",
        "Remove keys from the script, its environment and ~/.aws, so that it uses the instance profile.",
        source=_AWS,
    ),
    clue(
        r"\((?P<code>Throttling\w{0,20}|RequestLimitExceeded|TooManyRequests\w{0,20}"
        r"|SlowDown)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "AWS throttles {operation}, which the script calls on all instances at the same time.",
        "Deploy to fewer instances at once, or let the script retry (AWS_RETRY_MODE=adaptive, "
        "AWS_MAX_ATTEMPTS).",
        source=_AWS,
    ),
    clue(
        r"\((?P<code>ParameterNotFound|ResourceNotFoundException|NoSuchKey|NoSuchBucket"
        r"|404)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "AWS has nothing of the name that the script asks for in this account and region: {operation}, "
        "{code}.",
        "Check the name, and the region that the script uses (AWS_DEFAULT_REGION).",
        source=_AWS,
    ),
    clue(
        r"config profile \(?(?P<profile>[^)\n]{1,100})\)? could not be found|partial credentials found",
        "The AWS CLI finds no complete profile for the hook's user. {profile}",
        "Leave --profile and AWS_PROFILE out, so that the instance profile is used; hooks run as root "
        "unless runas says otherwise, whose ~/.aws is another.",
        source=_AWS,
    ),
    clue(
        r"aws: error: (?:argument|invalid)|found invalid choice",
        "The AWS CLI on the instance has no such command or option: it is of another version.",
        "Install version 2; aws ecr get-login is gone from it: use get-login-password.",
        source=_AWS,
    ),
    clue(
        r"unable to locate credentials|NoCredentialsError|NoCredentialProviders"
        r"|credentials from any providers",
        "The script calls AWS, but the instance has no credentials.",
        "Attach an instance profile, and run the hook as a user that can reach it (root can).",
        source=_AWS,
    ),
    clue(
        r"access to KMS is not allowed|ciphertext refers to|not authorized to perform: kms:"
        r"|the resource associated with this ciphertext",
        "The script reads what is encrypted with a KMS key that the instance's role may not use.",
        "Allow kms:Decrypt on the key in the role of the instance and in the key's policy; the key must be "
        "in the same region.",
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
        r"error executing \"(?P<operation>\w{1,80})\"[^\n]{0,400}(?:403 Forbidden|AccessDenied)",
        "The instance profile does not allow {operation}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source="AWS SDK for PHP, error messages",
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
        source=_DATABASES,
    ),
    clue(
        r"remaining connection slots|too many connections|too many clients",
        "The database accepts no more connections.",
        "Look for connections that earlier deployments left open, or raise the limit (max_connections).",
        source=_DATABASES,
    ),
    clue(
        r"\b(?:table|relation|column|index|database|view|type|constraint) \W?[\w.-]{1,100}\W? already exists"
        r"|42S01|42P07|duplicate column name",
        "A migration creates what the database already has.",
        "An earlier run stopped halfway, or another instance migrates at the same time: correct the record "
        "of migrations, and let only one instance run them.",
        source=_DATABASES,
    ),
    clue(
        r"unknown database '|database \W?[\w-]{1,80}\W? does not exist|no such table"
        r"|relation \"\S{1,100}\" does not exist"
        r"|base table or view not found|undefined_table|table '\S{1,100}' doesn't exist",
        "The database lacks a table, or does not exist: its migrations have not run.",
        "Create it, and run the migrations before what needs them.",
        source=_DATABASES,
    ),
    clue(
        r"can't connect to (?:local )?(?:mysql |mariadb )?server|could not connect to server: "
        r"|SQLSTATE\[HY000\] \[200[0-9]\]|connection to server at [^\n]{1,200} failed|ERROR 200[23]"
        r"|communications link failure|(?:PG|Mysql2)::ConnectionBad",
        "The database does not answer: it is not running, or the instance may not reach it.",
        "Check host and port in the application's settings on the instance, and the database's security "
        "group.",
        source=_DATABASES,
    ),
    clue(
        r"requested URL returned error: (?P<status>\d{3})"
        r"|HTTP(?:/\d\.\d)?(?: status)?(?: code)?[ =:]{1,3}(?P<other>[45]\d\d)\b"
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
        r"module '?(?P<module>[\w.]{1,60})'? was not loaded",
        "PowerShell has no module {module} on the instance, at least not in its 32-bit version, which the "
        "agent starts.",
        "Install it in BeforeInstall or in the image; if it is there, restart the script in the 64-bit "
        "version: C:\\Windows\\SysNative\\WindowsPowerShell\\v1.0\\powershell.exe -File …",
        source=_WINDOWS,
    ),
    clue(
        r"unexpected error occurred on a (?:send|receive)|could not create SSL/TLS secure channel",
        "PowerShell does not speak the version of TLS that the server asks for.",
        "Set it before the call: [Net.ServicePointManager]::SecurityProtocol = 'Tls12'.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot find requested collection element|80040154|class not registered",
        "The agent starts the 32-bit version of PowerShell, which cannot use what only the 64-bit one has.",
        "Restart the script in it: C:\\Windows\\SysNative\\WindowsPowerShell\\v1.0\\powershell.exe -File …; "
        "else install the module on the instance.",
        source="AWS CodeDeploy user guide, troubleshooting Windows PowerShell",
    ),
    clue(
        r"cannot find (?:APPPOOL|SITE|APP|VDIR) object|object identifier does not represent a valid object",
        "The IIS site or application pool that the script names does not exist on the instance.",
        "Create it in BeforeInstall, or let the script accept that it does not exist yet.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot find path '(?P<path>[^'\n]{1,300})' because it does not exist",
        "{path} does not exist on the instance.",
        "Let the script accept that (Test-Path, -ErrorAction SilentlyContinue), or check the path.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot accept control messages|0x80070425|did not respond to the start or control request"
        r"|FAILED 1053",
        "The service or application pool is still starting or stopping, or fails to start in time.",
        "Wait for its state before the next command, and look at the Windows event log for why it does "
        "not start.",
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
        r"cannot find any service with service name|service name is invalid|specified service does not exist",
        "A service that the script names does not exist on the instance.",
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

START_CLUES = (
    clue(
        r"worker failed to boot|app failed to load|\bHaltServer\b",
        "gunicorn cannot load the application: it raises an error while it is imported, or gunicorn does not "
        "find it.",
        "The traceback in the log names the error; where there is none, run this on the instance, as the "
        "same user: gunicorn --check-config MODULE:APP.",
        source="gunicorn, arbiter.py",
    ),
    clue(
        r"APPLICATION FAILED TO START|error creating bean with name|application (?:run|startup) failed",
        "The Spring Boot application fails while it starts.",
        "The text below Description, or the last line that begins with Caused by, names the reason; look "
        "also at the settings and the profile that it starts with on the instance.",
        source=_SPRING,
    ),
)
"""Clues that an application does not start, which say little of why."""
