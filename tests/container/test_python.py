"""The image's parts of Python, of the SDK and of Debian are all that the product and a job's script need."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.certificates import certify, encrypt, over_tls
from tests.container.docker import HARDENED, docker, make_job, python
from tests.emulator import Emulator, Role, trust_web_identity
from tests.models import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.container.docker import Job
    from tests.s3 import S3Server

IMPORT = """
import importlib, json, pathlib, sys
sys.path.insert(0, "/opt/deployer")
roots = [pathlib.Path(path) for path in sys.path if path.startswith("/opt/deployer")]
names, missing = set(), {}
for root in roots:
    for path in root.rglob("*.py*"):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[0] != "venv" and "__pycache__" not in parts and parts[-1] != "__main__":
            names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
for name in sorted(names):
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing[name] = error.name
    except (Exception, SystemExit):
        pass  # it wants something else: Windows, an extra
print(json.dumps([sorted(names), missing, sorted(sys.stdlib_module_names)]))
"""

# Each operation of each service with the parameters that its model requires, answered without a network.
CALL = """
import boto3, botocore.awsrequest, json
session = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
session._session.get_component("data_loader").search_paths.insert(0, "/opt/deployer/deployer/aws/models")
def sample(shape, seen=()):
    if shape.type_name == "structure":
        names = shape.required_members or list(shape.members)[:1]
        return {n: sample(shape.members[n], (*seen, shape.name)) for n in names if shape.name not in seen}
    if shape.type_name == "list":
        return [sample(shape.member, seen)]
    if shape.type_name == "map":
        return {"key": sample(shape.value, seen)}
    least = int(shape.metadata.get("min", 1))
    text = (getattr(shape, "enum", None) or ["a" * max(least, 20)])[0]
    return {"string": text, "boolean": True, "blob": b"x"}.get(shape.type_name, least)
class Raw:
    def stream(self, *_, **__):
        yield BODY
    def read(self, *_):
        return b""
called = {}
for name in session.get_available_services():
    client = session.client(name)
    model = client.meta.service_model
    client.meta.events.register(
        "before-send", lambda request, **_: botocore.awsrequest.AWSResponse(request.url, 200, {}, Raw())
    )
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        given = sample(shape) if shape else {}
        xml = f"<Answer><{operation}Result/></Answer>".encode()
        BODY = b"{}" if "json" in model.metadata["protocol"] else xml
        getattr(client, methods[operation])(**given)
        called[name] = called.get(name, 0) + 1
print(json.dumps(called))
"""

BY_NAME = """
import codecs, datetime, getpass, json, os, pwd, socket, ssl, tempfile, threading, time
time.strptime("2026-03-02", "%Y-%m-%d"), datetime.datetime.strptime("1", "%d")
for name in ("ascii", "cp437", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-32", "unicode_escape"):
    codecs.lookup(name)
with tempfile.TemporaryFile() as file:
    file.write(b"x")
print(json.dumps({
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 50,
    "ciphers": any("TLS_AES" in each["name"] for each in ssl.create_default_context().get_ciphers()),
    "idna": "bücher.example".encode("idna").decode(),
    "resolved": socket.getaddrinfo("localhost", 443, proto=socket.IPPROTO_TCP) != [],
    "user": [getpass.getuser(), pwd.getpwuid(0).pw_dir],
    "zone": time.tzname[0],
}))
"""

# What shell scripts of CI's agents and of jobs call.
SCRIPT = """
set -eu
cd "$(mktemp -d)"
mkdir -p a/b && touch a/b/c && cp -p a/b/c d && mv d e && ln -s e f && chmod +x e && readlink f
printf '%s\\n' two one two | sort | uniq | tr a-z A-Z | tee g | head -n 1 | cut -c 1-3
tar -czf h.tgz a && tar -tzf h.tgz | grep -c b/c && sed -n 1p g | wc -l && tail -n 1 g && cat g >/dev/null
find a -type f | xargs -n 1 basename && dirname a/b && sha256sum g >/dev/null && stat -c %s g && date -u +%Z
env -i /usr/bin/env sh -c 'command -v deployer' && whoami && id -u && uname -s && nohup true 2>/dev/null
(sleep 0 && echo later) & wait && timeout 5 true && test -x e && [ -d a ] && rm -r a && mkfifo p
bash -c 'set -o pipefail; [[ $BASH_VERSION == 5.* ]] && echo bash'
"""


def printed(image: str, code: str) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON in the last line of what a piece of code prints in the image."""
    return json.loads(python(image, code).splitlines()[-1])


def test_every_module_can_be_imported(image: str) -> None:
    """No module of the product, and none of a package, misses a part of the standard library."""
    names, missing, standard = printed(image, IMPORT)
    assert {"deployer.main", "botocore.client", "urllib3.connection", "pydantic.main"} <= {*names}
    assert not any(name.startswith("deployer") for name in missing)
    of_python = {name: part for name, part in missing.items() if (part or "").partition(".")[0] in standard}
    assert of_python == {}


def test_every_call_of_every_service(image: str) -> None:
    """Parameters, endpoints, signatures and answers of all operations, also of those only the SDK calls."""
    called = printed(image, CALL)
    own = {service: len(operations) for service, operations in OPERATIONS.items()}
    assert called.keys() == own.keys() | {"codedeploy", "signin", "sso", "sso-oidc", "sts"}
    assert called["codedeploy"] > 40
    assert {service: called[service] for service in own} == own


def test_what_no_import_names(image: str) -> None:
    """Parts that the interpreter and its libraries look for by themselves."""
    assert printed(image, BY_NAME) == {
        "authorities": True,
        "ciphers": True,
        "idna": "xn--bcher-kva.example",
        "resolved": True,
        "user": ["root", "/root"],
        "zone": "UTC",
    }


def archives() -> dict[str, bytes]:
    """A small bundle in each form that is read."""
    files = {"appspec.yml": b"version: 0.0\nos: linux\n", "page.html": b"hello " * 99}
    made = {}
    for name, method in (("stored", 0), ("deflated", 8), ("bzip2", 12), ("lzma", 14)):
        with zipfile.ZipFile(buffer := io.BytesIO(), "w", method) as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        made[f"{name}.zip"] = buffer.getvalue()
    for name, mode in (("a.tar", "w"), ("a.tgz", "w:gz")):
        with tarfile.open(fileobj=(buffer := io.BytesIO()), mode=mode) as archive:  # type: ignore[call-overload]
            for path, content in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        made[name] = buffer.getvalue()
    return made


ARCHIVES = archives()


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_kind_of_archive(image: str, tmp_path: Path, name: str) -> None:
    """An archive that is already there is read to its last byte."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / name).write_bytes(ARCHIVES[name])
    job = make_job(tmp_path, workspace, {"INPUT_SOURCE": name, "INPUT_STOP_AFTER": "package"})
    done = job.run(image)
    refused = "title=archive-method::" in done.stdout  # in words that name the method, after it was read
    assert (done.returncode, refused) == ((3, True) if name == "lzma.zip" else (0, False)), done.stdout
    assert refused or "2 files" in done.stdout


@pytest.mark.parametrize("code", [0, 5], ids=["custom CA", "unknown CA"])
def test_tls(image: str, s3: S3Server, tmp_path: Path, step: Callable[..., Job], code: int) -> None:
    """A CA of one's own vouches for every endpoint, the token's too; who nobody vouches for gets nothing."""
    certificate = certify(tmp_path)
    service = Emulator(speed=10, bucket_store=s3, roles=(Role("deployer", trust_web_identity()),))
    encrypt(service, certificate)
    given = {} if code else {"AWS_CA_BUNDLE": "/ca.pem"}
    with service:
        job = step(service.url, s3.url, **over_tls(service), **given)
        done = job.run(image, *HARDENED, f"--volume={certificate}:/ca.pem:ro")
    assert done.returncode == code, done.stdout
    assert code == 0 or "CERTIFICATE_VERIFY_FAILED" in done.stdout


def test_a_proxy(image: str, s3: S3Server, step: Callable[..., Job]) -> None:
    """The emulator is the proxy, and the host that is asked for exists nowhere."""
    with Emulator(speed=10) as service:
        proxy = {"HTTP_PROXY": service.url, "http_proxy": service.url, "NO_PROXY": "127.0.0.1"}
        done = step("http://codedeploy.invalid", s3.url, **proxy).run(image)
    assert done.returncode == 0, done.stdout


def test_a_traceback_names_file_line_and_function(image: str) -> None:
    """Also of what is byte code alone, whether a package's or Python's own."""
    code = "import json, botocore.session; botocore.session.Session().get_service_model(json)"
    command = ("run", "--rm", "--entrypoint=/opt/deployer/venv/bin/python", image, "-I", "-c", code)
    done = docker(*command, check=False)
    assert done.returncode == 1
    assert 'site-packages/botocore/session.py", line ' in done.stdout
    assert ", in get_service_model" in done.stdout
    done = docker(*command[:-1], "import json; json.loads('{')", check=False)
    assert 'python3.13/json/decoder.py", line ' in done.stdout


def test_scripts_of_bundles_are_parsed_by_bash_and_dash(
    image: str, workspace: Path, step: Callable[..., Job]
) -> None:
    """What a shell cannot parse is found before it is deployed, at its line."""
    (workspace / "scripts" / "after_install.sh").write_text("#!/bin/bash\nif true; then\necho never ends\n")
    (workspace / "scripts" / "before_install.sh").write_text("#!/bin/dash\ncase x in\n")
    done = step("http://127.0.0.1:9", "http://127.0.0.1:9", INPUT_STOP_AFTER="package").run(image)
    assert done.returncode == 3, done.stdout
    assert "syntax error: unexpected end of file" in done.stdout
    assert "Syntax error: end of file unexpected" in done.stdout


@pytest.mark.parametrize("user", [0, 1001])
def test_a_job_has_a_shell_and_its_tools(image: str, user: int) -> None:
    """A script of what CI's agents and jobs call runs to its end, with no privilege, as any user."""
    options = ("run", "--rm", *HARDENED, f"--user={user}", "--entrypoint=sh", image, "-c", SCRIPT)
    script = SCRIPT if user == 0 else SCRIPT.replace("whoami && ", "")
    done = docker(*options[:-1], script, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.split()[-1] == "bash"
