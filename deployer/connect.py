"""Reaching AWS: the region, the identity, and what they explain of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.client import connect
from deployer.aws.identity import RoleRequest, ambient, assume, confirm_account, ends_too_early, session_name
from deployer.aws.origins import without_planted_certificates
from deployer.aws.retries import Retries
from deployer.aws.tokens import REQUEST_TOKEN, find_token
from deployer.aws.trace import Trace
from deployer.choices import Stage
from deployer.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.aws.client import Aws
    from deployer.aws.tokens import TokenSource
    from deployer.ci.base import Ci
    from deployer.errors import Problem
    from deployer.run import Run


def connected(run: Run) -> Aws:
    """AWS in the region and as the identity that the inputs ask for; says which they are.

    Raises a DeployError when there is no region, no credentials, or a role cannot be assumed.
    """
    settings, ci = run.settings, run.ci
    trace = Trace(ci.debug, run.clock) if ci.debugging else None
    aws = connect(
        settings.region,
        source=settings.origin("region"),
        retries=Retries(run.clock, settings.timeout.total_seconds(), ci.say),
        workspace=ci.job.checkout,
        warn=_teller(ci),
        trace=trace,
    )
    run.outcome.region = aws.region
    ci.say(f"Region {aws.region}, from {aws.region_source}")
    aws = run.aws = _identified(aws, run)
    if settings.expected_account:
        confirm_account(settings.expected_account, aws)
    warning = ends_too_early(aws, budget=settings.timeout, clock=run.clock)
    if warning and settings.stop_after.reaches(Stage.READY):
        ci.annotate(warning)
    return aws


def _teller(ci: Ci) -> Callable[[Problem], None]:
    """Tell each notice and each warning once, however many clients there are."""
    said = set()

    def tell(problem: Problem) -> None:
        if problem not in said:
            said.add(problem)
            if problem.severity is Severity.NOTICE:
                ci.say(problem.message)
            else:
                ci.annotate(problem)

    return tell


def _identified(aws: Aws, run: Run) -> Aws:
    settings, ci = run.settings, run.ci
    tokens = _tokens(aws.retries, run) if settings.role_to_assume else None
    if tokens is None:
        found = ambient(aws, run.environ, mask=ci.mask)
        if found is None:
            from deployer.aws.refusals import no_credentials

            wanted = bool(settings.role_to_assume)
            raise no_credentials(on_github=ci.name == "github", role_wanted=wanted)
        aws = found
    if not settings.role_to_assume:
        return aws
    aws = assume(aws, _role_request(run), tokens=tokens, mask=ci.mask, clock=run.clock)
    origin = f"the token of {tokens.origin}" if tokens else "the credentials found here"
    ci.say(f"Role {' → '.join(settings.role_to_assume)}, by {origin}")
    return aws


def _tokens(retries: Retries, run: Run) -> TokenSource | None:
    run.ci.mask(run.environ.get(REQUEST_TOKEN, ""))
    return find_token(
        without_planted_certificates(run.environ, run.ci.job.checkout),
        audience=run.settings.web_identity_audience,
        variable=run.settings.web_identity_token_variable,
        file=run.settings.web_identity_token_file,
        retries=retries,
    )


def _role_request(run: Run) -> RoleRequest:
    settings, job = run.settings, run.ci.job
    return RoleRequest(
        roles=settings.role_to_assume,
        session_name=settings.role_session_name or session_name(job.repository, job.run_id),
        external_id=settings.role_external_id,
        duration=settings.role_duration,
        tags=settings.role_session_tags,
    )
