"""Messages of the CodeDeploy agent about an AppSpec that it refuses, with the line that is to blame.

The words are the agent's own, from the classes of its `application_specification`, or those of Psych (Ruby's
parser of YAML) and of Ruby itself, where the agent takes a value for one of another type.
"""

from __future__ import annotations

from deployer.deployment.causes import Place
from deployer.deployment.clues import clue

_AGENT = "aws-codedeploy-agent, lib/instance_agent/plugins/codedeploy/application_specification"
_INSTALL = "aws-codedeploy-agent, lib/instance_agent/plugins/codedeploy/install_instruction.rb"
_PSYCH = "Psych, Ruby's YAML parser, as the agent passes it on"
_RUBY = "Ruby's NoMethodError and TypeError, as the agent passes them on"

APPSPEC_CLUES = (
    clue(
        r"(?:unknown lifecycle events?|doesn't exist in your \S{1,40} file)\W{0,5}(?P<key>\w{1,80})",
        "The AppSpec hooks an event that does not exist: {key}.",
        "Correct the event's name in hooks.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="hooks",
    ),
    clue(
        r"unsupported os\b|unsupported operating system",
        "`os` in the AppSpec must be linux or windows.",
        "Correct it in appspec.yml.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="os",
    ),
    clue(
        r"(?:unsupported|invalid|unrecognized) (?:\w{1,20} )?version\b",
        "`version` in the AppSpec must be the number 0.0, without quotes.",
        "Correct it in appspec.yml; if the message shows an empty version, the file starts with a byte "
        "order mark.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="version",
    ),
    clue(
        r"(?:invalid file_exists_behavior|invalid option[^\n]{0,40}fileExistsBehavior)",
        "`file_exists_behavior` in the AppSpec must be DISALLOW, OVERWRITE or RETAIN, in upper case.",
        "Correct it in appspec.yml.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="file_exists_behavior",
    ),
    clue(
        r"(?:\(<unknown>\): |(?:did not|could not) find expected|found (?:character|a tab|undefined|duplicate"
        r"|unexpected)|mapping values are not allowed|unknown alias|alias(?:es)? parsing was not enabled"
        r"|block sequence entries|control characters are not allowed|unspecified class"
        r"|invalid (?:leading|trailing) UTF-8"
        r"|invalid byte sequence)(?:[^\n]{0,200}? at line (?P<line>\d{1,6}) column)?",
        "The AppSpec is not valid YAML, or uses YAML features that the agent does not read (aliases, dates, "
        "tags).",
        "Correct the line that the message names; tabs and missing quotes are the usual causes.",
        source=_PSYCH,
        place=Place.APPSPEC,
    ),
    clue(
        r"appspec[^\n]{0,40} (?:is|was) empty|specification file was empty"
        r"|undefined method\b[^\n]{0,40}\bfor (?:false|nil)\b[^\n]{0,20}",
        "The AppSpec is empty, or one of its keys has no value where the agent needs one (for example an "
        "empty hook).",
        "Fill it in, or remove the key.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
    clue(
        r"undefined method .each' for [^\n]{0,80}String",
        "A value in the AppSpec is plain text instead of a list (for example `type` in permissions).",
        "Write it as a list: [file].",
        source=_RUBY,
        place=Place.APPSPEC,
        key="permissions",
    ),
    clue(
        r"undefined method [^\n]{0,40} for [^\n]{0,400}|no implicit conversion of \w{1,40} into \w{1,40}",
        "A value in the AppSpec has the wrong type, for example text instead of a list, or a number instead "
        "of text.",
        "Compare files, permissions and hooks with the reference: each is a list of items with keys.",
        source=_RUBY,
        place=Place.APPSPEC,
    ),
    clue(
        r"specifies only a source file \((?P<key>[^\n)]{0,300})\)",
        "The item of `files` with the source {key} has no destination.",
        "Add the folder to copy it to as destination.",
        source=_AGENT,
        place=Place.SOURCE,
    ),
    clue(
        r"same destination \((?P<path>[^\n)]{0,300})\)|same destination path"
        r"|already exists at the location \(",
        "Two items of `files` have the same target path, or one installs a file where the other needs a "
        "folder.",
        "Remove one of them, or give them destinations that do not overlap.",
        source=_INSTALL,
        place=Place.APPSPEC,
        key="files",
    ),
    clue(
        r"permissions setting for \((?P<path>[^\n)]{0,300})\) is specified more than once",
        "Two items of `permissions` set {path}.",
        "Leave it out of one of them, with except or a narrower pattern.",
        source=_INSTALL,
        place=Place.APPSPEC,
        key="permissions",
    ),
    clue(
        r"can't find (?P<kind>user|group) for (?P<name>[^\n]{1,100})",
        "`permissions` give files to a {kind} that does not exist on the instance: {name}.",
        "Create it before Install (in BeforeInstall, or in the image), or correct owner and group.",
        source="Ruby's Etc, as the agent passes it on",
        place=Place.APPSPEC,
        key="permissions",
    ),
    clue(
        r"\bacls?\b[^\n]{0,200}(?:application specification|AppSpec)|setfacl|semanage|restorecon"
        r"|(?:application specification|AppSpec)[^\n]{0,300}(?:permission|\bmode\b|pattern|except|\bacl\b)"
        r"|permissions mode \(|parameter for a pattern in the permissions section",
        "The agent rejects `permissions` in the AppSpec; its message says why.",
        "Correct the part that the message names.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="permissions",
    ),
    clue(
        r"script with no location|in the hooks section|timeout value was provided for a script",
        "The agent rejects `hooks` in the AppSpec: each script needs a location, and a timeout is a number "
        "of seconds above 0.",
        "Correct the part that the message names.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="hooks",
    ),
    clue(
        r"destination file, but no source|update the files section",
        "The agent rejects `files` in the AppSpec: each item needs a source and a destination.",
        "Correct the part that the message names.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="files",
    ),
    clue(
        r"the deployment failed because [^\n]{0,400}(?:specification file|AppSpec|hook|script|permission)",
        "The agent rejects the AppSpec; its message says why.",
        "Correct the part that the message names.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
)
"""Clues to search for where no script of the revision ran, the most certain first."""
