"""Last output of clients of AWS, of databases and of web servers, with its meaning."""

from __future__ import annotations

from deployer.deployment.clues import clue

_AWS = "AWS CLI, error messages"
_DATABASES = "MySQL, PostgreSQL and SQL Server, error messages"

REMOTE_CLUES = (
    clue(
        r"\((?P<code>ExpiredToken\w{0,20}|InvalidClientTokenId|UnrecognizedClient\w{0,20}"
        r"|SignatureDoesNotMatch"
        r"|AuthFailure|InvalidAccessKeyId|InvalidToken)\) when calling",
        "The AWS credentials that the script uses have expired or are wrong ({code}).",
        "Remove keys from the script, its environment and ~/.aws, so that it uses the instance profile.",
        source=_AWS,
    ),
    clue(
        r"\((?P<code>Throttling\w{0,20}|RequestLimitExceeded|TooManyRequests\w{0,20}"
        r"|SlowDown)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "AWS throttles {operation}, which the script calls on all instances at the same time.",
        "Deploy to fewer instances at once, or let the script retry (AWS_RETRY_MODE=adaptive, "
        "AWS_MAX_ATTEMPTS).",
        source=_AWS,
    ),
    clue(
        r"\((?P<code>ParameterNotFound|ResourceNotFoundException|NoSuchKey|NoSuchBucket"
        r"|404)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "AWS has nothing of the name that the script asks for in this account and region: {operation}, "
        "{code}.",
        "Check the name, and the region that the script uses (AWS_DEFAULT_REGION).",
        source=_AWS,
    ),
    clue(
        r"config profile \(?(?P<profile>[^)\n]{1,100})\)? could not be found|partial credentials found",
        "The AWS CLI finds no complete profile for the hook's user. {profile}",
        "Leave --profile and AWS_PROFILE out, so that the instance profile is used; hooks run as root "
        "unless runas says otherwise, whose ~/.aws is another.",
        source=_AWS,
    ),
    clue(
        r"aws: error: (?:argument|invalid)|found invalid choice",
        "The AWS CLI on the instance has no such command or option: it is of another version.",
        "Install version 2; aws ecr get-login is gone from it: use get-login-password.",
        source=_AWS,
    ),
    clue(
        r"unable to locate credentials|NoCredentialsError|NoCredentialProviders"
        r"|credentials from any providers",
        "The script calls AWS, but the instance has no credentials.",
        "Attach an instance profile, and run the hook as a user that can reach it (root can).",
        source=_AWS,
    ),
    clue(
        r"access to KMS is not allowed|ciphertext refers to|not authorized to perform: kms:"
        r"|the resource associated with this ciphertext",
        "The script reads what is encrypted with a KMS key that the instance's role may not use.",
        "Allow kms:Decrypt on the key in the role of the instance and in the key's policy; the key must be "
        "in the same region.",
        source=_AWS,
    ),
    clue(
        r"not authorized to perform: (?P<action>[\w-]{1,40}:\w{1,80})",
        "The instance profile does not allow {action}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source=_AWS,
    ),
    clue(
        r"an error occurred \((?:AccessDenied\w{0,20}|UnauthorizedOperation|403)\) when calling the "
        r"(?P<operation>\w{1,80})",
        "The instance profile does not allow {operation}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source=_AWS,
    ),
    clue(
        r"error executing \"(?P<operation>\w{1,80})\"[^\n]{0,400}(?:403 Forbidden|AccessDenied)",
        "The instance profile does not allow {operation}, which the script calls.",
        "Allow it in the role of the instance, not in that of the CI job.",
        source="AWS SDK for PHP, error messages",
    ),
    clue(
        r"you must specify a region|could not find region|NoRegionError|missing region",
        "The script calls AWS without a region.",
        "Set AWS_DEFAULT_REGION in the hook: the agent does not pass on a region.",
        source=_AWS,
    ),
    clue(
        r"access denied for user|(?:password|peer|ident) authentication failed|login failed for user"
        r"|no pg_hba\.conf entry|authentication failed\.?$",
        "The database rejects the application's user or password.",
        "Check the settings on the instance: hooks do not see variables of a login shell.",
        source=_DATABASES,
    ),
    clue(
        r"remaining connection slots|too many connections|too many clients",
        "The database accepts no more connections.",
        "Look for connections that earlier deployments left open, or raise the limit (max_connections).",
        source=_DATABASES,
    ),
    clue(
        r"\b(?:table|relation|column|index|database|view|type|constraint) \W?[\w.-]{1,100}\W? already exists"
        r"|42S01|42P07|duplicate column name",
        "A migration creates what the database already has.",
        "An earlier run stopped halfway, or another instance migrates at the same time: correct the record "
        "of migrations, and let only one instance run them.",
        source=_DATABASES,
    ),
    clue(
        r"unknown database '|database \W?[\w-]{1,80}\W? does not exist|no such table"
        r"|relation \"\S{1,100}\" does not exist"
        r"|base table or view not found|undefined_table|table '\S{1,100}' doesn't exist",
        "The database lacks a table, or does not exist: its migrations have not run.",
        "Create it, and run the migrations before what needs them.",
        source=_DATABASES,
    ),
    clue(
        r"can't connect to (?:local )?(?:mysql |mariadb )?server|could not connect to server: "
        r"|SQLSTATE\[HY000\] \[200[0-9]\]|connection to server at [^\n]{1,200} failed|ERROR 200[23]"
        r"|communications link failure|(?:PG|Mysql2)::ConnectionBad",
        "The database does not answer: it is not running, or the instance may not reach it.",
        "Check host and port in the application's settings on the instance, and the database's security "
        "group.",
        source=_DATABASES,
    ),
    clue(
        r"requested URL returned error: (?P<status>\d{3})"
        r"|HTTP(?:/\d\.\d)?(?: status)?(?: code)?[ =:]{1,3}(?P<other>[45]\d\d)\b"
        r"|(?:status|code)[ :=]{1,3}(?P<code>5\d\d)\b",
        "The server responds, but with HTTP status {status}{other}{code}.",
        "Check the URL. If the script checks the application, look at its log; it may need more time to "
        "start.",
        source="curl and wget, error messages",
    ),
)
