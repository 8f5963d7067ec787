"""Rules of the section `files`, alone and against the bundle."""

from __future__ import annotations

from deployer.rules import AGENT, AGENT_2, WARNING, Rule

_GOOD = "files:\n  - source: app\n    destination: /srv/app"

ITEM_TYPE = Rule(
    code="appspec-files-item-type",
    message="An item of `files` is {kind} where the agent expects `source` and `destination`.",
    hint="Write `- source: …` and, below it, `destination: …`.",
    bad="files:\n  - app",
    good=_GOOD,
    source=AGENT,
)
NO_SOURCE = Rule(
    code="appspec-files-no-source",
    message="An item of `files` has no `source`.",
    hint="Add `source:` with a file or folder of the bundle (`/` for all of it).",
    bad="files:\n  - destination: /srv/app",
    good=_GOOD,
    source=AGENT,
)
NO_DESTINATION = Rule(
    code="appspec-files-no-destination",
    message="An item of `files` has no `destination`.",
    hint="Add `destination:` with an absolute folder (a bare `~` is read as nothing).",
    bad="files:\n  - source: app",
    good=_GOOD,
    source=AGENT,
)
NOT_TEXT = Rule(
    code="appspec-files-not-text",
    message="`{key}` is {kind}, and the agent takes only text.",
    hint='Quote it: {key}: "{text}".',
    bad="files:\n  - source: 5\n    destination: /srv/app",
    good='files:\n  - source: "5"\n    destination: /srv/app',
    source=AGENT,
)
EMPTY_SOURCE = Rule(
    code="appspec-files-empty-source",
    message="`source` is empty, which means the whole bundle.",
    hint="Write `source: /` when that is what you mean.",
    bad='files:\n  - source: ""\n    destination: /srv/app',
    good="files:\n  - source: /\n    destination: /srv/app",
    source=AGENT,
    severity=WARNING,
)
DESTINATION = Rule(
    code="appspec-files-destination",
    message="The destination {destination!r} {why}.",
    hint="Write an absolute folder, such as /srv/app.",
    bad="files:\n  - source: app\n    destination: ~/app",
    good="files:\n  - source: app\n    destination: /home/deploy/app",
    source=AGENT,
)
DESTINATION_LITERAL = Rule(
    code="appspec-files-destination-literal",
    message="The destination {destination!r} {why}.",
    hint="{advice}",
    bad="files:\n  - source: app\n    destination: srv/$APP",
    good=_GOOD,
    source=AGENT,
    severity=WARNING,
)
DESTINATION_IS_FILE = Rule(
    code="appspec-files-destination-is-file",
    message="A destination is always a folder: {source} becomes {result}.",
    hint="Write the folder: {folder} (the file keeps its name).",
    bad="files:\n  - source: app/a.conf\n    destination: /etc/a.conf",
    good="files:\n  - source: app/a.conf\n    destination: /etc",
    source=AGENT,
    severity=WARNING,
)
MISSING_SOURCE = Rule(
    code="appspec-files-missing-source",
    message="`source: {source}` is not in the bundle.",
    hint="{advice}",
    bad="files:\n  - source: App\n    destination: /srv/app   # the folder is called app",
    good=_GOOD,
    source=AGENT,
)
GLOB = Rule(
    code="appspec-files-glob",
    message="`source: {source}` is not in the bundle: the agent takes names literally, without wildcards.",
    hint="Name the folder; its content is copied ({folder}).",
    bad="files:\n  - source: app/*\n    destination: /srv/app",
    good=_GOOD,
    source=AGENT,
)
EXCLUDED_SOURCE = Rule(
    code="appspec-files-excluded-source",
    message="`source: {source}` (line {line} of the AppSpec) is kept out of the bundle by the pattern "
    "`{pattern}`{place}.",
    hint="{advice}",
    bad="# .codedeployignore\nbuild/\n# appspec.yml\nfiles:\n  - source: build\n    destination: /srv/app",
    good="# .codedeployignore\nbuild/cache/",
    source="this tool (exclusion patterns)",
)
EMPTIED = Rule(
    code="appspec-files-emptied",
    message="Everything in `source: {source}` is kept out of the bundle, by `{pattern}`{place} or others.",
    hint="Change the pattern, or remove the mapping: it copies an empty folder.",
    bad="# .codedeployignore\nbuild/*\n# appspec.yml\nfiles:\n  - source: build\n    destination: /srv/app",
    good="# .codedeployignore\nbuild/cache/",
    source="this tool (exclusion patterns)",
    severity=WARNING,
)
LINK_CYCLES = Rule(
    code="appspec-files-link-cycles",
    message="Links to folders in {source} lead back to each other in several ways ({links}). The agent "
    "follows them until it fails, or never ends.",
    hint="Leave the links out, or replace them by one copy of their target.",
    bad="packages/ui/node_modules -> ../../node_modules\nnode_modules/ui -> ../packages/ui"
    "   # and the same for api",
    good="exclude: node_modules/@acme/",
    source=AGENT,
)
LINK_CYCLE = Rule(
    code="appspec-files-link-cycle",
    message="Links to folders in {source} lead back to themselves ({links}). The agent copies what they "
    "lead to up to 40 times, nested in each other.",
    hint="Leave the links out.",
    bad="app/current -> .",
    good="app/current -> releases/1",
    source=AGENT,
    severity=WARNING,
)
NOT_CLEANED_UP = Rule(
    code="appspec-files-not-cleaned-up",
    message="The path {path}{more} ends with a space or contains a line break, so the next deployment cannot "
    "remove it, and fails because it already exists.",
    hint="Rename the file.",
    bad="'app/a.txt '",
    good="app/a.txt",
    source=AGENT,
)
OVERWRITTEN_LINK = Rule(
    code="appspec-files-overwritten-link",
    message="{path}{more} is a link. OVERWRITE replaces files only: the agent fails to create a link that "
    "exists already.",
    hint="Remove it in a script of BeforeInstall.",
    bad="file_exists_behavior: OVERWRITE   # and app/current -> config.json",
    good="hooks:\n  BeforeInstall:\n    - location: scripts/remove-links.sh",
    source=AGENT,
    severity=WARNING,
)
WINDOWS_PATH = Rule(
    code="appspec-files-windows-path",
    message="{path}{more} has {length} characters; Windows takes at most 259 unless long paths are enabled.",
    hint="Shorten the path, or leave it out of the bundle.",
    bad="os: windows   # and a node_modules/ of many levels",
    good="exclude: node_modules/",
    source="Windows (MAX_PATH)",
    severity=WARNING,
)
OUTSIDE = Rule(
    code="appspec-files-outside",
    message="`source: {source}` leaves the bundle.",
    hint="Name a path inside the bundle, without leading `..`.",
    bad="files:\n  - source: ../config\n    destination: /srv/app",
    good="files:\n  - source: config\n    destination: /srv/app",
    source=f"{AGENT} (1.x copies whatever lies there), {AGENT_2} (rejects it)",
)
LINK_OUTSIDE = Rule(
    code="appspec-files-link-outside",
    message="`source: {source}` is a link to {target}, which is not in the bundle.",
    hint="Link to a path inside the bundle, or make sure that it exists on each instance.",
    bad="current -> /mnt/build/current",
    good="current -> releases/1",
    source=AGENT,
    severity=WARNING,
)
PARENT_MISSING = Rule(
    code="appspec-parent-missing",
    message="The path {path} leads through something that is not a folder in the bundle, or to a place "
    "other than {normal}; the agent does not find it.",
    hint="Write {normal}.",
    bad="source: no-such-folder/../app",
    good="source: app",
    source=AGENT,
)
PARENT = Rule(
    code="appspec-parent-folder",
    message="{path!r} contains `..`, which agents 2.x refuse.",
    hint="Write {normal} instead.",
    bad="location: scripts/../start.sh",
    good="location: start.sh",
    source=AGENT_2,
    severity=WARNING,
)
TWO_FILES = Rule(
    code="appspec-files-conflict",
    message="Two files go to {destination}: {first} and {second}{more}.",
    hint="Remove one of the two sources, or give them different destinations.",
    bad="files:\n  - source: app\n    destination: /srv/app\n  - source: app/a.txt\n    destination: "
    "/srv/app",
    good=_GOOD,
    source=AGENT,
)
FILE_OVER_FOLDER = Rule(
    code="appspec-files-file-over-folder",
    message="{destination} would be both a file ({file}) and a folder.",
    hint="Give the two sources destinations that do not overlap.",
    bad="files:\n  - source: a/name      # a file\n    destination: /srv\n  - source: b\n    "
    "destination: /srv/name",
    good="files:\n  - source: a/name\n    destination: /srv\n  - source: b\n    destination: /srv/other",
    source=AGENT,
)
FILE_OVER_SYSTEM_FOLDER = Rule(
    code="appspec-files-file-over-system-folder",
    message="{file} would be installed as the file {destination}, which is a folder on Linux instances.",
    hint="Rename the file, or install it in another folder.",
    bad="files:\n  - source: build/srv    # a file\n    destination: /",
    good="files:\n  - source: build/srv\n    destination: /srv/app",
    source=AGENT,
    severity=WARNING,
)
