"""Reading the agents' log of a deployment, where the instances ship it to CloudWatch Logs.

FilterLogEvents finds a deployment's lines by its ID. A page holds 10,000 lines or 1 MB, and may be empty
where much was searched in vain; what was written arrives some seconds later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployer.aws.errors import is_transient, sdk_errors, translate
from deployer.deployment.agent_log import text_in, texts_of_event
from deployer.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.errors import Problem

_MOST_PAGES = 10
_LONGEST_LINE = 2_000
_LONGEST_TEXT = 1 << 16
"""Characters of a script's output that are kept, the last ones; a tail from CodeDeploy has 2 KB."""

_OVERLAP = timedelta(minutes=1)
"""Time for lines that arrive late, and for instances whose clocks are behind the service's."""

_SHIPPING_SECONDS = 15.0
"""Time for the last lines to arrive; the CloudWatch agent sends them every five seconds."""

_PAUSE_SECONDS = 3.0

_MOST_FAULTS = 3
"""Faults in a row that may pass, after which nothing more is asked."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A line that was shipped: the log stream is named after the instance."""

    id: str
    time: datetime
    stream: str
    text: str


@dataclass(slots=True)
class ShippedLog:
    """The lines of one deployment in a group of CloudWatch Logs.

    `refusal` is why the group cannot be read; nothing more is asked then.
    """

    group: str
    deployment: str
    aws: Aws
    clock: Clock
    refusal: Problem | None = None
    _client: Any = None
    _seen: set[str] = field(default_factory=set)
    _latest: datetime | None = None
    _arrived: float | None = None
    _faults: int = 0

    def whole(self, target: str, event: str, *, tail: str, since: datetime | None) -> str:
        """Return all that the scripts of an event printed on a target, empty if it is not there.

        A target's log stream has its name. `tail` is the end of the output, which CodeDeploy knows: until
        that has arrived, wait for some seconds in all.
        """
        last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")
        now = self.clock.monotonic()
        self._arrived = now + _SHIPPING_SECONDS if self._arrived is None else self._arrived
        while True:
            lines = self._lines(since, logStreamNamePrefix=target)
            texts = texts_of_event((line.text for line in lines if line.stream == target), event)
            here = last in {text.strip() for text in texts} if last else bool(texts)
            if here or self.refusal or self.clock.monotonic() >= self._arrived:
                return _bounded("\n".join(texts), self.group)
            self.clock.sleep(_PAUSE_SECONDS)

    def news(self, since: datetime | None) -> list[tuple[str, str]]:
        """Return the lines that were not returned yet, each with the log stream that it came from."""
        lines = [line for line in self._lines(self._latest or since) if line.id not in self._seen]
        self._seen.update(line.id for line in lines)
        self._latest = max((line.time for line in lines), default=self._latest)
        return [(line.stream, line.text) for line in lines]

    def _lines(self, since: datetime | None, **narrowed: str) -> Iterator[ShippedLine]:
        """Yield the lines since a time, and those of the minute before."""
        begin = (since or self.clock.now()) - _OVERLAP
        parameters: dict[str, object] = {
            "logGroupName": self.group,
            "filterPattern": f'"{self.deployment}"',
            "startTime": int(begin.timestamp() * 1000),
        }
        following: dict[str, str] = {}
        for _ in range(0 if self.refusal else _MOST_PAGES):
            answer = self._ask(**parameters, **narrowed, **following)
            for each in answer.get("events", []):
                if (text := text_in(each.get("message", ""), self.deployment)) is not None:
                    time = datetime.fromtimestamp(each.get("timestamp", 0) / 1000, UTC)
                    stream = each.get("logStreamName", "")
                    yield ShippedLine(each.get("eventId", ""), time, stream, cut(text, _LONGEST_LINE))
            if not answer.get("nextToken"):
                return
            following = {"nextToken": answer["nextToken"]}

    def _ask(self, **parameters: object) -> Mapping[str, Any]:
        try:
            if self._client is None:
                self._client = self.aws.neighbor("logs")
            answer: Mapping[str, Any] = self._client.filter_log_events(**parameters)
        except sdk_errors() as error:
            self._faults += 1
            if not is_transient(error) or self._faults >= _MOST_FAULTS:
                explained = translate(error, action="logs:FilterLogEvents", resource=self.group)
                self.refusal = explained.problems[0]
            return {}
        self._faults = 0
        return answer


def _bounded(text: str, group: str) -> str:
    """Return the end of a text that is too long, from the beginning of a line."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"… earlier lines are in the log group {group}\n{text[-_LONGEST_TEXT:].partition(chr(10))[2]}"
