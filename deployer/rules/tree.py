"""Rules of the folder that is packed: what can go into a bundle, and what probably should not."""

from __future__ import annotations

from deployer.rules import AGENT, NOTICE, WARNING, Rule

_TOOL = "this tool"
_LEAVE_OUT = "Leave it out with a line in `.codedeployignore` or the input `exclude`."
_RENAME = "Rename it, or leave it out with a pattern in `.codedeployignore` or the input `exclude`."

SOURCE = Rule(
    code="source-unusable",
    message="The source `{given}` {why}.",
    hint="{advice}",
    bad="source: ../other-project",
    good="source: dist",
    source=_TOOL,
)
UNREADABLE = Rule(
    code="unreadable",
    message="`{name}` cannot be read: {reason}.",
    hint="Allow the user who runs this step to read it (`chmod -R u+rX`), or leave it out.",
    bad="-rw------- root app/data.bin   # the step runs as another user",
    good="-rw-r--r-- root app/data.bin",
    source=_TOOL,
)
NAME = Rule(
    code="name-unusable",
    message="`{name}` has {what} in its name; the agent fails on it.",
    hint=_RENAME,
    bad="app/'a\\nb' (a line break)",
    good="app/ab",
    source=AGENT,
)
NAME_ODD = Rule(
    code="name-odd",
    message="`{name}` has {what} in its name, which is deployed unchanged.",
    hint=_RENAME,
    bad="app\\\\a.txt (a backslash, which is no folder on Linux)",
    good="app/a.txt",
    source=AGENT,
    severity=WARNING,
)
SPECIAL = Rule(
    code="special-file",
    message="`{name}` is a {kind}, which is not put into the bundle.",
    hint=_LEAVE_OUT,
    bad="mkfifo app/queue",
    good="exclude: app/queue",
    source=_TOOL,
    severity=WARNING,
)
LINK_OUTSIDE = Rule(
    code="link-leaves-source",
    message="`{name}` is a link to `{target}`, which leads out of the {whole}.",
    hint="The link is deployed unchanged: make sure that its target exists on each instance (a linked folder "
    "is copied with its contents there). If it should lead to a file of the {whole}, make it relative.",
    bad="app/config -> /home/runner/work/app/config",
    good="app/config -> ../common/config",
    source=AGENT,
    severity=WARNING,
)
LINK_ABSOLUTE = Rule(
    code="link-absolute",
    message="`{name}` is a link to `{target}`. It is absolute, so on the instances it does not lead to the "
    "{whole}.",
    hint="If it should, make it relative: `ln -sfn {relative} {name}`. Else make sure that its target "
    "exists on each instance.",
    bad="public/storage -> /home/runner/work/shop/shop/storage/app/public",
    good="public/storage -> ../storage/app/public",
    source=AGENT,
    severity=WARNING,
)
LINK_DANGLING = Rule(
    code="link-dangling",
    message="`{name}` is a link to `{target}`, which is not in the bundle.",
    hint="It dangles on the instances unless something there creates its target.",
    bad="app/config -> generated/config   # left out by a pattern",
    good="app/config -> ../common/config",
    source=_TOOL,
    severity=WARNING,
)
PATTERN_UNUSED = Rule(
    code="pattern-unused",
    message="The pattern `{pattern}` matched nothing.",
    hint="Correct or remove it.{advice}",
    bad="exclude: '*.lgo'",
    good="exclude: '*.log'",
    source=_TOOL,
    severity=WARNING,
)
PATTERN_LIST = Rule(
    code="pattern-list",
    message="The pattern `{pattern}` matched nothing, but `{part}` in it matches what would be deployed.",
    hint="Write one pattern per line: a blank or a comma is part of the pattern.",
    bad="exclude: .env node_modules",
    good="exclude: |\n  .env\n  node_modules",
    source=_TOOL,
)
IGNORE_FILE = Rule(
    code="ignore-file-unusable",
    message="`{name}` {why}, so its patterns were not read.",
    hint="Make it a plain text file in the source itself, one pattern per line, at most 1 MiB.",
    bad=".codedeployignore -> ../patterns.txt",
    good=".codedeployignore",
    source=f"{_TOOL}, as git reads .gitignore",
)
MODE_DROPPED = Rule(
    code="mode-dropped",
    message="`{name}`{more} has {what}, which the bundle does not keep.",
    hint="Set the mode in the AppSpec's `permissions` where the instances need it.",
    bad="-rwsr-xr-x bin/helper",
    good='permissions:\n  - object: /srv/app/bin/helper\n    mode: "4755"',
    source=f"{_TOOL} (these bits differ with umask and checkout)",
    severity=NOTICE,
)
VERSION_CONTROL = Rule(
    code="version-control",
    message="`{name}` looks like version control data, and is part of the bundle.",
    hint=_LEAVE_OUT,
    bad="app/.svn/",
    good="exclude: .svn/",
    source=_TOOL,
    severity=WARNING,
)
NESTED_REPOSITORY = Rule(
    code="nested-repository",
    message="`{name}` belongs to a nested checkout, and is left out of the bundle.",
    hint=_LEAVE_OUT,
    bad="module/.git",
    good="exclude: module/.git",
    source=f"{_TOOL} (a checkout's .git may hold a token)",
    severity=WARNING,
)
LFS_POINTER = Rule(
    code="git-lfs-pointer",
    message="{member}{more} is a Git LFS pointer: three lines of text in place of the file itself.",
    hint="Fetch the files before they are packaged: `lfs: true` of actions/checkout, or `git lfs pull`.",
    bad="- uses: actions/checkout@v4",
    good="- uses: actions/checkout@v4\n  with:\n    lfs: true",
    source="Git LFS (its specification, version 1)",
    severity=WARNING,
)
SUBMODULE_EMPTY = Rule(
    code="git-submodule-empty",
    message="`{name}` is a git submodule whose folder is empty, as it was not fetched.",
    hint="Fetch it before packaging (`submodules: true` of actions/checkout, GIT_SUBMODULE_STRATEGY in "
    "GitLab, or `git submodule update --init`), or leave it out with a pattern in `.codedeployignore`.",
    bad="- uses: actions/checkout@v4",
    good="- uses: actions/checkout@v4\n  with:\n    submodules: true",
    source="git (.gitmodules)",
    severity=WARNING,
)
SECRET = Rule(
    code="likely-secret",
    message="`{name}` looks like it contains a secret, and would be deployed.",
    hint="{advice}",
    bad=".env, id_rsa, server.key, .aws/credentials",
    good="exclude: .env",
    source=_TOOL,
    severity=WARNING,
)
CHANGED = Rule(
    code="file-changed",
    message="`{name}` changed while it was packed.",
    hint="Wait for the steps that write it to finish, or leave it out (a log or a cache of a running "
    "service).",
    bad="npm run watch &   # writes into dist/ while it is packed",
    good="npm run build",
    source=_TOOL,
)
TIME = Rule(
    code="source-date-epoch",
    message="SOURCE_DATE_EPOCH is {text!r}, which is not a time.",
    hint="Set it to whole seconds since 1970, at most {latest}, such as what `git log -1 --pretty=%ct` "
    "prints, or unset it.",
    bad="SOURCE_DATE_EPOCH=2026-01-01",
    good="SOURCE_DATE_EPOCH=1767225600",
    source="https://reproducible-builds.org/specs/source-date-epoch/",
)
