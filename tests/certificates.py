"""TLS on loopback, with a certificate that only itself vouches for."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator import Emulator


def certify(folder: Path) -> Path:
    """Make `ca.pem`, a certificate for 127.0.0.1, with its key beside it."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", folder / "key.pem", "-out", folder / "ca.pem", "-days", "2", "-subj", "/CN=test",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return folder / "ca.pem"


def encrypt(service: Emulator, certificate: Path) -> None:
    """Have an emulator that has not started yet speak TLS only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = service._server  # noqa: SLF001 - nothing else wants TLS
    server.socket = context.wrap_socket(server.socket, server_side=True)


def over_tls(service: Emulator) -> dict[str, str]:
    """Variables that name it as every service, and a role that it lends for a token of its own."""
    url = service.url.replace("http:", "https:")
    return {
        **{f"AWS_ENDPOINT_URL_{name}": url for name in ("CODEDEPLOY", "STS", "S3")},
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url.replace("http:", "https:"),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
        "INPUT_ROLE_TO_ASSUME": "arn:aws:iam::123456789012:role/deployer",
    }
