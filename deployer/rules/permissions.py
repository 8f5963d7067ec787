"""Rules of the section `permissions`, alone and against what is deployed."""

from __future__ import annotations

from deployer.rules import AGENT, DOCS, RUBY, WARNING, Rule

_GOOD = 'permissions:\n  - object: /srv/app\n    mode: "644"\n    type: [file]'

WINDOWS = Rule(
    code="appspec-permissions-windows",
    message="`permissions` are for Linux; with `os: windows` the agent refuses them.",
    hint="Remove the section, and set permissions in a script.",
    bad="os: windows\npermissions:\n  - object: C:\\app",
    good="os: windows\nhooks:\n  AfterInstall:\n    - location: permissions.ps1",
    source=AGENT,
)
ITEM_TYPE = Rule(
    code="appspec-permissions-item-type",
    message="An item of `permissions` is {kind} where the agent expects `object` and what to set on it.",
    hint="Write `- object: /srv/app` and, below it, `mode:`, `owner:` or `group:`.",
    bad="permissions:\n  - /srv/app",
    good=_GOOD,
    source=AGENT,
)
SHELL_CHARACTERS = Rule(
    code="appspec-permissions-shell-characters",
    message="`acls` or `context` is set on {path}; the agent passes that name to a shell, as root, unquoted.",
    hint="Rename the file, or leave it out with `except`.",
    bad="acls: ['u:deploy:r']   # and a file my file.txt",
    good="acls: ['u:deploy:r']   # and a file my-file.txt",
    source=AGENT,
)
LINK_TARGET = Rule(
    code="appspec-permissions-link-target",
    message="{path} is a link to something that is not installed, and permissions are set through it.",
    hint="Install its target as well, or leave the link out with `except`.",
    bad="/srv/app/conf -> ../conf/x   # conf/ is not in `files`",
    good="/srv/app/conf -> x",
    source=AGENT,
)
HOME = Rule(
    code="appspec-permissions-home",
    message="The object {object} starts with a user's home folder; the agent fails if there is no such user.",
    hint="Write the folder's full path.",
    bad="object: ~deploy/app",
    good="object: /home/deploy/app",
    source=AGENT,
)
OBJECT_ZERO = Rule(
    code="appspec-permissions-object-zero",
    message="The object {object!r} contains a zero byte, which no path can.",
    hint="Remove it.",
    bad='object: "/srv/\\0app"',
    good="object: /srv/app",
    source=AGENT,
)
NO_OBJECT = Rule(
    code="appspec-permissions-no-object",
    message="An item of `permissions` has no `object`.",
    hint="Add `object:` with the path on the instance.",
    bad="permissions:\n  - mode: 644",
    good=_GOOD,
    source=AGENT,
)
LIST = Rule(
    code="appspec-permissions-list",
    message="`{key}` is {kind} where the agent expects a list of text.",
    hint="Write it in brackets: `{key}: [{example}]`.",
    bad="type: file",
    good="type: [file]",
    source=AGENT,
)
PATTERN = Rule(
    code="appspec-permissions-pattern",
    message="`pattern` is {kind}, and the agent takes only text.",
    hint='Quote it: pattern: "{text}".',
    bad="pattern: 5",
    good='pattern: "5"',
    source=AGENT,
)
PATTERN_NEVER = Rule(
    code="appspec-permissions-pattern-never",
    message="The {key} {pattern!r} matches nothing: a pattern is `**`, or one name in which only `*` "
    "is special.",
    hint="Name the folder as `object` and keep the pattern to names in it.",
    bad='object: /srv/app\npattern: "conf/*.yml"',
    good='object: /srv/app/conf\npattern: "*.yml"',
    source=AGENT,
    severity=WARNING,
)
TYPE = Rule(
    code="appspec-permissions-type",
    message="The type {value} does not exist: use `file` or `directory`.",
    hint="Write `type: [file]`, `type: [directory]` or leave it out for both.",
    bad="type: [files]",
    good="type: [file]",
    source=AGENT,
)
TYPE_EMPTY = Rule(
    code="appspec-permissions-type-empty",
    message="`type` is empty, so nothing is set.",
    hint="Write `type: [file]`, `type: [directory]` or leave it out for both.",
    bad="type: []",
    good="type: [file, directory]",
    source=AGENT,
    severity=WARNING,
)
MODE = Rule(
    code="appspec-permissions-mode",
    message="The mode {text} {why}.",
    hint='Write one to four octal digits in quotes: mode: "644".',
    bad="mode: 0755   # read as 493",
    good='mode: "755"',
    source=AGENT,
)
MODE_OCTAL = Rule(
    code="appspec-permissions-mode-octal",
    message="The mode {text} is read as the number {value}, and {value} is the mode that is set.",
    hint='Quote it: mode: "{text}".',
    bad="mode: 0644   # sets 0420",
    good='mode: "0644"',
    source=RUBY,
    severity=WARNING,
)
MODE_EMPTY = Rule(
    code="appspec-permissions-mode-empty",
    message="`mode` is empty, which sets 000: nobody may do anything.",
    hint="Remove the key, or write the mode.",
    bad='mode: ""',
    good='mode: "644"',
    source=AGENT,
    severity=WARNING,
)
OWNER = Rule(
    code="appspec-permissions-owner",
    message="`{key}: {text}` is not a name; the agent looks {key}s up by name, never by number.",
    hint="Write the name: `{key}: {example}`.",
    bad="owner: 0",
    good="owner: root",
    source=AGENT,
)
ACL = Rule(
    code="appspec-permissions-acl",
    message="The acl entry {entry!r} {why}.",
    hint='Write [d:][u|g|m|o]:name:permissions, such as "u:deploy:rw"; base entries are set with `mode`.',
    bad='acls: ["u::rw"]',
    good='mode: "664"\nacls: ["u:deploy:rw"]',
    source=AGENT,
)
ACL_TWICE = Rule(
    code="appspec-permissions-acl-twice",
    message="The acl entry {entry!r} is for a user or group that has one already, which old versions "
    "of setfacl refuse.",
    hint="Merge the two.",
    bad='acls: ["u:deploy:r", "user:deploy:rw"]',
    good='acls: ["u:deploy:rw"]',
    source=f"{AGENT}, setfacl",
    severity=WARNING,
)
ACL_DEFAULT_ON_FILE = Rule(
    code="appspec-permissions-acl-default-on-file",
    message="The default acl entry of {object} would be set on files ({file}), but only folders can have "
    "one.",
    hint="Add `type: [directory]`.",
    bad='object: /srv/app\nacls: ["d:u:deploy:rw"]',
    good='object: /srv/app\ntype: [directory]\nacls: ["d:u:deploy:rw"]',
    source=AGENT,
)
CONTEXT = Rule(
    code="appspec-permissions-context",
    message="`context` {why}.",
    hint="Write `context: {{name: unconfined_u, type: httpd_sys_content_t, range: s0}}`.",
    bad="context: {type: httpd_sys_content_t}",
    good="context: {name: unconfined_u, type: httpd_sys_content_t, range: s0}",
    source=AGENT,
)
RANGE = Rule(
    code="appspec-permissions-range",
    message="The SELinux range {text} {why}.",
    hint="Write s0, s0-s3 or s0:c1,c3.c5.",
    bad="range: x0",
    good="range: s0",
    source=AGENT,
)
PATTERN_ON_FILE = Rule(
    code="appspec-permissions-pattern-on-file",
    message="{object} is a file, and `{key}` does not apply to files.",
    hint="Remove `{key}`, or name the folder as `object`.",
    bad='object: /srv/app/a.txt\npattern: "*.txt"',
    good='object: /srv/app\npattern: "*.txt"',
    source=AGENT,
)
NOTHING = Rule(
    code="appspec-permissions-nothing",
    message="The permissions of {object} apply to nothing: {why}.",
    hint="{advice}",
    bad="files:\n  - source: app\n    destination: /srv/app\npermissions:\n  - object: /srv/ap",
    good="permissions:\n  - object: /srv/app",
    source=f"{AGENT} (only what this deployment creates is touched)",
    severity=WARNING,
)
TWICE = Rule(
    code="appspec-permissions-twice",
    message="{path}{more} gets permissions here and in line {line}; the agent refuses the second.",
    hint="Narrow one of them with `type`, `pattern` or `except`, or merge the two.",
    bad='permissions:\n  - object: /srv/app\n    mode: "644"\n  - object: /srv/app/a.sh\n    mode: "755"',
    good='permissions:\n  - object: /srv/app\n    except: [a.sh]\n    mode: "644"\n'
    '  - object: /srv/app/a.sh\n    mode: "755"',
    source=AGENT,
)
FOLDER_MODE = Rule(
    code="appspec-permissions-folder-mode",
    message="The mode {mode} is set on folders too ({folder}), which nobody can enter without the "
    "execute bit.",
    hint="Add `type: [file]`, and a second item with `type: [directory]` and mode 755.",
    bad='object: /srv/app\nmode: "644"',
    good='object: /srv/app\nmode: "644"\ntype: [file]',
    source=DOCS,
    severity=WARNING,
)
