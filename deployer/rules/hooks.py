"""Rules of the section `hooks`, and of the scripts that it names."""

from __future__ import annotations

from deployer.rules import AGENT, AGENT_2, DOCS, LINUX, NOTICE, WARNING, Rule

_GOOD = "hooks:\n  AfterInstall:\n    - location: scripts/start.sh\n      timeout: 300"

UNKNOWN_EVENT = Rule(
    code="appspec-hook-unknown-event",
    message="There is no lifecycle event `{event}` for instances.",
    hint="{advice}",
    bad="hooks:\n  AfterInstal:\n    - location: scripts/start.sh",
    good=_GOOD,
    source=AGENT,
)
RESERVED_EVENT = Rule(
    code="appspec-hook-reserved-event",
    message="The lifecycle event `{event}` cannot run scripts, and the agent refuses it.",
    hint="{advice}",
    bad="hooks:\n  AllowTraffic:\n    - location: scripts/start.sh",
    good="hooks:\n  BeforeAllowTraffic:\n    - location: scripts/start.sh",
    source=AGENT,
)
EVENT_EMPTY = Rule(
    code="appspec-hook-empty-event",
    message="`{event}` is not a lifecycle event that runs scripts. It lists none, so the agent ignores it.",
    hint="Remove the line, or correct the name before you add a script.",
    bad="hooks:\n  AfterInstal:",
    good=_GOOD,
    source=AGENT,
    severity=WARNING,
)
NEVER_RUN = Rule(
    code="appspec-hook-never-run",
    message="The scripts of `{event}` never run: that event belongs to the agent.",
    hint="{advice}",
    bad="hooks:\n  Install:\n    - location: scripts/start.sh",
    good=_GOOD,
    source=AGENT,
    severity=WARNING,
)
ITEM_TYPE = Rule(
    code="appspec-hook-item-type",
    message="A script of `{event}` is {kind} where the agent expects `location`.",
    hint="Write `- location: scripts/start.sh`.",
    bad="hooks:\n  AfterInstall:\n    - scripts/start.sh",
    good=_GOOD,
    source=AGENT,
)
NO_LOCATION = Rule(
    code="appspec-hook-no-location",
    message="A script of `{event}` has no location.",
    hint="Add `location:` with the script's path in the bundle.",
    bad="hooks:\n  AfterInstall:\n    - timeout: 300",
    good=_GOOD,
    source=AGENT,
)
TIMEOUT = Rule(
    code="appspec-hook-timeout",
    message="The timeout {text} is not a positive number of seconds.",
    hint="Write whole seconds: `timeout: 300` (without it a script has 3600).",
    bad="timeout: 0",
    good="timeout: 300",
    source=AGENT,
)
TIMEOUT_INTEGER = Rule(
    code="appspec-hook-timeout-integer",
    message="The timeout {text} is taken as {seconds} seconds by agents 1.x; agents 2.x want a whole number.",
    hint="Write whole seconds, without quotes or unit: `timeout: {seconds}`.",
    bad="timeout: 5m",
    good="timeout: 300",
    source=f"{AGENT}, {AGENT_2}",
    severity=WARNING,
)
TIMEOUT_SUM = Rule(
    code="appspec-hook-timeout-sum",
    message="The timeouts of `{event}` add up to {total} seconds; an event has 3600.",
    hint="Lower the timeouts, or move a script to another event.",
    bad="AfterInstall:\n  - location: a.sh\n    timeout: 3600\n  - location: b.sh\n    timeout: 3600",
    good="AfterInstall:\n  - location: a.sh\n    timeout: 1800\n  - location: b.sh\n    timeout: 1800",
    source=DOCS,
    severity=WARNING,
)
RUNAS = Rule(
    code="appspec-hook-runas",
    message="`runas: {text}` is not the name of a user.",
    hint="Write a user name that exists on the instances, or remove the key.",
    bad="runas: 1000",
    good="runas: deploy",
    source=f"{LINUX}, su",
)
RUNAS_OPTION = Rule(
    code="appspec-hook-runas-option",
    message="`runas: {text}` is an option of su: the script runs as root.",
    hint="Write a user name, or remove the key.",
    bad="runas: -l",
    good="runas: deploy",
    source=f"{AGENT}, su",
    severity=WARNING,
)
RUNAS_EMPTY = Rule(
    code="appspec-hook-runas-empty",
    message="`runas` is empty: the script runs as root.",
    hint="Write a user name, or remove the key.",
    bad='runas: ""',
    good="runas: deploy",
    source=AGENT,
    severity=WARNING,
)
RUNAS_WINDOWS = Rule(
    code="appspec-hook-runas-windows",
    message="`{key}` is ignored on Windows Server: the script runs as the agent's user.",
    hint="Remove the key; change users inside the script.",
    bad="os: windows\nhooks:\n  AfterInstall:\n    - location: start.ps1\n      runas: deploy",
    good="os: windows\nhooks:\n  AfterInstall:\n    - location: start.ps1",
    source=AGENT,
    severity=WARNING,
)
MISSING_SCRIPT = Rule(
    code="appspec-hook-missing-script",
    message="The script {location} of `{event}` is not in the bundle.",
    hint="{advice}",
    bad="AfterInstall:\n  - location: scripts/Start.sh   # the file is called start.sh",
    good="AfterInstall:\n  - location: scripts/start.sh",
    source=AGENT,
)
EXCLUDED_SCRIPT = Rule(
    code="appspec-hook-excluded-script",
    message="The script {location} of `{event}` (line {line} of the AppSpec) is kept out of the "
    "bundle by the pattern `{pattern}`{place}.",
    hint="{advice}",
    bad="# .codedeployignore\nscripts/",
    good="# .codedeployignore\nscripts/dev/",
    source="this tool (exclusion patterns)",
)
FOLDER = Rule(
    code="appspec-hook-folder",
    message="The location {location} of `{event}` is a folder.",
    hint="Name the script in it.{advice}",
    bad="AfterInstall:\n  - location: scripts",
    good="AfterInstall:\n  - location: scripts/start.sh",
    source=AGENT,
)
OUTSIDE = Rule(
    code="appspec-hook-outside",
    message="The location {location} of `{event}` leaves the bundle.",
    hint="Put the script into the bundle and name it relative to its root.",
    bad="location: ../../usr/bin/true",
    good="location: scripts/true.sh",
    source=f"{AGENT} (1.x runs whatever lies there), {AGENT_2} (rejects it)",
)
LINK_OUTSIDE = Rule(
    code="appspec-hook-link-outside",
    message="The script {location} of `{event}` is a link to {target}, which is not in the bundle.",
    hint="Put the script itself into the bundle, or make sure that it exists on each instance.",
    bad="scripts/start.sh -> /opt/tools/start.sh",
    good="scripts/start.sh -> common/start.sh",
    source=AGENT,
    severity=WARNING,
)
ARGUMENTS = Rule(
    code="appspec-hook-arguments",
    message="The location {location!r} of `{event}` has arguments; a location is a path and nothing else.",
    hint="Write a script that calls {script} with its arguments.",
    bad="location: scripts/start.sh --fast",
    good="location: scripts/start-fast.sh",
    source=AGENT,
)
SHELL_CHARACTERS = Rule(
    code="appspec-hook-shell-characters",
    message="The location {location!r} of `{event}` contains {characters}, which the shell splits or "
    "interprets.",
    hint="Rename the script to letters, digits, `.`, `-` and `_`.",
    bad="location: scripts/my start.sh",
    good="location: scripts/my-start.sh",
    source=AGENT,
)
NOT_EXECUTABLE = Rule(
    code="hook-not-executable",
    message="{scripts} not executable; the agent changes that itself, with a warning in its log.",
    hint="To avoid the warning, run `git update-index --chmod=+x {names}` and commit.",
    bad="-rw-r--r-- scripts/start.sh",
    good="-rwxr-xr-x scripts/start.sh",
    source=AGENT,
    severity=NOTICE,
)
RUNAS_MODE = Rule(
    code="hook-runas-mode",
    message="{script} runs as {user}, who may not read and execute {path} (mode {mode:04o}).",
    hint="Give it mode 0755: `chmod 0755 {path}` before packaging.",
    bad="-rwxr--r-- scripts/start.sh   # runas: deploy",
    good="-rwxr-xr-x scripts/start.sh",
    source=f"{AGENT}, {LINUX}",
)
NO_SHEBANG = Rule(
    code="hook-no-shebang",
    message="{script} does not start with `#!` and an interpreter: /bin/sh runs it (with `runas`, the user's "
    "login shell), whatever it is written in.",
    hint="Make `#!/bin/bash` (or its interpreter) the very first line.",
    bad="set -e\n./start",
    good="#!/bin/bash\nset -e\n./start",
    source=LINUX,
    severity=WARNING,
)
CRLF_SHEBANG = Rule(
    code="hook-crlf-shebang",
    message="The first line of {script} ends with CRLF: Linux looks for an interpreter of that name "
    "and finds none.",
    hint="Save it with LF, and keep it so with `*.sh text eol=lf` in .gitattributes.",
    bad="#!/bin/sh\\r\\n",
    good="#!/bin/sh\\n",
    source=f"{AGENT}, {LINUX}",
)
CRLF = Rule(
    code="hook-crlf",
    message="Line {line} of {script} ends with CRLF; a shell takes the carriage return as part of the "
    "last word.",
    hint="Save it with LF, and keep it so with `*.sh text eol=lf` in .gitattributes.",
    bad="#!/bin/sh\\n./start\\r\\n",
    good="#!/bin/sh\\n./start\\n",
    source=LINUX,
    severity=WARNING,
)
CRLF_SYNTAX = Rule(
    code="hook-crlf-syntax",
    message="Lines of {script} end with CRLF (the first is line {line}). With a carriage return, a shell "
    "does not recognize `then`, `do` or `done`, nor sh an option of `set`, so the script ends with an error.",
    hint="Save it with LF, and keep it so with `*.sh text eol=lf` in .gitattributes.",
    bad="#!/bin/sh\\n\nif test -e app; then\\r\\n",
    good="#!/bin/sh\\n\nif test -e app; then\\n",
    source="bash and dash (`-n`)",
)
SYNTAX = Rule(
    code="hook-syntax",
    message="{script} ends with an error at line {line}, as {shell} cannot parse it: {reason}.",
    hint="Correct the line; `{shell} -n {script}` checks it.",
    bad="#!/bin/bash\nif test -e app; then\n  ./stop\ndone",
    good="#!/bin/bash\nif test -e app; then\n  ./stop\nfi",
    source="bash and dash (`-n`: the script is parsed, not run)",
)
ONLY_BASH = Rule(
    code="hook-only-bash",
    message="Line {line} of {script} uses {what}, which only bash understands; /bin/sh is another shell on "
    "Debian and Ubuntu.",
    hint="Make the first line `#!/bin/bash`.",
    bad="#!/bin/sh\nif [[ -e app ]]; then ./stop; fi",
    good="#!/bin/bash\nif [[ -e app ]]; then ./stop; fi",
    source="dash, POSIX (Shell Command Language)",
    severity=WARNING,
)
BYTE_ORDER_MARK = Rule(
    code="hook-byte-order-mark",
    message="{script} starts with a byte order mark, so its `#!` line is not seen: /bin/sh runs the script "
    "(with `runas`, the user's login shell), and takes that line for a command, which does not exist.",
    hint="Save it as UTF-8 without BOM.",
    bad="\\ufeff#!/bin/bash",
    good="#!/bin/bash",
    source=LINUX,
    severity=WARNING,
)
UTF_16 = Rule(
    code="hook-utf-16",
    message="{script} is UTF-16, which /bin/sh refuses as a binary file on Amazon Linux and Red Hat; on "
    "Debian and Ubuntu it does not understand the first line.",
    hint="Save it as UTF-8 with LF, without BOM.",
    bad="\\xff\\xfe#\\0!\\0/\\0b\\0i\\0n\\0/\\0s\\0h\\0",
    good="#!/bin/sh",
    source=f"{LINUX}, bash and dash",
)
INTERPRETER = Rule(
    code="hook-interpreter",
    message="The first line of {script} does not give the full path of an interpreter: {line!r}.",
    hint="Write its full path, such as `#!/bin/bash` or `#!/usr/bin/env python3`.",
    bad="#!bash",
    good="#!/bin/bash",
    source=LINUX,
)
NO_SUCH_INTERPRETER = Rule(
    code="hook-no-such-interpreter",
    message="The first line of {script} names the interpreter {program!r}, which does not exist.",
    hint="{advice}",
    bad="#!/bin/sh;",
    good="#!/bin/sh",
    source=LINUX,
)
UNLIKELY_INTERPRETER = Rule(
    code="hook-unlikely-interpreter",
    message="The first line of {script} names the interpreter {program!r}, which few systems have.",
    hint="{advice}",
    bad="#!/bin/bsh",
    good="#!/bin/bash",
    source=LINUX,
    severity=WARNING,
)
ARGUMENTS_TOGETHER = Rule(
    code="hook-interpreter-arguments",
    message="The first line of {script} passes {arguments!r} to {program} as one argument.",
    hint="Write the options as one word (`-ex`), or do it in the script itself.",
    bad="#!/bin/bash -e -x",
    good="#!/bin/bash -ex",
    source=LINUX,
)
NOT_STARTED = Rule(
    code="hook-not-started",
    message="The first line of {script} has {arguments!r} after {program}: {what}.",
    hint="Remove it; the script's path is added by Linux, and options start with a dash (`-e`).",
    bad="#!/bin/bash -c",
    good="#!/bin/bash",
    source=LINUX,
)
NOTHING_RUN = Rule(
    code="hook-nothing-run",
    message="The first line of {script} has {arguments!r} after {program}, so the script never runs, and the "
    "deployment goes on without it: -n only checks the syntax, and -s reads commands from standard input, "
    "which is empty.",
    hint="Remove `n` and `s` from the options.",
    bad="#!/bin/bash -n",
    good="#!/bin/bash",
    source="bash and dash",
    severity=WARNING,
)
NOT_UTF8 = Rule(
    code="hook-not-utf8",
    message="Line {line} of {script} is not UTF-8; where the script prints it, the agent fails.",
    hint="Save the script as UTF-8.",
    bad="echo caf\\xe9",
    good="echo café",
    source=AGENT,
    severity=WARNING,
)
BACKGROUND_HIDDEN = Rule(
    code="hook-background-hidden",
    message="{script} may leave a process running that keeps the script's output open: `{command}`. "
    "The agent waits for it until the timeout.",
    hint="Redirect the output of the process that keeps running, or wait for it before the script ends.",
    bad="exec > >(tee /var/log/deploy.log)",
    good="exec >> /var/log/deploy.log 2>&1",
    source=AGENT,
    severity=WARNING,
)
ENV_ARGUMENTS = Rule(
    code="hook-env-arguments",
    message="The first line of {script} passes {arguments!r} to env as one word: no such program exists.",
    hint="Write `#!/usr/bin/env -S {arguments}`, or name the interpreter by its full path.",
    bad="#!/usr/bin/env bash -e",
    good="#!/bin/bash -e",
    source=LINUX,
)
BACKGROUND = Rule(
    code="hook-background",
    message="{script} starts a background process that keeps the script's output open; the agent "
    "waits for it until the timeout.",
    hint="Redirect all of it: `{command} > /dev/null 2>&1 < /dev/null &`.",
    bad="node server.js &",
    good="node server.js > /dev/null 2>&1 < /dev/null &",
    source=AGENT,
    severity=WARNING,
)
