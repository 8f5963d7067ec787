"""Rules of the AppSpec as a YAML document, and of the keys on its top level."""

from __future__ import annotations

from deployer.rules import AGENT, AGENT_2, DOCS, RUBY, WARNING, Rule

_HEAD = "version: 0.0\nos: linux\n"

TOO_LARGE = Rule(
    code="appspec-too-large",
    message="The AppSpec {why}, and was not read.",
    hint="An AppSpec is a few lines of YAML; check that the right file is named.",
    bad="appspec: build/output.log",
    good="appspec: appspec.yml",
    source="this tool (a bound on what it parses)",
)
EMPTY = Rule(
    code="appspec-empty",
    message="The AppSpec is empty.",
    hint="Write at least `version: 0.0` and `os: linux` (or `os: windows`).",
    bad="# nothing but a comment",
    good=_HEAD,
    source=AGENT,
)
BYTE_ORDER_MARK = Rule(
    code="appspec-byte-order-mark",
    message="The AppSpec starts with a byte order mark, which the agent reads as part of the first line.",
    hint="Save the file as UTF-8 without BOM.",
    bad="\\ufeffversion: 0.0\nos: linux",
    good=_HEAD,
    source=AGENT,
)
ENCODING = Rule(
    code="appspec-not-utf8",
    message="The AppSpec is not UTF-8: byte 0x{byte:02x} cannot be read.",
    hint="Save the file as UTF-8.",
    bad="# caf\\xe9 (Latin-1)",
    good="# café (UTF-8)",
    source=RUBY,
)
SYNTAX = Rule(
    code="appspec-yaml-syntax",
    message="The AppSpec is not YAML: {reason}.",
    hint="Correct the line; strings with special characters need quotes.",
    bad="hooks: [",
    good="hooks:\n  AfterInstall:\n    - location: scripts/start.sh",
    source=RUBY,
)
TAB = Rule(
    code="appspec-tab",
    message="The AppSpec is indented with a tab, which YAML does not allow.",
    hint="Indent with spaces.",
    bad="hooks:\n\tAfterInstall:",
    good="hooks:\n  AfterInstall:",
    source=RUBY,
)
TOO_DEEP = Rule(
    code="appspec-too-deep",
    message="The AppSpec is nested deeper than {limit} levels and was not read.",
    hint="No key of an AppSpec is that deep; check the brackets.",
    bad="[[[[[[[[…",
    good=_HEAD,
    source="this tool (a bound on what it parses)",
)
NOT_READ = Rule(
    code="appspec-unread-rest",
    message="The agent stops reading here: this line is indented less than the first one.",
    hint="Start all top-level keys in the same column.",
    bad="  version: 0.0\n  os: linux\nfiles: []",
    good="version: 0.0\nos: linux\nfiles: []",
    source=RUBY,
)
SECOND_DOCUMENT = Rule(
    code="appspec-second-document",
    message="Agents 1.x ignore everything from this `---` on, agents 2.x refuse a second document.",
    hint="Keep one document in the AppSpec.",
    bad=_HEAD + "---\nfiles: []",
    good=_HEAD + "files: []",
    source=f"{RUBY}, {AGENT_2}",
    severity=WARNING,
)
ALIAS = Rule(
    code="appspec-alias",
    message="The alias *{name} is refused by the agent.",
    hint="Write the value out instead of referring to an anchor.",
    bad="AfterInstall: &run\n  - location: a.sh\nApplicationStart: *run",
    good="AfterInstall:\n  - location: a.sh\nApplicationStart:\n  - location: a.sh",
    source=RUBY,
)
DATE = Rule(
    code="appspec-date",
    message="{text} is read as a date, and the agent refuses dates.",
    hint='Quote it: "{text}".',
    bad="release: 2024-05-01",
    good='release: "2024-05-01"',
    source=RUBY,
)
TAG = Rule(
    code="appspec-tag",
    message="The tag {tag} makes the agent refuse the AppSpec.",
    hint="Remove the tag.",
    bad="os: !ruby/object:String linux",
    good="os: linux",
    source=RUBY,
)
CLOUDFORMATION = Rule(
    code="appspec-cloudformation",
    message="{tag} is a function of CloudFormation, which nothing resolves in an AppSpec: only the text "
    "behind it is read.",
    hint="Write the value itself, or write `<NAME>` and give it in the input `appspec-variables`.",
    bad="TaskDefinition: !Ref TaskDefinition",
    good="TaskDefinition: <TASK_DEFINITION>",
    source=f"{RUBY}, {DOCS}",
    severity=WARNING,
)
RUBY_ONLY = Rule(
    code="appspec-ruby-only",
    message="The agent's YAML reader (Ruby) gives {text} a meaning that other readers do not share.",
    hint="Write the plain value, or quote it if it is text.",
    bad="location: :scripts/start.sh   # a symbol",
    good="location: scripts/start.sh",
    source=RUBY,
    severity=WARNING,
)
DUPLICATE_KEY = Rule(
    code="appspec-duplicate-key",
    message="The key `{key}` is here and in line {first}: agents 1.x drop the first, agents 2.x refuse both.",
    hint="Merge the two.",
    bad="hooks:\n  AfterInstall:\n    - location: a.sh\n  AfterInstall:\n    - location: b.sh",
    good="hooks:\n  AfterInstall:\n    - location: a.sh\n    - location: b.sh",
    source=f"{AGENT} (1.x: the last one wins), {AGENT_2} (rejects it)",
)
NOT_A_MAPPING = Rule(
    code="appspec-not-a-mapping",
    message="The AppSpec is {kind} instead of keys and values.",
    hint="Start with `version: 0.0` and `os: linux`, each on its own line.",
    bad="- version: 0.0",
    good=_HEAD,
    source=AGENT,
)
UNKNOWN_KEY = Rule(
    code="appspec-unknown-key",
    message="Nothing reads the key `{key}` of {owner}.",
    hint="{advice}",
    bad="hook:\n  AfterInstall:\n    - location: a.sh",
    good="hooks:\n  AfterInstall:\n    - location: a.sh",
    source=f"{AGENT} (unknown keys are silently ignored)",
    severity=WARNING,
)
VERSION = Rule(
    code="appspec-version",
    message="{found}; the only version is 0.0.",
    hint="Write `version: 0.0`, without quotes.",
    bad='version: "0.0"\nos: linux',
    good=_HEAD,
    source=AGENT,
)
VERSION_ONE = Rule(
    code="appspec-version-one",
    message="{found}, which the service accepts; the documented version is 0.0.",
    hint="Write `version: 0.0`.",
    bad='{"version": 1, "Resources": []}',
    good='{"version": 0.0, "Resources": []}',
    source="CodeDeploy service, as CircleCI's ECS orb uses it",
    severity=WARNING,
)
OS = Rule(
    code="appspec-os",
    message="{found}; it is either linux or windows.",
    hint="Write `os: {nearest}`, in lower case.",
    bad="version: 0.0\nos: Linux",
    good=_HEAD,
    source=AGENT,
)
FILE_EXISTS_BEHAVIOR = Rule(
    code="appspec-file-exists-behavior",
    message="`file_exists_behavior` is {value}; it is one of DISALLOW, OVERWRITE and RETAIN.",
    hint="Write `file_exists_behavior: {nearest}`, in upper case.",
    bad="file_exists_behavior: Overwrite",
    good="file_exists_behavior: OVERWRITE",
    source=AGENT,
)
SECTION_TYPE = Rule(
    code="appspec-section-type",
    message="`{section}` is {kind} where the agent expects {expected}.",
    hint="{advice}",
    bad="files:\n  source: app\n  destination: /srv/app",
    good="files:\n  - source: app\n    destination: /srv/app",
    source=AGENT,
)
STRICT_TYPE = Rule(
    code="appspec-strict-type",
    message="`{key}` is {kind}: agents 1.x accept that, agents 2.x want {expected} and refuse the AppSpec.",
    hint="Write {expected}, or remove the key.",
    bad="files: {}\nhooks:\n  AfterInstall:\n    - location: a.sh\n      sudo: yes",
    good="files: []\nhooks:\n  AfterInstall:\n    - location: a.sh\n      sudo: true",
    source=AGENT_2,
    severity=WARNING,
)
ADD_APPSPEC = "Add an appspec.yml, or name the one to use with the input `appspec`."
MISSING = Rule(
    code="appspec-missing",
    message="There is no `{name}` in the {whole}, and the agent needs one at the bundle's root{found}.",
    hint="{advice}",
    bad="bundle/\n  my-app/\n    release/\n      appspec.yml",
    good="bundle/\n  appspec.yml",
    source=AGENT,
)
NOT_A_FILE = Rule(
    code="appspec-not-a-file",
    message="`appspec.yml` is {what}, not a file.",
    hint="Put the AppSpec itself at the root of the bundle; rename anything else with that name.",
    bad="appspec.yml/ (a folder)",
    good="appspec.yml",
    source=AGENT,
)
SECOND_FILE = Rule(
    code="appspec-second-file",
    message="{name} and appspec.yml differ; only appspec.yml is read.",
    hint="Remove {name}, or name it with the input `appspec`.",
    bad="appspec.yml\nappspec.yaml",
    good="appspec.yml",
    source=AGENT,
    severity=WARNING,
)
WRONG_PLATFORM = Rule(
    code="appspec-wrong-platform",
    message="This is an AppSpec for {platform}; a bundle is deployed to EC2 or on-premises instances only.",
    hint="Deploy it to a {platform} application with the input `appspec`, or write an AppSpec with "
    "`os` and `files`.",
    bad="version: 0.0\nResources:\n  - MyFunction:\n      Type: AWS::Lambda::Function",
    good=_HEAD + "files:\n  - source: /\n    destination: /srv/app",
    source=DOCS,
)
