"""Reaching AWS: the region, the identity, and what they explain of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.client import connect
from deployer.aws.identity import Wish, ambient, assume, confirm_account, ends_too_early, session_name
from deployer.aws.origins import without_planted_certificates
from deployer.aws.refusals import no_credentials
from deployer.aws.tokens import REQUEST_TOKEN, find_token
from deployer.aws.trace import Trace
from deployer.choices import Stage
from deployer.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.aws.client import Aws
    from deployer.aws.tokens import TokenSource
    from deployer.ci.base import Platform
    from deployer.errors import Problem
    from deployer.run import Line


def connected(line: Line) -> Aws:
    """AWS in the region and as the identity that the inputs ask for; says which they are.

    Raises a DeployError when there is no region, no credentials, or a role cannot be assumed.
    """
    settings, platform = line.settings, line.platform
    trace = Trace(platform.debug, line.clock) if platform.debugging else None
    aws = connect(
        settings.region,
        source=settings.origin("region"),
        workspace=platform.run.workspace,
        warn=_teller(platform),
        trace=trace,
    )
    line.outcome.region = aws.region
    platform.line(f"Region {aws.region}, from {aws.region_source}")
    aws = line.outcome.aws = _identified(aws, line)
    if settings.expected_account:
        confirm_account(settings.expected_account, aws)
    warning = ends_too_early(aws, budget=settings.timeout, clock=line.clock)
    if warning and settings.stop_after.reaches(Stage.READY):
        platform.annotate(warning)
    return aws


def _teller(platform: Platform) -> Callable[[Problem], None]:
    """Tell each notice and each warning once, however many clients there are."""
    told = set()

    def tell(problem: Problem) -> None:
        if problem not in told:
            told.add(problem)
            if problem.severity is Severity.NOTICE:
                platform.line(problem.message)
            else:
                platform.annotate(problem)

    return tell


def _identified(aws: Aws, line: Line) -> Aws:
    settings, platform = line.settings, line.platform
    tokens = _tokens(line) if settings.role_to_assume else None
    if tokens is None:
        found = ambient(aws, line.environ, mask=platform.mask)
        if found is None:
            wanted = bool(settings.role_to_assume)
            raise no_credentials(on_github=platform.name == "github", role_wanted=wanted)
        aws = found
    if not settings.role_to_assume:
        return aws
    aws = assume(aws, _wish(line), tokens=tokens, mask=platform.mask, clock=line.clock)
    origin = f"the token of {tokens.origin}" if tokens else "the credentials found here"
    platform.line(f"Role {' → '.join(settings.role_to_assume)}, by {origin}")
    return aws


def _tokens(line: Line) -> TokenSource | None:
    line.platform.mask(line.environ.get(REQUEST_TOKEN, ""))
    return find_token(
        without_planted_certificates(line.environ, line.platform.run.workspace),
        audience=line.settings.web_identity_audience,
        variable=line.settings.web_identity_token_variable,
        file=line.settings.web_identity_token_file,
        clock=line.clock,
    )


def _wish(line: Line) -> Wish:
    settings, run = line.settings, line.platform.run
    return Wish(
        roles=settings.role_to_assume,
        session_name=settings.role_session_name or session_name(run.repository, run.run_id),
        external_id=settings.role_external_id,
        duration=settings.role_duration,
        tags=settings.role_session_tags,
    )
