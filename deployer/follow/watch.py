"""Watching a deployment: the log lines of what changes, what looks bad, and that something still happens."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.choices import Stage
from deployer.report import progress
from deployer.report.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta

    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment, Snapshot
    from deployer.deployment.wait import Ending
    from deployer.run import Run

_HEARTBEAT = 30.0
"""Seconds without news until a line says what is being waited for; up to four times as long later on."""


def watch(  # noqa: PLR0913 - its knobs are keyword-only
    deployment: Deployment,
    budget: timedelta,
    *,
    aws: Aws,
    run: Run,
    timeouts: Mapping[str, float] = MappingProxyType({}),
    stop_after: Stage = Stage.WAIT,
    acts: Iterable[Callable[[Snapshot], None]] = (),
    silent: Iterable[str] = (),
    extra_looks: int = 0,
    waited_seconds: float = 0.0,
) -> Ending:
    """Look at a deployment until it ends or the budget is spent, telling what happens.

    `timeouts` are the seconds that the AppSpec allows for the scripts of each event; `acts` see each snapshot
    once it was printed; `silent` names warnings that are left out; the rest is Patience's.
    """
    from deployer.deployment.observe import Observer
    from deployer.deployment.wait import Patience, wait

    tell = narrator(run, timeouts, set(silent))

    def show(snapshot: Snapshot, seconds: float) -> None:
        tell(snapshot, seconds)
        for act in acts:
            act(snapshot)

    return wait(
        Observer(deployment.id, aws.codedeploy_within, run.clock),
        patience=Patience(budget, run.settings.poll_interval, extra_looks, waited_seconds),
        clock=run.clock,
        progress=show,
        stop_after=stop_after,
    )


def narrator(run: Run, timeouts: Mapping[str, float], silent: set[str]) -> Callable[[Snapshot, float], None]:
    """Print what changes and what looks bad, and a sign of life when nothing happens."""
    previous: Snapshot | None = None
    last = 0.0

    def tell(snapshot: Snapshot, seconds: float) -> None:
        nonlocal previous, last
        news = progress.changes(previous, snapshot, seconds)
        for name, text in warnings(snapshot, seconds=seconds, now=run.clock.now(), timeouts=timeouts):
            if name not in silent:
                silent.add(name)
                news.append(progress.stamped(text, seconds))
        due = seconds - last >= min(4 * _HEARTBEAT, max(_HEARTBEAT, seconds / 10))
        for text in news:
            run.ci.say(text)
        if not snapshot.ended and (run.ci.replaces or (due and not news)):
            run.ci.progress(progress.heartbeat(snapshot, seconds))
        if due or news:
            last = seconds
        previous = snapshot

    return tell
