"""Describe an image: `sbom.py IMAGE FILE` writes what it holds as CycloneDX 1.6 JSON.

Components are Debian's packages, Python with the OpenSSL that it uses, and the Python packages, each with its
licences. A component's hash is the SHA-256 of what describes it there: dpkg's `md5sums` of its files, a
wheel's `METADATA`, and of Python the interpreter.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

PYTHON = "/opt/deployer/venv/bin/python"
COLLECT = """
import hashlib, json, platform, re, ssl, sys
from importlib.metadata import distributions
from pathlib import Path

def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

def license_of(meta):
    named = meta.get("License-Expression") or meta.get("License", "").split("\\n")[0]
    classes = [each for each in meta.get_all("Classifier") or () if each.startswith("License ::")]
    return named or next((each.rpartition(" :: ")[2] for each in classes), "")

pythons = [
    {"type": "pypi", "name": d.name.lower().replace("_", "-"), "version": d.version,
     "licences": [license_of(d.metadata)],
     "sha256": hashlib.sha256((d.read_text("METADATA") or "").encode()).hexdigest()}
    for d in distributions()
]
debians = []
status = Path("/var/lib/dpkg/status")
for block in (status.read_text() if status.is_file() else "").split("\\n\\n"):
    fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", block, re.M))
    if fields.get("Status", "").endswith(" installed"):
        name = fields["Package"]
        copyright = Path(f"/usr/share/doc/{name}/copyright")
        text = copyright.read_text(errors="replace") if copyright.is_file() else ""
        names = (name, f"{name}:{fields['Architecture']}")
        lists = [Path(f"/var/lib/dpkg/info/{each}.md5sums") for each in names]
        debians.append(
            {"type": "deb", "name": name, "version": fields["Version"], "arch": fields["Architecture"],
             "licences": sorted(set(re.findall(r"^License: *(\\S.*)$", text, re.M))),
             "sha256": next(filter(None, map(digest, lists)), "")}
        )
interpreter = {"type": "generic", "name": "python", "version": platform.python_version(),
               "licences": ["PSF-2.0"], "sha256": digest(Path(sys.executable).resolve())}
openssl = {"type": "generic", "name": "openssl", "version": ssl.OPENSSL_VERSION.split()[1],
           "licences": ["Apache-2.0"], "sha256": ""}
print(json.dumps([interpreter, openssl, *debians, *pythons]))
"""


def components(found: list[Mapping[str, Any]]) -> Iterator[Component]:
    """Return what was found as components of the description, sorted."""
    factory = LicenseFactory()
    for each in sorted(found, key=lambda each: (each["type"], each["name"])):
        namespace = "debian" if each["type"] == "deb" else None
        qualifiers = {"arch": each["arch"]} if "arch" in each else {}
        url = PackageURL(each["type"], namespace, each["name"], each["version"], qualifiers)
        yield Component(
            type=ComponentType.LIBRARY,
            name=each["name"],
            version=each["version"],
            purl=url,
            bom_ref=url.to_string(),
            licenses=[factory.make_with_name(name) for name in each["licences"] if name],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each["sha256"])] if each["sha256"] else [],
        )


def main(image: str, file: str) -> None:
    """Ask the image what it holds and write it down."""
    command = [
        "docker",
        "run",
        "--rm",
        "--network=none",
        f"--entrypoint={PYTHON}",
        image,
        "-I",
        "-c",
        COLLECT,
    ]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603
    bom = Bom(components=components(found))
    Path(file).write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
