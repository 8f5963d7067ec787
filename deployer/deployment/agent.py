"""Messages of the CodeDeploy agent's own failures, with their causes.

The words are the agent's own, from its source, or those of the libraries it calls (Ruby, the AWS SDK).
"""

from __future__ import annotations

from deployer.deployment.causes import AGENT_NEVER_ANSWERED, Place
from deployer.deployment.clues import clue

_AGENT = "aws-codedeploy-agent, lib/instance_agent"
_GUIDE = "AWS CodeDeploy user guide, troubleshooting"
_RUBY = "Ruby's Errno and net/http, as the agent passes them on"
_PSYCH = "Psych, Ruby's YAML parser, as the agent passes it on"

UNREACHABLE = clue(
    r"agent was not able to receive the lifecycle event",
    AGENT_NEVER_ANSWERED.why,
    AGENT_NEVER_ANSWERED.advice,
    source=_GUIDE,
    place=Place.NOWHERE,
)
"""In any event: no script ran at all, so neither this revision nor the one before it is at fault."""

PREVIOUS_GONE = clue(
    r"did not find an AppSpec file|No such file or directory\b[^\n]{0,40}? /[^\n]{0,300}deployment-archive",
    "The archive of the previous revision, whose scripts run here, is gone from the instance.",
    "Deploy once with ignore-application-stop-failures: true, or delete that deployment's folder below "
    "/opt/codedeploy-agent/deployment-root/deployment-instructions. Do not empty deployment-root by hand.",
    source=_AGENT,
    place=Place.NOWHERE,
)
"""In the events whose scripts come from the previous revision."""

RESTARTED = clue(
    r"after an agent restart|RejectedExecutionError|agent (?:was |is )?(?:restarted|shutting down)",
    "The CodeDeploy agent was restarted while the event ran.",
    "Look for a reboot, an update of the agent, or memory running out (dmesg, journalctl -u "
    "codedeploy-agent); no hook may restart the agent or the instance.",
    source=_AGENT,
    place=Place.NOWHERE,
)
"""In any event, whatever its script was doing."""

AGENT_CLUES = (
    UNREACHABLE,
    RESTARTED,
    clue(
        r"missing credentials|instance profile|unable to (?:locate|load) credentials|not opened for reading",
        "The instance has no credentials to read the revision with.",
        "Attach an instance profile that allows s3:GetObject on the bucket, and restart the agent; the CI "
        "job's permissions do not count here.",
        "DownloadBundle",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"specified (?:key|version) does not exist|NoSuchKey|NoSuchVersion",
        "The revision is not in the bucket: the key is misspelt, or the object was deleted.",
        "Check the key, and look for a lifecycle rule that deletes it.",
        "DownloadBundle",
        source="Amazon S3, error responses",
        place=Place.NOWHERE,
    ),
    clue(
        r"github\.com[^\n]{0,200}\b404\b|\b404\b[^\n]{0,200}github\.com",
        "CodeDeploy found no such commit on GitHub, or may not read the repository.",
        "Connect CodeDeploy to GitHub (in the console: edit the application), with an account that may read "
        "the repository, and check the commit.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"access ?denied|is not authorized|status code 403|\b403\b[^\n]{0,200}forbidden"
        r"|forbidden[^\n]{0,200}\b403\b",
        "The instance may not read the revision from S3.",
        "Its instance profile needs s3:GetObject (and s3:GetObjectVersion) on the bucket, and kms:Decrypt on "
        "the key where the bucket is encrypted with one; the CI job's permissions do not count here.",
        "DownloadBundle",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"e-?tag",
        "The object in S3 is no longer the one that was registered: it was overwritten meanwhile.",
        "Use a key that holds {{digest}}, so that no run overwrites another's bundle.",
        "DownloadBundle",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"execution expired|failed to open tcp|getaddrinfo|unable to connect to|connection timed out"
        r"|Net::(?:Open|Read)Timeout|connection (?:reset|refused)|network is unreachable|SSL_connect",
        "The instance cannot reach S3 or the service over the network, or not in time.",
        "Check its route, NAT or VPC endpoint for S3, security group and DNS, and proxy_uri in the agent's "
        "codedeployagent.yml.",
        "DownloadBundle",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"no space left on device|ENOSPC|disk quota exceeded|disk is (?:\(or was\) )?full",
        "The instance's disk is full.",
        "Free space or enlarge the volume; the agent keeps old revisions in /opt/codedeploy-agent "
        "(max_revisions in codedeployagent.yml).",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"error extracting (?P<kind>\w{1,20}) archive|not in gzip format|end-of-central-directory"
        r"|unexpected end of (?:file|archive)|does not look like a tar|zip end of central directory",
        "The archive cannot be unpacked: it is cut short, or is not of the type that was registered.",
        "Register the type that the archive really has (zip, tar or tgz), and upload it again.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"already exists\b[^\n]{0,300}deployment-archive|deployment-archive[^\n]{0,300}' already exists",
        "The agent cannot unpack the archive: a name is in it twice, or it was unpacked before.",
        "Look for two entries of the same name, also ones that differ in upper and lower case.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"specified file already exists at this location:?\s{0,20}(?P<path>[^\n]{0,400})",
        "{path} is already on the instance and was not put there by CodeDeploy.",
        "Set file-exists-behavior: OVERWRITE (or RETAIN), or remove the file in BeforeInstall.",
        source=_AGENT,
    ),
    clue(
        r"File exists\b[^\n]{0,80}(?:symlink|link)",
        "A link of the bundle is in the way of itself: the agent never overwrites links.",
        "Remove the link in BeforeInstall, or create it in AfterInstall instead.",
        source=_RUBY,
    ),
    clue(
        r"Too many levels of symbolic links|ELOOP",
        "Links in the bundle lead in a circle: the agent follows links to folders.",
        "Leave those links out, or package what they lead to.",
        source=_RUBY,
    ),
    clue(
        r"did not find an AppSpec file|No such file or directory\b[^\n]{0,40}? /[^\n]{0,300}/appspec\.ya?ml",
        "The unpacked bundle has no appspec.yml at its root, or the agent's deployment-root was emptied.",
        "Name the folder that holds it as source, and do not delete anything below deployment-root.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
    clue(
        r"No such file or directory\b[^\n]{0,40}? /[^\n]{0,300}/deployment-archive/(?P<key>[^\n]{1,300})",
        "`files` of the AppSpec names {key}, which is not in the bundle.",
        "Check the source in upper and lower case, and what exclude and .codedeployignore leave out.",
        "Install",
        source=_RUBY,
        place=Place.SOURCE,
    ),
    clue(
        r"unknown lifecycle events?:? \[?\"?(?P<key>\w{0,80})",
        "The AppSpec hooks an event that does not exist: {key}.",
        "Correct the event's name in hooks.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
    clue(
        r"unsupported os\b|unsupported operating system",
        "`os` of the AppSpec has to be linux or windows.",
        "Correct it in appspec.yml.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="os",
    ),
    clue(
        r"(?:unsupported|invalid|unrecognized) (?:\w{1,20} )?version\b",
        "`version` of the AppSpec has to be the number 0.0, without quotes.",
        "Correct it in appspec.yml; where the message shows an empty version, a byte order mark comes first.",
        source=_AGENT,
        place=Place.APPSPEC,
        key="version",
    ),
    clue(
        r"(?:did not find expected|could not find expected|found character|mapping values are not allowed"
        r"|unknown alias|found unexpected|block sequence entries)[^\n]{0,200}?"
        r"(?: at line (?P<line>\d{1,6}) column|$)",
        "The AppSpec is not valid YAML.",
        "Correct the line that the message names; tabs and missing quotes are the usual causes.",
        source=_PSYCH,
        place=Place.APPSPEC,
    ),
    clue(
        r"appspec[^\n]{0,40} (?:is|was) empty|undefined method\b[^\n]{0,40}\bfor (?:false|nil)\b[^\n]{0,20}",
        "The AppSpec is empty, or a key of it has no value where the agent needs one (an empty hook, say).",
        "Fill it in, or remove the key.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
    clue(
        r"undefined method .each' for [^\n]{0,80}String",
        "A value of the AppSpec is a plain text where a list belongs (`type` in permissions, say).",
        "Write it as a list: [file].",
        source=_AGENT,
        place=Place.APPSPEC,
        key="permissions",
    ),
    clue(
        r"permission denied|EACCES|file is being used|sharing violation|text file busy|ETXTBSY"
        r"|read-only file system|EROFS",
        "The agent cannot write there: a running process holds the file, or the target is read-only.",
        "Stop what uses the file in ApplicationStop or BeforeInstall (on Windows a running service locks its "
        "DLLs); on Linux look for a read-only mount or an immutable file (lsattr).",
        "Install",
        source=_RUBY,
    ),
)
"""Clues to search for in the agent's own messages, the most certain first."""
