"""Describe an image: `sbom.py IMAGE FILE` writes what it holds as CycloneDX 1.6 JSON.

Components are Debian's packages, Python, the Python packages and the product, each with its licences and its
files; a file that belongs to none of them is an error. A component's hash is the SHA-256 of the list of its
files' own, as `sha256sum` prints it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Files = Mapping[str, bytes]
    """Path without the first slash → content; of a link, what it says."""

SITE = "opt/deployer/venv/lib/python3.13/site-packages/"
DPKG = "var/lib/dpkg/"
# Put into each container by the engine.
ENGINE = re.compile(r"\.dockerenv|(dev|proc|sys)/.*|etc/(hostname|hosts|mtab|resolv\.conf)")


@dataclass(frozen=True, slots=True)
class Part:
    """One component: what it is, and the paths of its files."""

    url: PackageURL
    licences: Iterable[str]
    files: Iterable[str]
    type: ComponentType = ComponentType.LIBRARY

    def component(self, files: Files) -> Component:
        """Return it as CycloneDX has it."""
        paths = sorted(self.files)
        sums = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  /{path}\n" for path in paths)
        return Component(
            type=self.type,
            name=self.url.name,
            version=self.url.version,
            purl=self.url,
            bom_ref=self.url.to_string(),
            licenses=[LicenseFactory().make_with_name(name) for name in self.licences if name],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(sums.encode()).hexdigest())],
            evidence=ComponentEvidence(occurrences=[Occurrence(location=f"/{path}") for path in paths]),
        )


def files_of(image: str) -> Files:
    """Read all files of an image."""
    container = docker("create", image).decode().strip()
    try:
        exported = docker("export", container)
    finally:
        docker("rm", container)
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        entries = [entry for entry in archive if not entry.isdir() and not ENGINE.fullmatch(entry.name)]
        opened = {entry.name: (archive.extractfile(entry) if entry.isreg() else None) for entry in entries}
        return {
            entry.name: file.read() if (file := opened[entry.name]) else entry.linkname.encode()
            for entry in entries
        }


def docker(*arguments: str) -> bytes:
    """Return what a command of docker prints."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True).stdout  # noqa: S603, S607


def debian(files: Files) -> Iterator[Part]:
    """Read Debian's packages and their files from dpkg's records."""
    for stanza in files[f"{DPKG}status"].decode().split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture): (.*)$", stanza, re.MULTILINE))
        name, architecture = fields["Package"], fields["Architecture"]
        lists = (files.get(f"{DPKG}info/{each}.list") for each in (name, f"{name}:{architecture}"))
        paths = [line.removeprefix("/") for line in next(filter(None, lists)).decode().splitlines()]
        notices = "".join(
            files[path].decode(errors="replace") for path in paths if path.endswith("/copyright")
        )
        yield Part(
            PackageURL("deb", "debian", name, fields["Version"], {"arch": architecture}),
            sorted(set(re.findall(r"^License: *(\S.*)$", notices, re.MULTILINE))),
            paths,
        )


def wheels(files: Files) -> Iterator[Part]:
    """Read the Python packages and their files from what pip has recorded."""
    for path in files:
        if not re.fullmatch(rf"{SITE}[^/]+\.dist-info/METADATA", path):
            continue
        about = Parser().parsestr(files[path].decode(), headersonly=True)
        classes = [each for each in about.get_all("Classifier", ()) if each.startswith("License ::")]
        named = about.get("License-Expression") or about.get("License", "").split("\n")[0]
        record = csv.reader(io.StringIO(files[path.replace("METADATA", "RECORD")].decode()))
        yield Part(
            PackageURL("pypi", None, about["Name"].lower().replace("_", "-"), about["Version"]),
            [named or next((each.rpartition(" :: ")[2] for each in classes), "")],
            [f"{SITE}{name}" for name, *_ in record],
        )


def parts_of(files: Files) -> list[Part]:
    """Divide the files among their components; SystemExit where one is left."""
    parts = [*debian(files), *wheels(files)]
    rest = files.keys() - {path for part in parts for path in part.files}
    python = {path for path in rest if re.match(r"usr/local/(bin/python|lib/)", path)}
    own = {path for path in rest - python if re.match(rf"opt/deployer/|usr/local/bin/deployer$|{DPKG}", path)}
    if left := sorted(rest - python - own):
        raise SystemExit(f"sbom: {', '.join(left)}: of no component")
    about = files["opt/deployer/venv/pyvenv.cfg"].decode()
    version = re.findall(r"^version = (.*)$", about, re.MULTILINE)[0]
    ours = re.findall(rb'^__version__ = "(.*)"$', files["opt/deployer/deployer/__init__.py"], re.MULTILINE)[0]
    parts.append(Part(PackageURL("generic", None, "python", version), ["PSF-2.0"], python))
    product = PackageURL("generic", None, "deployer", ours.decode())
    return [*parts, Part(product, ["MIT"], own, ComponentType.APPLICATION)]


def main(image: str, file: str) -> None:
    """Write down what the image holds."""
    files = files_of(image)
    bom = Bom(components=[part.component(files) for part in parts_of(files)])
    Path(file).write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
