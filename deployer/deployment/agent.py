"""Messages of the CodeDeploy agent's own failures, with their causes.

The words are the agent's own, from its source, or those of the libraries it calls (Ruby, the AWS SDK).
"""

from __future__ import annotations

from deployer.deployment.causes import AGENT_NEVER_ANSWERED, Place
from deployer.deployment.clues import clue

_AGENT = "aws-codedeploy-agent, lib/instance_agent"
_GUIDE = "AWS CodeDeploy user guide, troubleshooting"
_RUBY = "Ruby's Errno and net/http, as the agent passes them on"
_IAM = "AWS IAM user guide, access denied error messages"
_S3 = "Amazon S3 and AWS KMS, error responses"

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
        r"missing ?credentials|instance profile|unable to (?:locate|load) credentials|not opened for reading"
        r"|without credentials|failed to load credentials|no such iam role|(?:unable to|cannot) assume role"
        r"|instance metadata",
        "The instance has no credentials, or none that may read the revision from S3.",
        "Attach an instance profile that allows s3:GetObject on the bucket, and restart the agent; the CI "
        "job's permissions do not count here.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"specified (?:key|version) does not exist|NoSuchKey|NoSuchVersion",
        "The revision is not in the bucket: the key is misspelled, or the object was deleted.",
        "Check the key, and look for a lifecycle rule that deletes it.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"PKCS7|require AWS Signature Version 4|authorization mechanism you have provided is not supported",
        "The CodeDeploy agent is too old for the way in which the service or S3 signs requests today.",
        "Update the agent on the instance, and in the image that instances are launched from.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"specified bucket does not exist|NoSuchBucket|bucket is not valid",
        "The revision's bucket no longer exists.",
        "Check the bucket's name and account, and upload the revision again.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"addressed using the specified endpoint|PermanentRedirect|authorization header is malformed"
        r"|incorrect region|AuthorizationHeaderMalformed",
        "The bucket is not in the instance's region.",
        "Use a bucket in the region of the deployment; the agent reads revisions from there only.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"security token[^\n]{0,80}(?:expired|invalid)|ExpiredToken|access key id you provided does not exist"
        r"|signature we calculated does not match|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken"
        r"|UnrecognizedClient",
        "The agent's credentials have expired or are wrong.",
        "On EC2, restart the agent and remove stale keys from its environment and from ~/.aws of root, so "
        "that it uses the instance profile; on premises, renew those in codedeploy.onpremises.yml.",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"request time[^\n]{0,60}too large|RequestTimeTooSkewed|signature (?:expired|not yet current)",
        "The instance's clock is wrong by more than AWS allows.",
        "Set it, with chrony or the time service of Windows.",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"with an explicit deny in (?:an?|the) (?P<kind>VPC endpoint|permissions boundary|session"
        r"|service control|resource control|resource-based|identity-based)",
        "A policy denies the instance the read of the revision, whatever its role allows ({kind} policy).",
        "Change that policy: a resource-based one is that of the bucket or the key, service control and "
        "resource control policies are those of the organization.",
        "DownloadBundle",
        source=_IAM,
        place=Place.NOWHERE,
    ),
    clue(
        r"with an explicit deny",
        "Some policy denies the instance the read of the revision explicitly, whatever its role allows.",
        "Look for a Deny in the policies of the bucket, the key, the VPC endpoint, the role and the "
        "organization.",
        "DownloadBundle",
        source=_IAM,
        place=Place.NOWHERE,
    ),
    clue(
        r"because no (?P<kind>VPC endpoint|permissions boundary|session|service control|resource control"
        r"|resource-based)\b[^\n]{0,20} allows the (?P<action>[\w-]{1,40}:\w{1,80})",
        "The instance may not read the revision: a policy beside its role's lacks {action} ({kind}).",
        "Allow it there; the instance profile alone does not suffice.",
        "DownloadBundle",
        source=_IAM,
        place=Place.NOWHERE,
    ),
    clue(
        r"ciphertext refers to|kms:Decrypt|KMS\.\w{1,60}Exception|\bkms\b[^\n]{0,200}(?:denied|disabled"
        r"|pending)"
        r"|master key[^\n]{0,100}(?:not exist|disabled)",
        "The instance may not use the KMS key that the revision is encrypted with, or the key is gone.",
        "Allow kms:Decrypt on that key in the instance profile and in the key's policy, and check that the "
        "key is enabled and in this region.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"object's storage class|InvalidObjectState",
        "The revision is archived: its storage class cannot be read at once.",
        "Restore the object or upload it again, and keep lifecycle rules from archiving revisions.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"rate limit exceeded|reduce your request rate|SlowDown|encountered an internal error|InternalError"
        r"|\b50[0234]\b ?'?(?:Bad Gateway|Internal|Service|Gateway)|^Service ?Unavailable",
        "S3 or GitHub could not serve the bundle at that moment: it is overloaded, or limits the requests.",
        "Deploy again later, or to fewer instances at once.",
        "DownloadBundle",
        source=_S3,
        place=Place.NOWHERE,
    ),
    clue(
        r"github\.com[^\n]{0,200}\b40[134]\b|\b40[134]\b[^\n]{0,200}github\.com|^40[14]\b",
        "CodeDeploy found no such commit on GitHub, or may not read the repository.",
        "Connect CodeDeploy to GitHub (in the console: edit the application), with an account that may read "
        "the repository, and check the commit.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"access ?denied|is not authorized|status code 403|\bforbidden\b|^403\b",
        "The instance may not read the revision from S3.",
        "Its instance profile needs s3:GetObject (and s3:GetObjectVersion) on the bucket, and kms:Decrypt on "
        "the key where the bucket is encrypted with one; the CI job's permissions do not count here.",
        "DownloadBundle",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"\be-?tag\b",
        "The object in S3 is no longer the one that was registered: it was overwritten in the meantime.",
        "Use a key that contains {{digest}}, so that no run overwrites another's bundle.",
        "DownloadBundle",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"certificate verify failed|invalid server certificate|SSL validation error",
        "The agent does not trust the certificate that S3 or the service shows it.",
        "Check the instance's clock and its certificate authorities (package ca-certificates, on Windows "
        "root certificates), and whether a proxy reads the traffic; update the agent.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"execution expired|failed to open tcp|getaddrinfo|unable to connect to|connection timed out"
        r"|Net::(?:Open|Read|Write)Timeout|connection (?:reset|refused)|network is unreachable"
        r"|SSL_connect (?!returned=1[^\n]{0,80}certificate)"
        r"|- SSL_connect|no route to host|end of file reached|EOFError|SocketError|hostname not known"
        r"|HTTP content length|truncated body|body truncated|NetworkingError|s3 endpoint override|ECONNRESET"
        r"|ETIMEDOUT|^broken pipe",
        "The instance cannot reach S3 or the service over the network, or not in time.",
        "Check its route, NAT or VPC endpoint for S3, security group and DNS, and proxy_uri in the agent's "
        "codedeployagent.yml.",
        "DownloadBundle",
        "ApplicationStop",
        "BeforeInstall",
        "Install",
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
        r"error deleting directories",
        "The agent cannot delete the archives of old deployments.",
        "Look at who owns the folders below deployment-root, for immutable files (lsattr), and whether rm "
        "is in the agent's PATH; delete them by hand, but not that of the last successful deployment.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"(?:permission denied|operation not permitted)[^\n]{0,80}(?:ongoing-deployment"
        r"|deployment-root/deployment-"
        r"|/Amazon/CodeDeploy/)",
        "The agent cannot write into its own folder.",
        "Check that it runs as root or SYSTEM, and keep virus scanners and other jobs away from that folder.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"error extracting \w{1,20} archive|not in gzip format|end-of-central-directory"
        r"|unexpected end of (?:file|archive)|does not look like a tar|zip end of central directory"
        r"|cannot find zipfile|incorrect header check|entry is bigger|exit code from unzip"
        r"|zip file could not be opened|zlib|Zip::\w{0,40}Error|buffer error|invalid (?:code lengths"
        r"|block type"
        r"|stored block|distance)|unsupported (?:compression|bundle)|BundleType|bundle_type",
        "The archive cannot be unpacked: it is truncated, or is not of the registered type.",
        "Register the type that the archive really has (zip, tar or tgz), and upload it again.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"already exists\b[^\n]{0,300}deployment-archive|deployment-archive[^\n]{0,300}' already exists",
        "The agent cannot unpack the archive: it contains a name twice, or it was unpacked before.",
        "Look for two entries with the same name, including names that differ only in case.",
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
        r"File exists @ (?:rb_file_s_symlink|rb_file_s_link|syserr_fail2_in)|File exists[^\n]{0,80}link"
        r"|File exists - \([^\n]{1,300}, [^\n]{1,300}\)",
        "A link in the bundle already exists on the instance: the agent never overwrites links.",
        "Remove the link in BeforeInstall, or create it in AfterInstall instead.",
        "Install",
        source=_RUBY,
    ),
    clue(
        r"File exists @ dir_s_mkdir[^\n]{0,5}- (?P<path>[^\n]{1,300})"
        r"|(?:Not|Is) a directory @[^\n]{0,40}- (?P<other>[^\n]{1,300})",
        "{path}{other} is a file where a folder belongs, or a folder where a file does.",
        "Remove it in BeforeInstall, or correct the destination: it always names a folder.",
        "Install",
        source=_RUBY,
    ),
    clue(
        r"Directory not empty @ dir_s_(?:rm|unlink)dir - (?P<path>[^\n]{1,300})|Directory not empty - "
        r"(?P<old>[^\n]{1,300})",
        "The agent cannot remove {path}{old}, which the previous deployment created: it holds other files.",
        "Remove them in BeforeInstall; if every deployment fails so, delete the files that end in -cleanup "
        "in /opt/codedeploy-agent/deployment-root/deployment-instructions. Let no two deployment groups "
        "share a destination.",
        "Install",
        source=_AGENT,
    ),
    clue(
        r"incompatible character encodings|from ASCII-8BIT to UTF-8|invalid byte sequence in US-ASCII",
        "A name in the bundle, or the AppSpec, has letters that the agent cannot read: it runs without a "
        "UTF-8 locale.",
        "Rename it with ASCII letters, or give the agent's service the variable LANG=C.UTF-8.",
        source=_RUBY,
    ),
    clue(
        r"too many open files|EMFILE|ENFILE",
        "The agent has too many files open.",
        "Restart the agent, and raise its limit (LimitNOFILE of its service).",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"stale (?:NFS )?file handle|ESTALE|input/output error|\bEIO\b|transport endpoint is not connected",
        "The file system at the destination fails: a network share that is gone, or a broken disk.",
        "Mount it again (EFS, NFS), and look at dmesg on the instance.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"Invalid argument @",
        "The instance's file system does not allow such a name (on Windows: < > : \" | ? *).",
        "Rename the file in the bundle, or leave it out.",
        source=_RUBY,
    ),
    clue(
        r"on-premises configuration file|On Premises config",
        "The agent's configuration for on-premises instances is wrong.",
        "Correct codedeploy.onpremises.yml: region, and either iam_user_arn with its keys or iam_session_arn "
        "with aws_credentials_file.",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"File ?name too long|ENAMETOOLONG|path too long",
        "A path on the instance is longer than its system allows (Windows: 260 characters).",
        "Shorten the destination or the names; the agent's own folder takes about 100 characters.",
        source=_RUBY,
    ),
    clue(
        r"cannot allocate memory|failed to allocate memory|NoMemoryError|ENOMEM",
        "The instance ran out of memory.",
        "Use a larger instance, add swap, or stop what takes the memory before the deployment.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"cannot load such file|uninitialized constant|NameError|LoadError",
        "The CodeDeploy agent is damaged or half updated.",
        "Reinstall it, or restart it; on Windows look for a virus scanner that empties its temporary folder.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"No such file or directory - (?P<command>unzip|tar|rm)\b",
        "The agent lacks the command {command}.",
        "Install it in the instance's image.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"No such file or directory - getcwd",
        "The folder in which the agent was started is gone.",
        "Restart the agent; hooks must not delete the folder that they were started in.",
        source=_RUBY,
        place=Place.NOWHERE,
    ),
    clue(
        r"Too many levels of symbolic links|ELOOP",
        "Links in the bundle form a cycle: the agent follows links to folders.",
        "Leave those links out, or package their targets.",
        source=_RUBY,
    ),
    clue(
        r"did not find an AppSpec file"
        r"|No such file or directory\b[^\n]{0,40}? \S{0,3}/[^\n]{0,300}/appspec\.ya?ml",
        "The unpacked bundle has no appspec.yml at its root, or the agent's deployment-root was emptied.",
        "Name the folder that holds it as source, and do not delete anything below deployment-root.",
        source=_AGENT,
        place=Place.APPSPEC,
    ),
    clue(
        r"No such file or directory\b[^\n]{0,40}? \S{0,3}/[^\n]{0,300}/(?:bundle\.tar"
        r"|deployment-archive)\s*$",
        "The folder of this deployment was removed from the instance while the agent used it.",
        "Set max_revisions in codedeployagent.yml to at least 1, let no job clean up below deployment-root, "
        "and run only one agent.",
        "DownloadBundle",
        source=_AGENT,
        place=Place.NOWHERE,
    ),
    clue(
        r"No such file or directory\b[^\n]{0,40}?"
        r" \S{0,3}/[^\n]{0,300}/deployment-archive/{1,2}(?P<key>[^\n]{1,300})",
        "`files` in the AppSpec names {key}, which is not in the bundle.",
        "Check the source, including its case, and what exclude and .codedeployignore leave out.",
        "Install",
        source=_RUBY,
        place=Place.SOURCE,
    ),
    clue(
        r"permission denied|EACCES|being used by|sharing violation|text file busy|ETXTBSY"
        r"|read-only file system|EROFS|operation not permitted|EPERM|resource busy|EBUSY",
        "The agent cannot write there: a running process holds the file, or the target is read-only.",
        "Stop what uses the file in ApplicationStop or BeforeInstall (on Windows a running service locks its "
        "DLLs); on Linux look for a read-only mount or an immutable file (lsattr).",
        "Install",
        "DownloadBundle",
        source=_RUBY,
    ),
    clue(
        r"No such file or directory(?: @ \w{1,40})? - (?P<path>(?:/|[A-Za-z]:)[^\n]{1,300})",
        "{path} cannot be written: a folder on the way to it is a link to nothing; or, on Windows, a running "
        "process holds the file, or the path is longer than 260 characters.",
        "Remove the link or stop the process in BeforeInstall, or shorten the destination.",
        "Install",
        source=_RUBY,
    ),
)
"""Clues to search for in the agent's messages about its own work, the most certain first."""
