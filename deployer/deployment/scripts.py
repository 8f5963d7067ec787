"""Messages of shells, the system and the agent about a script that fails, with their causes.

Three tables, since they are searched in different texts: the agent's message on how a script ended, the
script's log, and the exit code, which says least.
"""

from __future__ import annotations

from deployer.deployment.causes import Place
from deployer.deployment.clues import clue

_SHELL = "bash and dash, their messages"
_AGENT = "aws-codedeploy-agent, lib/instance_agent/plugins/codedeploy/hook_executor.rb"
_POSIX = "POSIX errno texts"
_TOOLS = "the tools' own messages"
_VENV = "Python's documentation of venv; bash and dash, their messages"
_CHECKS = "scripts for ValidateService in public repositories"

_NO_PATH = (
    "The agent runs hooks with a minimal PATH and no login profile: use full paths or set PATH, or install "
    "the command in BeforeInstall."
)
_NOT_IN_BUNDLE = (
    'Begin the script with cd "$(dirname "$0")/..": hooks start in the agent\'s folder, not in the bundle.'
)
_NOT_THERE = (
    "Install it, or check that `files` in the AppSpec or an earlier hook puts it there; a relative path "
    "begins in the agent's folder, not in the bundle."
)
_ENOENT = r"No such file or directory"
_IN_VENV = (
    r"(?:(?:\bv?env|virtualenvs?)/[\w./+-]{0,60}?\bbin/[\w.+-]{1,40}"
    r"|(?<=\w)(?<!/usr)(?<!/usr/local)(?<!\.local)/bin/(?:pip|gunicorn|uvicorn|celery|flask|alembic)[\d.]{0,6})"
)
"""A command of a Python virtual environment."""

ENDING_CLUES = (
    clue(
        r"failed to close STD(?:OUT|ERR)|STD(?:OUT|ERR)\b[^\n]{0,40}(?:not|never) closed",
        "A process that the script started in the background keeps the agent's output open.",
        "Start it with: COMMAND > /dev/null 2>&1 < /dev/null &",
        source=_AGENT,
    ),
    clue(
        r"No such file or directory - [^\n]{0,400}",
        "The script has Windows line endings, or its first line names an interpreter that does not exist.",
        'Convert it to LF, and add this line to .gitattributes: "*.sh text eol=lf".',
        source=_AGENT,
    ),
    clue(
        r"Exec format error|ENOEXEC",
        "The script does not begin with #!, or is a program for another type of machine.",
        "Begin it with a line such as #!/bin/bash, or build the program for the instance's architecture.",
        source=_AGENT,
        place=Place.SCRIPT,
    ),
    clue(
        r"EACCES|EPERM",
        "The agent may not run the script: the user of runas cannot reach it, or its folder is on a "
        "noexec mount.",
        "Check runas in the AppSpec, and the mount that holds /opt/codedeploy-agent.",
        source=_AGENT,
    ),
    clue(
        r"ENOMEM|NoMemoryError",
        "The script could not be started for lack of memory: the instance ran out of memory.",
        "Use a larger instance, add swap, or stop what uses the memory.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"invalid byte sequence in UTF-8|UndefinedConversionError|incompatible character encodings"
        r"|InvalidByteSequenceError",
        "The script prints bytes that are not UTF-8, which makes the agent fail.",
        "Make it print only UTF-8, or redirect its output to a file.",
        source=_AGENT,
    ),
)
"""Clues in the agent's message about a script that did not simply end with an exit code."""

COMMAND_CLUES = (
    clue(
        r"(?<![\w./~+-])(?P<tool>[\w./~+-]{0,100}?" + _IN_VENV + r")['\"\u2019]?"
        r": (?-i:cannot execute: required file not found|not found|" + _ENOENT + r")"
        r"|(?<!\S)(?P<interpreter>(?!/(?:usr/(?:local/)?)?bin/)/[\w./@+-]{1,300}/bin/(?:python|pypy)[\d.]{0,6})"
        r": bad interpreter: " + _ENOENT,
        "{tool}{interpreter} is missing, or the Python that it stands for: a virtual environment works only "
        "where it was created.",
        "Do not package it. Create it in AfterInstall, and name it by its full path: python3 -m venv FOLDER "
        "&& FOLDER/bin/pip install -r requirements.txt.",
        source=_VENV,
    ),
    clue(
        r"(?P<interpreter>/[\w./@+-]{1,300}): bad interpreter: " + _ENOENT,
        "The first line of a script names {interpreter}, which does not exist on the instance.",
        "Install it in BeforeInstall or in the image, or name another, such as #!/usr/bin/env python3.",
        source=_SHELL,
    ),
    clue(
        r"(?<!\S)(?P<file>[\w./~+-]{1,300}): cannot execute: required file not found"
        r"|No such file or directory - (?P<path>[^\n]{0,300}\.(?:sh|bash|py|rb|pl))\b",
        "The first line of {file}{path} names an interpreter that does not exist on the instance, or the "
        "file has Windows line endings.",
        'Install the interpreter, or convert the file to LF, and add this line to .gitattributes: "*.sh text '
        'eol=lf".',
        source=_SHELL,
    ),
    clue(
        r"line \d{1,9}: (?P<first>source|\[\[|function|declare|local|shopt|pushd|let): not found"
        r"|: \d{1,9}: (?P<builtin>source|\[\[|function|declare|shopt|pushd|let): not found"
        r"|illegal option -o pipefail|\d: bad substitution|\d: Syntax error: (?:\"\(\""
        r"|redirection) unexpected",
        "The script is written for bash, but runs under sh.",
        "Begin it with #!/bin/bash.",
        source=_SHELL,
    ),
    clue(
        r"bundler: command not found: (?P<gem>\S{1,200})|can't find gem (?!bundler\b)(?P<other>\S{1,200})",
        "The application's dependency {gem}{other} is not on the instance.",
        "Run bundle install before, with the same user and version of Ruby, or package vendor/bundle.",
        source="Bundler and RubyGems, error messages",
    ),
    clue(
        r"(?<!\S)(?P<command>yum|dnf|apt|apt-get|apk|amazon-linux-extras): (?-i:(?:command )?not found)",
        "The script installs packages with {command}, but the instance's system has another package manager.",
        "Use that of the system: dnf on Amazon Linux 2023, yum on Amazon Linux 2, apt-get on Ubuntu and "
        "Debian.",
        source=_SHELL,
    ),
    clue(
        r"(?:^|\n)sh: (?:(?:line )?\d{1,9}: )?(?P<command>[\w.-]{1,100}): (?-i:(?:command )?not found)",
        "A command that the script calls was not found: {command}.",
        "If package.json calls it, its package is not installed here: devDependencies are left out in "
        "production. " + _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"(?<!\S)(?P<command>[a-z]\w{0,80}_\w{1,80}): (?-i:command not found)",
        "A command or function that the script calls was not found: {command}.",
        "If it is a function, load the file that defines it by its full path: "
        'source "$(dirname "$0")/FILE". ' + _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"(?<!\S)(?P<command>[\w.~+-]{0,100}/[\w./+-]{1,200}): (?-i:(?:command )?not found)"
        r"(?=[.\s]*(?:\n|$))",
        "{command} does not exist on the instance, or the interpreter in its first line does not.",
        _NOT_THERE,
        source=_SHELL,
    ),
    clue(
        r"(?<!\S)(?P<command>(?!\d+:)[\w./+-]{1,200}): (?-i:(?:command )?not found)(?=[.\s]*(?:\n|$))"
        r"|command not found: (?P<zsh>[\w./+-]{1,200})",
        "A command that the script calls was not found: {command}{zsh}.",
        _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"(?:env|sudo|exec|nohup|xargs|nice|timeout): (?:failed to run command |unable to execute )?"
        r"['\"\u2018]?(?P<command>[\w.~+-]{0,100}/[\w./+-]{1,200})['\"\u2019]?: " + _ENOENT,
        "{command} does not exist on the instance, or the interpreter in its first line does not.",
        _NOT_THERE,
        source=_SHELL,
    ),
    clue(
        r"(?:env|sudo|exec|nohup|xargs|nice|timeout): (?:failed to run command |unable to execute )?"
        r"['\"\u2018]?(?P<command>[\w./+-]{1,200})['\"\u2019]?: " + _ENOENT,
        "A command that the script calls was not found: {command}.",
        _NO_PATH,
        source=_SHELL,
    ),
    clue(
        r"(?:line \d{1,9}|bash|sh): (?:\d{1,9}: )?(?P<command>/[\w./+-]{1,200}): " + _ENOENT,
        "A command or file that the script uses was not found: {command}.",
        "Install it in BeforeInstall, or check the path: hooks start without a login profile.",
        source=_SHELL,
    ),
    clue(
        r"(?:line \d{1,9}|bash|sh): (?:\d{1,9}: )?(?P<command>[\w.+-][\w./+-]{0,200}): " + _ENOENT,
        "A command or file that the script uses was not found: {command}.",
        _NOT_IN_BUNDLE,
        source=_SHELL,
    ),
)
"""Clues that a command is missing."""

LOG_CLUES = (
    clue(
        r"\^M|\$'[^'\n]{0,80}\\r'|\r['\u2019]?: (?:command )?not found|\\r['\u2019]?: (?:command )?not found"
        r"|set: illegal option -\s*(?:\n|$)|[\r\\]r?: invalid option|\binvalid option -\\r"
        r"|set: (?:pipefail)?:? ?invalid option name|\r['\u2019]?: No such file"
        r"|\\r['\u2019]?: No such file|\$'\\r'",
        "The script has Windows line endings.",
        'Convert it to LF, and add this line to .gitattributes: "*.sh text eol=lf".',
        source=_SHELL,
    ),
    clue(
        r"cannot execute binary file|Exec format error|wrong ELF class|Bad CPU type",
        "A program that the script calls is for another type of machine, or is not a program.",
        "Build it for the instance's architecture (x86-64 or arm64); a script must begin with #!.",
        source=_POSIX,
    ),
    clue(
        r"no space left|ENOSPC|disk quota exceeded|not enough (?:free )?(?:disk )?space (?:on|in)\b"
        r"|not enough (?:free )?disk space|insufficient disk space",
        "The instance's disk is full.",
        "Free space or enlarge the volume; the agent keeps old revisions in /opt/codedeploy-agent "
        "(max_revisions in codedeployagent.yml).",
        source=_POSIX,
    ),
    clue(
        r"fork: (?:retry: )?[^\n]{0,40}resource temporarily unavailable|can't start new thread"
        r"|unable to create (?:new )?native thread|pthread_create failed",
        "No further process or thread can be started: the user's limit is reached, or memory is short.",
        "Raise the limit (ulimit -u, TasksMax), and look for processes that earlier deployments left "
        "running.",
        source=_POSIX,
    ),
    clue(
        r"heap out of memory|Java heap space|GC overhead limit|OutOfMemoryError: Metaspace",
        "The program ran out of memory: its heap reached the limit that it was started with.",
        "Raise that (NODE_OPTIONS=--max-old-space-size=…, -Xmx) as far as the instance has memory, use a "
        "larger instance, or build before packaging.",
        source=_TOOLS,
    ),
    clue(
        r"out of memory|cannot allocate memory|error='Not enough space'|commit_memory|oom-?kill"
        r"|\bENOMEM\b|MemoryError|\bKilled\b(?: {2,40}\S|$)"
        r"|signal: killed|SIGKILL|insufficient memory|OutOfMemoryError|exit(?: code| status)?:? 137\b",
        "The script was killed, or stopped, for lack of memory: the instance ran out of memory.",
        "Use a larger instance, add swap, or build before packaging rather than on the instance.",
        source=_POSIX,
    ),
    clue(
        r"segmentation fault|core dumped|illegal instruction|bus error",
        "A program that the script calls crashed.",
        "Run it by hand on an instance; an illegal instruction means that it was built for another "
        "processor.",
        source=_POSIX,
    ),
    clue(
        r"(?:composer|package)\.json[^\n]{0,200}/(?:opt/codedeploy-agent|codedeploy)"
        r"|(?:could not|cannot|can't|couldn't) find[^\n]{0,200}/opt/codedeploy-agent/?(?!deploy)"
        r"|(?:not found|ENOENT|no such file|can't open file)[^\n]{0,200}/opt/codedeploy-agent/?(?!deploy)"
        r"|(?:ENOENT|no such file)[^\n]{0,200}['\" ]/(?:package|composer)\.json"
        r"|\(/opt/codedeploy-agent\)|in (?:the )?['\"]?/opt/codedeploy-agent\b(?!/deploy)",
        "The command ran outside the bundle.",
        _NOT_IN_BUNDLE,
        source=_TOOLS,
    ),
    clue(
        r"(?:unable to access jarfile|script not found:|could not open input file:|cannot find module"
        r"|can't open file|no such file or directory, open"
        r"|could not open requirements file: \[Errno 2\] No such file or directory:) ?['\"]?"
        r"(?P<path>/(?!opt/codedeploy-agent)[^\s'\":]{1,300})",
        "{path} does not exist on the instance.",
        "Check that `files` in the AppSpec puts it there, and what exclude and .codedeployignore leave out.",
        source=_TOOLS,
    ),
    clue(
        r"could not find a composer\.json|getcwd: cannot access parent|npm (?:err!|error)[^\n]{0,80}ENOENT"
        r"|uv_cwd|no configuration file provided|suitable configuration file|no makefile found"
        r"|\.py': \[Errno 2|could not open input file|could not open requirements file"
        r"|could not locate gemfile"
        r"|unable to access jarfile|no POM in this directory|\[PM2\]\[ERROR\] (?:file"
        r"|script)[^\n]{0,300}not found"
        r"|couldn't find a package\.json|no such file or directory, open '(?:package|composer)\.json"
        r"|does not contain a Gradle build|no rule to make target|job-working-directory",
        "The command ran in a folder that does not belong to the application or no longer exists.",
        _NOT_IN_BUNDLE,
        source=_TOOLS,
    ),
)
"""Clues to search for first in a script's log, the most certain first."""

FILE_CLUES = (
    clue(
        r"(?:cannot (?:create|touch|move|make)|failed to create symbolic link)[^\n]{0,300}"
        + _ENOENT
        + r"|mkdir \W[^\n]{1,300} failed: "
        + _ENOENT
        + r"|(?:^|\s)cd: [^\n]{0,300}: No such file|can't cd to|failed to access [^\n]{0,300}"
        + _ENOENT,
        "A file or a folder that the script uses does not exist on the instance.",
        "Create the folder first (mkdir -p), and check the path.",
        source="GNU coreutils and dash, error messages",
    ),
    clue(
        r"cannot (?:stat|access|open|change|remove) \W?(?P<path>[^\n'\"\u2019]{1,300})\W?: " + _ENOENT,
        "{path} does not exist on the instance.",
        "Check the path, and that `files` in the AppSpec or an earlier hook puts it there. A command that "
        "may find nothing has to accept that: rm -f, or || true.",
        source="GNU coreutils and dash, error messages",
    ),
    clue(
        r"(?:\d{1,9}|\b(?:ba)?sh): (?P<file>[\w./+-]{1,200}): permission denied",
        "{file} is not executable, or the user that runs the script may not reach it.",
        "Set its mode before packaging (git update-index --chmod=+x), or call it by its interpreter (bash "
        "FILE); check runas, the owner and mode in permissions, and noexec mounts.",
        source=_SHELL,
    ),
    clue(
        r"(?:EACCES|EPERM): [^\n']{1,60}, \w{1,20} '(?P<path>[^'\n]{1,300})'",
        "The user that runs the script lacks a permission for {path}.",
        "Check runas in the AppSpec, and the owner and mode in permissions: what an earlier hook created as "
        "root, another user may not change.",
        source="Node.js and npm, error messages",
    ),
    clue(
        r"must be (?:present and )?writable|is not writable|EACCES|EPERM\b|permission denied"
        r"|operation not permitted|must be (?:run as )?root|are you root"
        r"|superuser privileges",
        "The user that runs the script lacks a permission, or the file is not executable.",
        "Check runas in the AppSpec, the owner and mode in permissions, and noexec mounts.",
        source=_POSIX,
    ),
    clue(
        r"invalid user: \W{0,2}(?P<user>[\w.:-]{1,100})|\buser \W{0,2}(?P<name>[\w.-]{1,100})\W{1,3}"
        r"(?:does not exist|unknown)|\bid: \W{0,2}(?P<id>[\w.-]{1,100})\W{1,3}no such user"
        r"|no such user\W{0,3}(?P<other>[\w.-]{0,100})|unknown user:? (?P<unknown>[\w.-]{1,100})",
        "The user {user}{name}{id}{other}{unknown} does not exist on the instance.",
        "Create it in BeforeInstall, or correct runas and owner in the AppSpec.",
        source="su, id and chown, error messages",
    ),
    clue(
        r"invalid group: \W{0,2}(?P<group>[\w.:-]{1,100})"
        r"|(?<!security )(?<!target )\bgroup \W{0,2}(?P<name>[\w.-]{1,100})\W{1,3}"
        r"does not exist",
        "The group {group}{name} does not exist on the instance.",
        "Create it in BeforeInstall, or correct group in the AppSpec.",
        source="chgrp and usermod, error messages",
    ),
    clue(
        r"(?:user|group) '?(?P<name>\S{1,100}?)'? already exists",
        "{name} exists already on the instance, from an earlier deployment or its image.",
        "Create it only if it is missing: id -u NAME || useradd NAME; getent group NAME || groupadd NAME.",
        source="useradd and groupadd, error messages",
    ),
    clue(
        r"account is currently not available|authentication failure|cannot open session|user not known to",
        "The user of runas may not log in: it has no shell, or su refuses it.",
        "Name a user with a shell as runas, or run the hook as root and switch with sudo -u in it.",
        source="su and nologin, error messages",
    ),
    clue(
        r"a (?:terminal|password) is required|no tty present|must have a tty|not in the sudoers file",
        "sudo asks for a password, which nobody can type, or does not let this user act.",
        "Hooks run as root unless runas says otherwise: leave sudo out.",
        source="sudo, error messages",
    ),
    clue(
        r"\b(?P<name>[A-Za-z_]\w{0,100}): unbound variable|\b(?P<other>[A-Z_]{2,100}):? (?:is )?not set\b"
        r"|\b(?P<dash>[A-Za-z_]\w{0,100}): parameter not set"
        r"|\b(?P<env>(?-i:[A-Z][A-Z_]{2,60})) environment variable|KeyError: '(?P<python>[A-Z][A-Z_]{2,60})'"
        r"|environment variable:? ['\"]?(?P<after>(?-i:[A-Z][A-Z0-9_]{2,60}))\b"
        r"|\b(?P<must>(?-i:[A-Z][A-Z0-9]{1,40}(?:_[A-Z0-9]{1,40}){1,6}))\b[^\n]{0,20} (?:was |is |must )"
        r"(?:not (?:be )?(?:defined|set|empty|provided|found)|undefined|required|missing|empty)",
        "The variable {name}{other}{dash}{env}{python}{after}{must} has no value in the hook.",
        "Set it in the script or read it from a file: hooks do not see variables of a login shell or the CI "
        "job, only DEPLOYMENT_ID, LIFECYCLE_EVENT and similar ones.",
        source=_SHELL,
    ),
    clue(
        r"169\.254\.169\.254",
        "The hook cannot reach the instance's metadata service.",
        "Check that it is enabled; IMDSv2 asks for a token first, and from a container for a hop limit of 2.",
        source="Amazon EC2 user guide, instance metadata",
    ),
    clue(
        r"not in gzip format|not look like a tar|end-of-central-directory|unexpected end of archive",
        "An archive that the script unpacks is truncated or of another type, often an error page instead "
        "of a file.",
        "Look at its first lines, and let curl fail on errors: curl --fail --location.",
        source="tar, gzip and unzip, error messages",
    ),
    clue(
        r"wrong version number|unknown protocol[^\n]{0,40}(?:ssl|tls)|plain HTTP request was sent to HTTPS",
        "The script speaks HTTPS to a port that serves plain HTTP, or the other way round.",
        "Correct the URL's scheme or port; behind a load balancer the instance often serves plain HTTP.",
        source="OpenSSL and curl, error messages",
    ),
    clue(
        r"could not resolve host|unable to resolve host|temporary failure in name resolution|EAI_AGAIN"
        r"|connection timed out"
        r"|network is unreachable|ETIMEDOUT|execution expired|getaddrinfo|failed to open tcp|no route to host"
        r"|temporary failure resolving|name or service not known|could not connect to the endpoint"
        r"|i/o timeout|TLS handshake timeout|connect timeout|\bENOTFOUND\b|ESOCKETTIMEDOUT|no such host"
        r"|awaiting headers|(?:RPC failed|early EOF)|name resolution"
        r"|remote name could not be resolved",
        "The instance cannot reach the network.",
        "Check its route, NAT, security group and DNS.",
        source=_POSIX,
    ),
    clue(
        r"operation timed out|read timed out|request timed out|SocketTimeoutException|deadline exceeded",
        "A server that the script calls does not answer in time.",
        "If it is the application, it may need longer to start: retry the check for a while, and look at "
        "its own log. If it is another host, check the instance's route and security groups.",
        source=_POSIX,
    ),
    clue(
        r"ConnectException: Connection refused"
        r"|ECONNREFUSED [^\s]{1,100}:(?:1433|3306|5432|5672|6379|9092|9200|11211|27017)\b"
        r"|(?:redis|amqp|mongo|kafka)[^\n]{0,200}connection refused",
        "The application cannot connect to a server that it needs: nothing is listening there.",
        "Its log names the server (database, cache, queue): check host and port in the application's "
        "settings on the instance, and that the server runs.",
        source="Java, Node.js and Redis, error messages",
    ),
    clue(
        r"connection refused|ECONNREFUSED|failed to connect to|empty reply from server"
        r"|connection reset by peer|could not connect to server|actively refused it"
        r"|unable to connect to the remote server",
        "Nothing is listening where the script connects: the application is not running, or not yet.",
        "Retry the check for a while before giving up, and look at the application's own log.",
        source=_POSIX,
    ),
    clue(
        r"file exists$|resource busy|text file busy|directory not empty",
        "The path is taken: by files of an earlier deployment, or by a running process.",
        "Stop the process and remove it in BeforeInstall, or let the command accept it (mkdir -p, ln -sfn).",
        source=_POSIX,
    ),
    clue(
        r"SSL certificate problem|certificate (?:has expired|verify failed)|self[- ]signed certificate"
        r"|unable to (?:get local issuer|verify the first) certificate|CERT_HAS_EXPIRED|UNABLE_TO_(?:GET"
        r"|VERIFY)"
        r"|could not establish trust relationship",
        "A server's certificate is not trusted on the instance, or has expired.",
        "Renew it, or install its certificate authority (update-ca-certificates); check the instance's "
        "clock.",
        source="OpenSSL, error messages",
    ),
    clue(
        r"\[: (?:too many arguments|[^\n]{1,40}: (?:unary operator|binary operator"
        r"|integer expression) expected)",
        "A test of the script gets an empty value, or several words where it needs one.",
        'Quote variables in tests: [ "$NAME" = value ]; hooks do not see variables of a login shell.',
        source=_SHELL,
    ),
    clue(
        r"argument list too long",
        "A command of the script gets more arguments than the system allows, usually from a *.",
        "Let find or xargs call it: find FOLDER -name 'PATTERN' -exec COMMAND {{}} +",
        source=_POSIX,
    ),
    clue(
        r"(?:line |: )\d{1,9}: syntax error|syntax error near|syntax error: unexpected"
        r"|unexpected end of file|unexpected EOF while looking",
        "The script has a syntax error.",
        "Run bash -n on it (or shellcheck) before deploying.",
        source=_SHELL,
    ),
    clue(
        r"\b(?:SyntaxError|ParseError|IndentationError|ParserError)\b|PHP Parse error|syntax error",
        "The code has a syntax error, or is written for a newer version of its language.",
        "Use the instance's version in the CI job.",
        source=_TOOLS,
    ),
    clue(
        r"(?<![\w./~+@-])(?P<path>(?!\d{1,9}:|failed:)[\w./~+@-]{1,300})['\"\u2019]?: (?:cannot open: )?"
        + _ENOENT
        + r"|\"(?P<quoted>[^\"\n]{1,300})\" failed \(2: "
        + _ENOENT
        + r"|"
        + _ENOENT
        + r":? ['\"]?(?P<other>[\w./~+@-]{1,300})"
        r"|cannot find or open (?P<zip>[\w./~+@-]{1,300}?),? ",
        "{path}{quoted}{other}{zip} does not exist on the instance.",
        "Check the path: hooks start in the agent's folder, so relative paths do not point into the bundle.",
        source=_POSIX,
    ),
)
"""Clues to search for in a script's log once no tool explains it, the most certain first."""

EXIT_CLUES = (
    clue(
        r"exit code 127\b",
        "A command that the script calls was not found.",
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
        r"exit code 124\b",
        "A command ran into the time that the script gives it (timeout).",
        "Look for what it waits for, or give it longer.",
        source="GNU coreutils, timeout",
    ),
    clue(
        r"exit code 137\b",
        "The script was killed, or stopped, for lack of memory: the instance ran out of memory.",
        "Use a larger instance, add swap, or build before packaging rather than on the instance.",
        source=_SHELL,
    ),
    clue(
        r"exit code (?:143|139|138|136|135|134|132|131|130|129)\b|exit code\s{0,5}$",
        "A signal terminated the script: it was killed, crashed, or the machine ran out of memory.",
        "Look at dmesg and journalctl on the instance, and whether the script stops itself.",
        source=_AGENT,
    ),
)
"""Clues in the agent's message, for a log that gives nothing away."""

CHECK_CLUES = (
    clue(
        r"health[- ]?checks?[^\n]{0,40}(?:\bfail|실패|timed? ?out|unsuccessful|did not|gave up)"
        r"|(?:\bfail\w{0,4}|could not pass|did not pass)\b[^\n]{0,30} health[- ]?check"
        r"|(?:\bnot|n't|never) (?:become |became |yet )?healthy"
        r"|\b(?:service|deployment) validation failed|\bsmoke tests? failed"
        r"|\b(?:app(?:lication)?|service|server|site|website|api|backend)\b(?: \S{1,60})? "
        r"(?:failed to (?:start|respond|come up)|(?:did not|didn't) (?:start|respond|answer|come up|return)"
        r"|(?:is )?not (?:responding|reachable|ready)\b)"
        r"|\b(?:app(?:lication)?|service|site|website|api|backend) (?:is )?not (?:running|up)\b",
        "The script gave up on the application: it is not running, or did not respond as the script expects.",
        "Look at the application's own log on the instance (journalctl -u NAME, pm2 logs, docker logs), and "
        "let the script print its last lines before it exits; if the application only needs longer, retry "
        "for a while.",
        "AfterInstall",
        "ApplicationStart",
        "ValidateService",
        "BeforeAllowTraffic",
        "AfterAllowTraffic",
        source=_CHECKS,
    ),
)
"""Clues that the script itself found that the application does not work, which says nothing of why."""
