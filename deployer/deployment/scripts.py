"""Last output of failing scripts and the tools they call, with its meaning."""

from __future__ import annotations

from deployer.deployment.causes import Place
from deployer.deployment.clues import clue

_SHELL = "bash and dash, their messages"
_AGENT = "aws-codedeploy-agent, lib/instance_agent/plugins/codedeploy/hook_executor.rb"
_POSIX = "POSIX errno texts"
_TOOLS = "the tools' own messages"

_WORD = r"(?<![\w./+-])"
_NO_PATH = (
    "The agent runs hooks with a minimal PATH and no login profile: use full paths or set PATH, or install "
    "the command in BeforeInstall."
)
_NOT_IN_BUNDLE = (
    'Begin the script with cd "$(dirname "$0")/..": hooks start in the agent\'s folder, not in the bundle.'
)

SCRIPT_CLUES = (
    clue(
        r"\^M|\$'\\r'|\r['\u2019]?: (?:command )?not found|\\r: (?:command )?not found|bad interpreter"
        r"|\r['\u2019]?: No such file|\\r['\u2019]?: No such file"
        r"|No such file or directory - [^\n]{0,400}\.(?:sh|bash|py|rb|pl)\b",
        "The script has Windows line endings, or its first line names an interpreter that is not there.",
        'Convert it to LF, and add this line to .gitattributes: "*.sh text eol=lf".',
        source=_SHELL,
    ),
    clue(
        r"Exec format error|ENOEXEC",
        "The script does not begin with #!, or is a program for another kind of machine.",
        "Begin it with a line such as #!/bin/bash, or build the program for the instance's architecture.",
        source=_POSIX,
        place=Place.SCRIPT,
    ),
    clue(
        r"failed to close STD(?:OUT|ERR)|STD(?:OUT|ERR)\b[^\n]{0,40}(?:not|never) closed",
        "A process that the script started in the background keeps the agent's output open.",
        "Start it with: COMMAND > /dev/null 2>&1 < /dev/null &",
        source=_AGENT,
    ),
    clue(
        r"no space left on device|ENOSPC|disk quota exceeded",
        "The instance's disk is full.",
        "Free space or enlarge the volume; the agent keeps old revisions in /opt/codedeploy-agent "
        "(max_revisions in codedeployagent.yml).",
        source=_POSIX,
    ),
    clue(
        r"could not get lock|dpkg frontend lock|lists/lock|is another process using it",
        "Another process holds the package manager's lock.",
        "Wait for it: apt-get -o DPkg::Lock::Timeout=300 install …",
        source=_TOOLS,
    ),
    clue(
        r"allowed memory size of \d{1,20} bytes",
        "PHP reached its own memory limit.",
        "Raise memory_limit for the command: php -d memory_limit=-1 …",
        source=_TOOLS,
    ),
    clue(
        r"out of memory|cannot allocate memory|heap out of memory|oom-?kill|\bENOMEM\b|exit code 137\b"
        r"|MemoryError|\bKilled$",
        "The script was killed, or stopped, for lack of memory: the instance ran out of memory.",
        "Use a larger instance, add swap, or build before packaging rather than on the instance.",
        source=_POSIX,
    ),
    clue(
        r"no basic auth credentials|pull access denied|authorization token has expired",
        "Docker is not logged in to the registry that it pulls from.",
        "Log in within the hook: aws ecr get-login-password | docker login …; the instance profile needs "
        "ecr:GetAuthorizationToken and the repository's read actions.",
        source="Docker and Amazon ECR, error messages",
    ),
    clue(
        r"container name[^\n]{0,200}already in use|name is already in use by container",
        "A container of that name is still there.",
        "Remove it in ApplicationStop or BeforeInstall: docker rm -f NAME.",
        source="Docker, error messages",
    ),
    clue(
        r"address already in use|EADDRINUSE|port \d{1,5} is (?:already )?(?:in use|allocated)"
        r"|port is already allocated",
        "The port is still taken, most often by the previous version.",
        "Stop it in ApplicationStop or BeforeInstall, and wait until it has gone.",
        source=_POSIX,
    ),
    clue(
        r"permission denied \([^\n)]{0,100}publickey|could not read from remote repository"
        r"|host key verification failed",
        "The instance's user has no key for the Git repository that the script fetches from.",
        "Install dependencies before packaging, so that the instance needs none, or give it a deploy key.",
        source="OpenSSH and Git, error messages",
    ),
    clue(
        r"(?:composer|package)\.json[^\n]{0,200}/(?:opt/codedeploy-agent|codedeploy)"
        r"|(?:could not find|ENOENT|no such file)[^\n]{0,200}(?:/opt/codedeploy-agent/?(?!deploy)"
        r"|['\" ]/(?:package|composer)\.json)",
        "The command ran outside of the bundle.",
        _NOT_IN_BUNDLE,
        source=_TOOLS,
    ),
    clue(
        r"could not find a composer\.json|getcwd: cannot access parent|npm (?:err!|error)[^\n]{0,80}ENOENT"
        r"|uv_cwd|no configuration file provided|no makefile found|manage\.py': \[Errno 2",
        "The command did not start in a folder of the application that is still there.",
        _NOT_IN_BUNDLE,
        source=_TOOLS,
    ),
    clue(
        r"cannot (?:create|stat|access|open|change)[^\n]{0,300}No such file or directory"
        r"|(?:^|\s)cd: (?:[^\n]{0,300}): No such file",
        "A file or a folder that the script uses does not exist on the instance.",
        "Create the folder first (mkdir -p), and check the path.",
        source="GNU coreutils, error messages",
    ),
    clue(
        _WORD + r"(?P<command>[\w./+-]{1,200}): (?:command )?not found",
        "A command that the script calls is not there: {command}.",
        _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"(?:line \d{1,9}|env|bash|sh|sudo): ['\"\u2018]?(?P<command>[\w./+-]{1,200})['\"\u2019]?: "
        r"No such file or directory",
        "A command that the script calls is not there: {command}.",
        _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"'?(?P<command>[\w./+-]{1,200})'? is not recognized as",
        "A command that the script calls is not there: {command}.",
        "Use full paths, or install the command in BeforeInstall.",
        source="cmd.exe and PowerShell, error messages",
    ),
    clue(
        r"EACCES|permission denied|operation not permitted",
        "The user that runs the script lacks a permission, or the file is not executable.",
        "Check runas in the AppSpec, the owner and mode in permissions, and noexec mounts.",
        source=_POSIX,
    ),
    clue(
        r"(?:no module named|cannot find module)[:\s]{1,5}['\"]?(?P<module>[\w./@-]{1,200})",
        "The application's dependency {module} is not in the revision.",
        "Install dependencies before packaging, or in AfterInstall; check what exclude leaves out.",
        source="Python and Node.js, error messages",
    ),
    clue(
        r"(?:invalid user: \W{0,2}|user )(?P<user>[\w.-]{1,100})(?: does not exist|\W{0,2}$)"
        r"|no such user\W{0,3}(?P<other>[\w.-]{0,100})",
        "The user {user}{other} does not exist on the instance.",
        "Create it in BeforeInstall, or correct runas and owner in the AppSpec.",
        source="su and chown, error messages",
    ),
    clue(
        r"unit (?P<unit>\S{1,200}) (?:could not be found|not found)"
        r"|failed to (?:re)?start (?P<other>\S{1,200})\.service",
        "The systemd unit {unit}{other} is missing or does not start.",
        "Look at: systemctl status and journalctl -u on the instance; run systemctl daemon-reload after "
        "installing a unit.",
        source="systemctl, error messages",
    ),
    clue(
        r"connection refused|ECONNREFUSED|failed to connect to",
        "Nothing listens where the script connects to: the application is not up, or not yet.",
        "Let the check try again for a while before it gives up, and look at the application's own log.",
        source=_POSIX,
    ),
    clue(
        r"could not resolve host|temporary failure in name resolution|EAI_AGAIN|connection timed out"
        r"|network is unreachable|ETIMEDOUT|execution expired|getaddrinfo|failed to open tcp",
        "The instance cannot reach the network.",
        "Check its route, NAT, security group and DNS.",
        source=_POSIX,
    ),
    clue(
        r"a (?:terminal|password) is required|no tty present",
        "sudo asks for a password, which nobody can type.",
        "Hooks run as root unless runas says otherwise: leave sudo out.",
        source="sudo, error messages",
    ),
    clue(
        r"syntax error|unexpected end of file",
        "The script has a syntax error.",
        "Run bash -n on it (or shellcheck) before deploying.",
        source=_SHELL,
    ),
    clue(
        r"exit code 127\b",
        "A command that the script calls is not there.",
        _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"exit code 126\b",
        "A file that the script calls is not executable.",
        "Check its mode in permissions, its owner, and noexec mounts.",
        source=_SHELL,
    ),
    clue(
        r"exit code (?:143|139|134)\b|exit code\s{0,5}$",
        "A signal ended the script: it was killed, crashed, or the machine ran out of memory.",
        "Look at dmesg and journalctl on the instance, and whether the script stops itself.",
        source=_AGENT,
    ),
)
"""Clues to search for in a script's log, the most certain first."""
