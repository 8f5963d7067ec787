"""The times that the members of a bundle bear: seconds since 1970 in UTC, within what an archive can tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deployer.errors import InvalidInput
from deployer.rules import tree as rules

if TYPE_CHECKING:
    from datetime import datetime


EARLIEST: Final = 315532800  # 1 January 1980, where the DOS time of a zip begins
LATEST: Final = 0x7FFFFFFF  # in 2038, where the signed 32 bits of its Unix time end
SOURCE_DATE_EPOCH: Final = "SOURCE_DATE_EPOCH"
_SECONDS: Final = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The earliest and the latest time that a member may bear."""

    earliest: int = EARLIEST
    latest: int = LATEST

    def clamp(self, seconds: int) -> int:
        """Return the nearest time in the range."""
        return min(max(seconds, self.earliest), self.latest)


def allowed_times(source_date_epoch: str, *, now: datetime) -> TimeRange:
    """Return the range for a bundle that is packed `now`: files keep their times, but none is in the future.

    With SOURCE_DATE_EPOCH, where it is not blank, every member bears that one time: the convention
    (https://reproducible-builds.org/specs/source-date-epoch/) allows none that is later, and an earlier one
    would be the checkout's, so that the bytes were not the same. Raises InvalidInput when it is malformed.
    """
    text = source_date_epoch.strip()
    if not text:
        return TimeRange(latest=TimeRange().clamp(int(now.timestamp())))
    if not _SECONDS.fullmatch(text) or int(text) > LATEST:
        raise InvalidInput(rules.TIME.problem(None, text=text[:40], latest=LATEST))
    only = TimeRange().clamp(int(text))
    return TimeRange(only, only)
