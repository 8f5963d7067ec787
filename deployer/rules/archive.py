"""Rules of a ready-made archive: what the agent can open."""

from __future__ import annotations

from deployer.rules import AGENT, WARNING, Rule

UNREADABLE = Rule(
    code="archive-unreadable",
    message="{path} cannot be opened: {reason}.",
    hint="It is damaged, or the step that builds it was interrupted; build it again.",
    bad="head -c 1000 app.zip > truncated.zip",
    good="zip -qr app.zip .",
    source=AGENT,
)
UNKNOWN_TYPE = Rule(
    code="archive-unknown-type",
    message="{path} is neither zip, tar nor tgz.",
    hint="Build it with `zip -r`, `tar -cf` or `tar -czf`.",
    bad="7z a app.7z app/",
    good="tar -czf app.tgz app/",
    source=AGENT,
)
TYPE_MISMATCH = Rule(
    code="archive-type-mismatch",
    message="{path} is a {found} archive by its content, not the {named} that its name says. It is "
    "registered as {found}, which the agent opens.",
    hint="Name it {stem}.{found}, or build the type that the name says.",
    bad="tar -czf app.zip app/",
    good="tar -czf app.tgz app/",
    source=AGENT,
    severity=WARNING,
)
COMPRESSION = Rule(
    code="archive-compression",
    message="{path} is a tar archive compressed with {method}. The agent's tar opens it only on instances "
    "where {method} is installed.",
    hint="Build it with `tar -czf`.",
    bad="tar -cJf app.tar app/",
    good="tar -czf app.tgz app/",
    source=f"{AGENT}, GNU tar",
    severity=WARNING,
)
DUPLICATE = Rule(
    code="archive-duplicate",
    message="{member}{more} is in the archive more than once; the last one replaces those before it.",
    hint="Build a new archive instead of adding to an old one.",
    bad="tar -rf app.tar app/config.json   # a second time",
    good="tar -cf app.tar app",
    source=AGENT,
    severity=WARNING,
)
ENCRYPTED = Rule(
    code="archive-encrypted",
    message="{member}{more} is encrypted; the agent has no password.",
    hint="Build the archive without a password; S3 encrypts at rest.",
    bad="zip -e app.zip file",
    good="zip app.zip file",
    source=AGENT,
)
METHOD = Rule(
    code="archive-method",
    message="{member}{more} is compressed with {method}, which the agent cannot open.",
    hint="Use deflate (what `zip` does by default).",
    bad="7z a -tzip -mm=LZMA app.zip app/",
    good="7z a -tzip -mm=Deflate app.zip app/",
    source=AGENT,
)
METHOD_RARE = Rule(
    code="archive-method-rare",
    message="{member}{more} is compressed with {method}, which not every unzip on an instance can open.",
    hint="Use deflate (what `zip` does by default).",
    bad="zip -Z bzip2 app.zip file",
    good="zip app.zip file",
    source=AGENT,
    severity=WARNING,
)
BACKSLASH = Rule(
    code="archive-backslash",
    message="{member}{more} has backslashes in its name, which do not separate folders on Linux.",
    hint="Build the archive with forward slashes (Compress-Archive before PowerShell 7 does not).",
    bad="app\\a.txt",
    good="app/a.txt",
    source=AGENT,
)
OLD_NAME = Rule(
    code="archive-old-name",
    message="{member}{more} has a name in a DOS character set; the agent fails on it.",
    hint="Build the archive with UTF-8 names (7-Zip: `-mcu=on`), or use plain ASCII.",
    bad="caf\\x82 (CP437, made on Windows)",
    good="café (UTF-8)",
    source=AGENT,
)
FILE_AND_FOLDER = Rule(
    code="archive-file-and-folder",
    message="{member}{more} is both a file and a folder in the archive, so it cannot be unpacked.",
    hint="Build a new archive instead of adding to an old one.",
    bad="app (a file), app/a.txt",
    good="app/a.txt",
    source=AGENT,
)
NO_TARGET = Rule(
    code="archive-link-without-target",
    message="{member}{more} is a link to nothing that came before it in the archive; tar fails on it.",
    hint="Build the archive with all names of the file, or with `--hard-dereference`.",
    bad="tar -cf app.tar second-name   # a hard link",
    good="tar -cf app.tar first-name second-name",
    source=AGENT,
)
MEMBER_TYPE = Rule(
    code="archive-member-type",
    message="{member}{more} is of a type that tar cannot unpack on its own.",
    hint="Build the archive with plain `tar -cf`, without volumes or incremental backups.",
    bad="tar -cM -L 100 -f app.tar app",
    good="tar -cf app.tar app",
    source=AGENT,
)
OUTSIDE = Rule(
    code="archive-outside",
    message="{member}{more} would be unpacked outside the bundle.",
    hint="Build the archive from inside the folder, with relative names.",
    bad="tar -cPf app.tar /home/me/app",
    good="tar -cf app.tar -C /home/me/app .",
    source=AGENT,
)
THROUGH_LINK = Rule(
    code="archive-through-link",
    message="{member}{more} would be unpacked through a link in the archive.",
    hint="Build the archive from a folder, where a name is either a link or a folder.",
    bad="l -> app\nl/a.txt",
    good="app/a.txt\nl -> app",
    source="this tool (tools differ in where they unpack it)",
)
LINK_TARGET = Rule(
    code="archive-link-target",
    message="{member}{more} is a link whose target is longer than the 4096 bytes that Linux allows.",
    hint="Build the archive again; no file system could contain this link.",
    bad="l -> aaaaaaaa… (5000 letters)",
    good="l -> app",
    source="Linux (PATH_MAX)",
)
BOMB = Rule(
    code="archive-bomb",
    message="{path} holds {packed} and would unpack to {unpacked} or more.",
    hint="Build it again from the files to deploy. Files that must be this large can be packaged "
    "compressed, for a script to unpack.",
    bad="head -c 100G /dev/zero > app/disk.img; tar -czf app.tgz app",
    good="tar -czf app.tgz --exclude=disk.img app",
    source="this tool (more than 250 times its size, and 1 GiB)",
)
SPECIAL = Rule(
    code="archive-special-file",
    message="{name} is a {kind} that `files` copies; the installation never ends.",
    hint="Leave it out of the archive.",
    bad="mkfifo app/queue; tar -cf app.tar app",
    good="tar -cf app.tar --exclude=queue app",
    source=AGENT,
)
SPECIAL_MEMBER = Rule(
    code="archive-special-member",
    message="{name} is a {kind}, which the agent unpacks on each instance.",
    hint="Leave it out of the archive.",
    bad="mkfifo queue; tar -cf app.tar queue app appspec.yml",
    good="tar -cf app.tar app appspec.yml",
    source=AGENT,
    severity=WARNING,
)
SPECIAL_ZIPPED = Rule(
    code="archive-special-zipped",
    message="{member}{more} is a {kind}, which unzip turns into an ordinary file.",
    hint="Leave it out of the archive.",
    bad="mkfifo app/queue; zip -qr --fifo app.zip .",
    good="zip -qr app.zip . --exclude app/queue",
    source=AGENT,
    severity=WARNING,
)
NO_MODES = Rule(
    code="archive-no-modes",
    message="{member}{more} has no permissions recorded, so unzip creates it with mode 0000.",
    hint="Set the mode of each member when building the archive.",
    bad="archive.writestr(zipfile.ZipInfo('app/a.txt'), data)",
    good="archive.write('app/a.txt')",
    source=AGENT,
    severity=WARNING,
)
