"""Last output of process managers, Docker, Git, package managers and service managers, with its meaning."""

from __future__ import annotations

from deployer.deployment.clues import clue

_DOCKER = "Docker and Amazon ECR, error messages"
_GIT = "OpenSSH and Git, error messages"
_PACKAGES = "apt, yum and dnf, error messages"
_SERVICES = "systemctl and service, error messages"
_SYSTEMD = "systemd.exec(5), process exit codes"
STOP_FIRST = "Stop it in ApplicationStop or BeforeInstall, and wait until it has gone."

SYSTEM_CLUES = (
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
        STOP_FIRST,
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
)
