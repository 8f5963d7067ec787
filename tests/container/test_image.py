"""The image: what is in it, what is not, and that trimming took nothing that is used."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.container.docker import ROOT, builder, docker, python, weight

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000

TRIMMED = runpy.run_path(str(ROOT / ".ci/trim-packages.py"))
WHOLE, MODELLED = sorted(TRIMMED["SERVICES"]), sorted(TRIMMED["MODELLED"])

KNOWN = """
import json
from botocore.session import Session
session = Session()
loader, resolver = session.get_component("data_loader"), session.get_component("endpoint_resolver")
def shape(value):
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if not (k == "documentation" and isinstance(v, str))}
    return [shape(item) for item in value] if isinstance(value, list) else value
known = {}
for name in whole:
    model = loader.load_service_model(name, "service-2")
    prefix = model["metadata"]["endpointPrefix"]
    known[name] = {
        "model": shape(model),
        "paginators": loader.load_service_model(name, "paginators-1"),
        "endpoints": {
            f"{partition}/{region}": resolver.construct_endpoint(prefix, region, partition)
            for partition in session.get_available_partitions()
            for region in [*session.get_available_regions(name, partition), "xx-new-9"]
        },
    }
for name in whole + modelled:
    known[f"rules of {name}"] = shape(loader.load_service_model(name, "endpoint-rule-set-1"))
print(json.dumps(known, sort_keys=True))
"""


def test_what_the_sdk_knows_of_our_services_is_complete(image: str) -> None:
    """Models, rules, paginators and endpoints are those of the untrimmed SDK of the same version.

    Of services that the product has models of its own of, the rules of endpoints are.
    """
    code = f"whole, modelled = {WHOLE}, {MODELLED}{KNOWN}"
    full = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(python(image, code)) == json.loads(full.stdout)


def test_the_sdk_knows_no_other_service(image: str) -> None:
    """A service that is not in the list is not in the image: the list is what makes it small."""
    names = json.loads(
        python(image, "import json, boto3; print(json.dumps(boto3.Session().get_available_services()))")
    )
    assert names == WHOLE


def test_every_client_in_the_code_has_its_model() -> None:
    """A client made for a service that the trimming drops would fail only in the image."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "deployer").rglob("*.py"))
    made = set(re.findall(r"\bclient\(\s*\"([a-z0-9-]+)\"", source))
    assert made
    assert made <= {*WHOLE, *MODELLED}


def test_the_image_is_small(image: str) -> None:
    """All that is pulled is at most 75 MB unpacked and 25 MB compressed."""
    unpacked, compressed = weight(image)
    assert 0 < unpacked <= 75 * MEGABYTE
    assert 0 < compressed <= 25 * MEGABYTE


def test_metadata_of_the_image(image: str) -> None:
    """Exec form, no user, no health check, OCI labels; isolated and unbuffered."""
    config = json.loads(docker("image", "inspect", image).stdout)[0]["Config"]
    assert config["Entrypoint"] == [
        "/opt/deployer/venv/bin/python",
        "-I",
        "-u",
        "/opt/deployer/entrypoint.py",
    ]
    assert config["User"] == ""
    assert "Healthcheck" not in config
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "deployer"
    assert labels["org.opencontainers.image.licenses"] == "MIT"


def test_nothing_in_the_image_installs_or_builds(image: str) -> None:
    """Neither pip nor a compiler nor git is there."""
    found = docker(
        "run", "--rm", "--entrypoint=sh", image, "-c", "command -v pip pip3 gcc cc make git", check=False
    )
    assert found.stdout == ""
    for interpreter in ("/opt/deployer/venv/bin/python", "python3"):
        installer = docker("run", "--rm", f"--entrypoint={interpreter}", image, "-m", "pip", check=False)
        assert "No module named pip" in installer.stdout


def test_byte_code_is_compiled_and_never_checked(image: str) -> None:
    """Each module has byte code whose flags say: do not look at the source. Only the product has sources."""
    code = """
import os, pathlib
root, standard = pathlib.Path("/opt/deployer"), pathlib.Path(os.__file__).parent
bad = [str(p) for p in root.rglob("*.py")
       if not (p.parent / "__pycache__" / f"{p.stem}.cpython-313.pyc").exists()]
compiled = [p for each in (root, standard) for p in each.rglob("*.pyc")]
bad += [str(p) for p in compiled if p.read_bytes()[4:8] != bytes([1, 0, 0, 0])]
bad += [str(p) for each in (root / "venv", standard) for p in each.rglob("*.py")]
print(bad)
"""
    assert python(image, code).strip() == "[]"


@pytest.mark.parametrize("entrypoint", [None, ""], ids=["entry point", "on the path"])
def test_version(image: str, entrypoint: str | None) -> None:
    """`deployer` works as the image's entry point and as a command of a job that replaced it."""
    options = () if entrypoint is None else ("--entrypoint=deployer",)
    version = docker("run", "--rm", *options, image, "--version").stdout
    assert re.search(r"\b1\.0\.0\b", version)


@pytest.mark.parametrize("buildkit", ["0", "1"], ids=["legacy", "BuildKit"])
def test_both_builders_build_it(base: str, buildkit: str) -> None:
    """The Dockerfile needs nothing that one of the builders lacks."""
    client = "docker"
    if buildkit > builder():
        # Without the plugin only a client that has BuildKit built in can do it: Debian's.
        client = shutil.which("docker", path="/usr/bin") or pytest.fail("no docker client with BuildKit")
    done = subprocess.run(
        [client, "build", "--quiet", f"--build-arg=BASE={base}", f"--tag=deployer:builder-{buildkit}", "."],
        cwd=ROOT,
        env=os.environ | {"DOCKER_BUILDKIT": buildkit},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1.0.0" in docker("run", "--rm", f"deployer:builder-{buildkit}", "--version").stdout


FILES = "find / -xdev ! -type d ! -path '/dev/*' ! -path '/proc/*' ! -path '/sys/*' ! -name .dockerenv"
ENGINE = {f"/etc/{name}" for name in ("hostname", "hosts", "mtab", "resolv.conf")}


def test_the_sbom_names_everything(image: str, tmp_path: Path) -> None:
    """Each file on disk is one of exactly one component's, and each component has a file, version and hash.

    Debian's packages are those that dpkg's records in the image name, Python's are the locked ones.
    """
    sbom = tmp_path / "sbom.json"
    subprocess.run([sys.executable, ROOT / ".ci/sbom.py", image, sbom], check=True, capture_output=True)
    described = json.loads(sbom.read_text(encoding="utf-8"))
    assert described["bomFormat"] == "CycloneDX"
    components = described["components"]
    owned = [file["location"] for part in components for file in part["evidence"]["occurrences"]]
    found = docker("run", "--rm", "--entrypoint=sh", image, "-c", FILES).stdout.splitlines()
    assert sorted(owned) == sorted(set(found) - ENGINE)
    assert all(part["version"] and part["hashes"] and part["evidence"]["occurrences"] for part in components)
    parts: dict[str, dict[str, Any]] = {}
    for part in components:
        parts.setdefault(part["purl"].removeprefix("pkg:").partition("/")[0], {})[part["name"]] = part
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, re.MULTILINE))
    assert {name: part["version"] for name, part in parts["pypi"].items()} == locked
    assert all(part["licenses"] for part in parts["pypi"].values())
    assert set(parts["generic"]) == {"python", "deployer"}
    status = docker("run", "--rm", "--entrypoint=cat", image, "/var/lib/dpkg/status").stdout
    assert set(parts["deb"]) == set(re.findall(r"^Package: (.*)$", status, re.MULTILINE))
    assert {"bash", "libc6", "libssl3t64"} <= set(parts["deb"])
    assert not {"apt", "dpkg", "perl-base", "util-linux"} & set(parts["deb"])
