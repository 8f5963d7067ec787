"""What every stage needs beside the value of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.clock import Clock
    from deployer.outcome import Outcome
    from deployer.platform import Platform
    from deployer.settings import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """The surroundings of a run: what was asked for, where to report, time, and what it has come to.

    `environ` is the environment, where the CI leaves what proves the job's identity, and the build the time
    that its bundles bear (SOURCE_DATE_EPOCH).
    """

    settings: Settings
    platform: Platform
    clock: Clock
    outcome: Outcome
    environ: Mapping[str, str]
