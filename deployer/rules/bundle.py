"""Rules of the bundle as a whole."""

from __future__ import annotations

from deployer.rules import AGENT, NOTICE, WARNING, Rule

EMPTY = Rule(
    code="bundle-empty",
    message="There is nothing to deploy: {why}.",
    hint="{advice}",
    bad="steps:\n  - uses: this-action",
    good="steps:\n  - uses: actions/checkout@v4\n  - uses: this-action",
    source="this tool",
)
NAME = Rule(
    code="bundle-name-not-utf8",
    message="The name `{name}` is not UTF-8; the agent fails to copy it.",
    hint="Rename the file, or exclude it.",
    bad="caf\\xe9.txt (Latin-1)",
    good="café.txt (UTF-8)",
    source=AGENT,
)
NAME_NOT_COPIED = Rule(
    code="bundle-name-not-utf8-unused",
    message="The name `{name}` is not UTF-8. The agent unpacks it, and would fail if `files` copied it.",
    hint="Rename the file, or leave it out of the archive.",
    bad="doc/caf\\xe9.txt (Latin-1), with only app/ in `files`",
    good="doc/café.txt (UTF-8)",
    source=AGENT,
    severity=WARNING,
)
VERSION = Rule(
    code="bundle-name-version",
    message="{name} ends like a VMS file version: the agent's unzip drops the `;` and what follows.",
    hint="Rename the file, exclude it, or set `bundle-type: tgz`.",
    bad="report;1 (unpacked as report)",
    good="report-1",
    source="Info-ZIP's unzip, run by the CodeDeploy agent",
    severity=WARNING,
)
VERSION_TWIN = Rule(
    code="bundle-name-version-twin",
    message="{name} is unpacked over {kept}: unzip, which the agent runs, drops the `;` and what follows.",
    hint="Rename the file, exclude it, or set `bundle-type: tgz`.",
    bad="start.sh and start.sh;1",
    good="start.sh and start-1.sh",
    source="Info-ZIP's unzip, run by the CodeDeploy agent",
)
CONTROL = Rule(
    code="bundle-name-control",
    message="The name `{name}` has a control character, which unzip, run by the agent, drops.",
    hint="Rename the file, exclude it, or set `bundle-type: tgz`.",
    bad="app/a\\tb (a tab, in a zip)",
    good="app/a-b",
    source="Info-ZIP's unzip, run by the CodeDeploy agent",
)
SIZE = Rule(
    code="bundle-size",
    message="The bundle unpacks to {size}. An instance keeps the archive, its content and the installed "
    "files, and five revisions back: allow about {disk}. Largest: {largest}.",
    hint="Exclude what the instances do not need, or make sure that their disks are large enough.",
    bad="node_modules/, *.mp4 and .terraform/ in the bundle",
    good="exclude: |\n  *.mp4\n  .terraform/",
    source=f"{AGENT} (five revisions are kept)",
    severity=NOTICE,
)
WINDOWS_TYPE = Rule(
    code="bundle-windows-type",
    message="`os: windows` with a {type} archive: Windows Server opens only zip.",
    hint="Set `bundle-type: zip`.",
    bad="bundle-type: tgz",
    good="bundle-type: zip",
    source=AGENT,
)
