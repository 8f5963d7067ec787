"""Origins of the SDK's settings and endpoints: never the workspace, and never unreported.

A file in the workspace is the repository's. As the SDK's configuration it could run a program, send signed
requests elsewhere, or change what a call says.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deployer.errors import InvalidInput, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.session import Session


_GLOBAL = "AWS_ENDPOINT_URL"
_SUFFIX = (
    r"(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu)"
    r"|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk)"
)
_PRIVATE = r"(?:(?:[a-z]+\.)?vpce-[\w-]+\.)?"
_REGION = r"(?:[.-][a-z]+(?:-[a-z]+)+-\d+)?"
"""Of the names of AWS's own hosts; others' load balancers, instances and APIs have names below AWS's, too."""

_CERTIFICATES = {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}
_CREDENTIAL_FILES = {
    "ec2-credentials-file": ("AWS_CREDENTIAL_FILE", ""),
    "boto-config": ("BOTO_CONFIG", "~/.boto"),
}
"""Botocore's providers that read files of their own: the variable, and where the file is without it."""


def keep_out(session: Session, workspace: Path) -> tuple[str, ...]:
    """Have the session read no file of the workspace; returns those that it would have read.

    The SDK's own data stay, also where this program and its packages are installed in the workspace.
    """
    import boto3
    import botocore

    if workspace.resolve() == Path("/"):
        return ()
    ignored = []
    for name in ("config_file", "credentials_file"):
        path = session.get_config_variable(name)
        if path and _is_inside(path, workspace):
            session.set_config_variable(name, os.devnull)
            ignored.append(path)
    certificates = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    if certificates and _is_inside(certificates, workspace):
        session.set_config_variable("ca_bundle", True)  # noqa: FBT003 - botocore's for those of its own
        ignored.append(certificates)
    models: list[str] = session.get_component("data_loader").search_paths
    own = {str(Path(str(module.__file__)).parent / "data") for module in (boto3, botocore)}
    ignored += [path for path in models if _is_inside(path, workspace) and path not in own]
    models[:] = [path for path in models if path not in ignored]
    for provider, (variable, default) in _CREDENTIAL_FILES.items():
        path = os.environ.get(variable, default)
        if path and _is_inside(path, workspace) and _exists(path):
            session.get_component("credential_provider").remove(provider)
            ignored.append(path)
    return tuple(path for path in ignored if _exists(path))


def without_planted_certificates(environ: Mapping[str, str], workspace: Path) -> Mapping[str, str]:
    """Return the environment without certificates from the workspace, for a request of our own."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _CERTIFICATES or not _is_inside(value, workspace)
    }


def _is_inside(path: str, workspace: Path) -> bool:
    """Return whether a path, or the target of its links, is in the workspace."""
    named = os.path.abspath(_expanded(path))  # noqa: PTH100 - resolve() follows links, and ends at loops of them
    roots = {workspace, Path(os.path.realpath(workspace))}
    return any(Path(each).is_relative_to(root) for each in (named, os.path.realpath(named)) for root in roots)


def _exists(path: str) -> bool:
    return Path(_expanded(path)).exists()


def _expanded(path: str) -> str:
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - that of Path raises for unknown users


def ignored_file(path: str) -> Problem:
    """Return a warning that the SDK did not read a file because it is in the workspace."""
    return Problem(
        f"{path} is in the workspace and was ignored: the SDK's configuration, credentials, models and "
        f"certificates are never read from there.",
        "Keep it outside the workspace, and point to it with AWS_CONFIG_FILE or a similar variable.",
        code="sdk-file-ignored",
        severity=Severity.WARNING,
    )


def check_endpoints(environ: Mapping[str, str]) -> None:
    """Raise InvalidInput for each variable whose endpoint is no URL, without quoting it."""
    problems = [
        Problem(f"{name} is not a URL.", "Write scheme, host and port: https://host:port.")
        for name, url in sorted(environ.items())
        if name.startswith(_GLOBAL) and url and not _is_url(url)
    ]
    if problems:
        raise InvalidInput(*problems)


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def strange_endpoint(client: Any, environ: Mapping[str, str]) -> Iterator[Problem]:  # noqa: ANN401 - of any service
    """Yield a notice of endpoints outside AWS, and a warning if they are not encrypted."""
    parts, model = urlsplit(client.meta.endpoint_url), client.meta.service_model
    host = parts.hostname or ""
    own = f"{_GLOBAL}_{model.service_id.upper().replace(' ', '_')}"
    source = next((name for name in (own, _GLOBAL) if environ.get(name)), "the profile")
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if not _is_aws(host, model.endpoint_prefix):
        yield Problem(
            f"Calls to {model.service_id} go to {where}, set by {source}.", severity=Severity.NOTICE
        )
    if parts.scheme == "http" and not _is_loopback(host):
        yield Problem(
            f"Calls to {where} are not encrypted: anyone on the network path can read and change them.",
            f"Use https:// in {source}.",
            code="endpoint-not-encrypted",
            severity=Severity.WARNING,
        )


def _is_aws(host: str, service: str) -> bool:
    pattern = rf"{_PRIVATE}{service}(?:-fips|-external-1)?(?:\.dualstack)?{_REGION}(?:\.vpce)?\.{_SUFFIX}"
    return re.fullmatch(pattern, host) is not None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
