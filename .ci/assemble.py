"""Assemble an image from what a build stage has: `assemble.py FOLDER` fills FOLDER/system and FOLDER/product.

The system is Python with those modules of its standard library that the product or a package can import, the
certificates, Debian's shells with the tools that CI's job scripts call, and each library that these load, all
from the base image, whose updates it follows. The records of dpkg and pip list exactly what was taken.
"""

from __future__ import annotations

import csv
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from modulefinder import ModuleFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PRODUCT = Path("/opt/deployer")
COMMAND = Path("/usr/local/bin/deployer")
SITE = PRODUCT / "venv/lib/python3.13/site-packages"
STDLIB = Path(sysconfig.get_path("stdlib"))
INFO = Path("/var/lib/dpkg/info")

# bash and dash also parse the hook scripts of bundles, so no other shell could take their place.
TOOLS = """
    bash dash sh
    basename cat chmod cp cut date dirname echo env false find grep gzip head id ln ls mkdir mkfifo mktemp
    mv nohup printenv printf pwd readlink realpath rm rmdir sed sha256sum sleep sort stat tail tar tee test
    timeout touch tr true uname uniq wc whoami xargs [
"""

# Left out though something imports it: on another system only, to debug or test itself, to speak FTP, or in
# place of a module in C that is always there.
UNUSED = """
    _aix_support _ios_support _osx_support _py_abc _pydatetime _pydecimal _pyrepl _testcapi _testinternalcapi
    _testlimitedcapi bdb cmd code codeop ctypes curses doctest ftplib nturl2path pdb plistlib pydoc readline
    rlcompleter sitecustomize test tkinter unittest usercustomize webbrowser xmlrpc
"""

# Imported by name only, by the interpreter itself: its start, a program's, dates, and the text encodings of
# archives, documents and host names.
BY_NAME = """
    _sitebuiltins _strptime codecs io linecache runpy site traceback unicodedata warnings
    encodings.aliases encodings.ascii encodings.charmap encodings.cp1252 encodings.cp437 encodings.idna
    encodings.iso8859_1 encodings.latin_1 encodings.punycode encodings.raw_unicode_escape
    encodings.unicode_escape encodings.utf_16 encodings.utf_16_be encodings.utf_16_le encodings.utf_32
    encodings.utf_8 encodings.utf_8_sig
"""

# Made on installation rather than unpacked, and by which package.
MADE = {
    "/etc/group": "base-passwd",
    "/etc/ld.so.cache": "libc-bin",
    "/etc/nsswitch.conf": "libc-bin",
    "/etc/passwd": "base-passwd",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
OTHERS = ("/etc/debian_version", "/etc/os-release", "/etc/ssl/openssl.cnf", "/usr/share/common-licenses")
LINKS = (
    "/bin",
    "/lib",
    "/lib64",
    "/sbin",
    "/usr/lib/ssl/cert.pem",
    "/usr/lib/ssl/certs",
    "/usr/lib/ssl/openssl.cnf",
)
EMPTY = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}


def real(path: Path) -> Path:
    """Return where a path really is, the last link itself excepted: /lib is a link to /usr/lib."""
    return Path(os.path.realpath(path.parent), path.name)


class System:
    """A folder that files of this system are copied to, each to its own place, with what links lead to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: set[Path] = set()

    def take(self, path: Path) -> None:
        """Copy a file, a link and the file behind it, or a folder's files."""
        path = real(path)
        if path in self.taken:
            return
        target = self.place(path)
        if path.is_symlink():
            self.taken.add(path)
            target.symlink_to(path.readlink())
            if not path.is_dir():
                self.take(path.parent / path.readlink())
        elif path.is_dir():
            for each in sorted(path.iterdir()):
                self.take(each)
        else:
            self.taken.add(path)
            shutil.copy2(path, target)

    def compile(self, path: Path) -> None:
        """Put a module's byte code, never checked against its source, where the source would be."""
        self.taken.add(path.with_suffix(".pyc"))
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        target = str(self.place(path.with_suffix(".pyc")))
        py_compile.compile(str(path), target, str(path), doraise=True, invalidation_mode=unchecked)

    def place(self, path: Path) -> Path:
        """Return where a path of this system is in the folder, whose parent exists from now on."""
        target = self.folder / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def modules_of(root: Path) -> Iterator[str]:
    """Name the modules below a folder of sources."""
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def standard_modules() -> list[Path]:
    """Find the files of the standard library that the product and its packages can import, however late."""
    dynamic = Path(sysconfig.get_path("platstdlib"), "lib-dynload")
    finder = ModuleFinder([str(path) for path in (PRODUCT, SITE, STDLIB, dynamic)], excludes=UNUSED.split())
    ours = (f"deployer.{name}".rstrip(".") for name in modules_of(PRODUCT / "deployer"))
    build = sysconfig._get_sysconfigdata_name()  # type: ignore[attr-defined]  # noqa: SLF001 - so does zoneinfo
    for name in (*BY_NAME.split(), build, "entrypoint", *ours, *modules_of(SITE)):
        finder.import_hook(name)
    files = (Path(path) for each in finder.modules.values() if (path := getattr(each, "__file__", None)))
    return sorted(path for path in files if path.is_relative_to(STDLIB) or path.is_relative_to(dynamic))


def libraries_of(files: Iterable[Path]) -> Iterator[Path]:
    """Name the loader and the libraries that programs and libraries load; SystemExit where one is missing."""
    elf = [str(path) for path in files if path.is_file() and path.open("rb").read(4) == b"\x7fELF"]
    listed = subprocess.run(["ldd", *elf], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607
    if missing := re.findall(r"\S+ => not found", listed):
        raise SystemExit(f"assemble: {', '.join(missing)}")
    yield from map(Path, sorted(set(re.findall(r"(/\S+) \(0x", listed)) - set(elf)))


def owners() -> dict[Path, str]:
    """Map each path of a Debian package to its name in dpkg's records."""
    packages = {line: listing.stem for listing in INFO.glob("*.list") for line in lines_of(listing)}
    return {real(Path(path)): name for path, name in (packages | MADE).items()}


def lines_of(path: Path) -> list[str]:
    """Return a text file's lines."""
    return path.read_text(encoding="utf-8").splitlines()


def record_packages(system: System) -> None:
    """Write dpkg's status and lists of what was taken, so that scanners find those packages and no others."""
    owner_of = owners()
    files: dict[str, set[Path]] = {}
    for path in system.taken:
        source = path.with_suffix(".py") if path.suffix == ".pyc" else path
        if owner := owner_of.get(path) or owner_of.get(source):
            files.setdefault(owner, set()).add(path)
    for owner in sorted(files):
        notice = real(Path("/usr/share/doc", owner.partition(":")[0], "copyright"))  # some share a folder
        if notice.is_file() and notice not in system.taken:
            system.take(notice)
            files[owner].add(notice)
    for owner, paths in files.items():
        listing = system.place(INFO / f"{owner}.list")
        listing.write_text("".join(f"{path}\n" for path in sorted(paths)), encoding="utf-8")
    names = {owner.partition(":")[0] for owner in files}
    stanzas = Path("/var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n")
    kept = [each for each in stanzas if each.partition("\n")[0].removeprefix("Package: ") in names]
    system.place(Path("/var/lib/dpkg/status")).write_text("\n\n".join(kept) + "\n", encoding="utf-8")


def record_distributions() -> None:
    """Make each wheel's RECORD list what is left of it: byte code for sources, no scripts, no hashes."""
    for record in SITE.glob("*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            names = [name for name, *_ in csv.reader(file)]
        names = sorted({each for name in names for each in (name, f"{name}c") if Path(SITE, each).is_file()})
        with record.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows((name, "", "") for name in names)


def finish_product() -> None:
    """Compile all, never to be checked against a source; packages keep no source, and no scripts."""
    for path in list(PRODUCT.rglob("__pycache__")):
        shutil.rmtree(path)
    command = [sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    for what in (["-b", SITE], [PRODUCT / "deployer", PRODUCT / "entrypoint.py"]):
        subprocess.run([*command, *map(str, what)], check=True)  # noqa: S603
    for path in SITE.rglob("*.py"):
        path.unlink()
    for path in (PRODUCT / "venv/bin").iterdir():
        if not path.name.startswith("python"):
            path.unlink()
    record_distributions()


def main(folder: Path) -> None:
    """Fill the two folders, all of one time, so that the same files make the same layer."""
    system = System(folder / "system")
    modules = standard_modules()
    finish_product()
    for path in modules:
        if path.suffix == ".py":
            system.compile(path)
        else:
            system.take(path)
    programs = (f"/usr/bin/{name}" for name in TOOLS.split())
    links = filter(os.path.islink, LINKS)
    for name in (*programs, "/usr/local/bin/python", "/usr/local/bin/python3", *links, *MADE, *OTHERS):
        system.take(Path(name))
    libraries = list(libraries_of([*system.taken, *SITE.rglob("*.so")]))
    for path in libraries:
        system.take(path)
    folders = sorted({str(real(path).parent) for path in libraries})
    subprocess.run(["/sbin/ldconfig", "-X", "-r", system.folder, *folders], check=True)  # noqa: S603
    record_packages(system)
    for name, mode in EMPTY.items():
        made = system.folder / name
        made.mkdir(parents=True)
        made.chmod(mode)
    for path in (PRODUCT, COMMAND):
        target = folder / "product" / path.relative_to("/")
        target.parent.mkdir(parents=True)
        shutil.move(path, target)
    for path in folder.rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
