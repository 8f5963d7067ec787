"""Pure: where the things that a failure names stand in the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.appspec.model import EVENT_SECONDS
from deployer.deployment.causes import Cause, Place
from deployer.errors import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.appspec.model import AppSpec
    from deployer.deployment.model import Diagnostics


PREVIOUS_REVISION_EVENTS = frozenset({"ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"})
"""Events whose scripts come from the revision that was last deployed successfully."""

_KEY = re.compile(r"""(?:^\s*(?:-\s+)?|[{,]\s*)["']?(?P<key>[A-Za-z]\w{0,63})["']?\s{0,9}:""")
_ARCHIVE = "/deployment-archive/"
_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """The places of the bundle's parts in the repository.

    `locate` gives the repository's path of a name in the bundle; `hooks` the AppSpec line of each event;
    `files` the line of each destination and `sources` of each source; `keys` where each key first stands,
    by its name in lower case; `appspec` the AppSpec itself; `timeouts` the seconds that each event's scripts
    may take together.
    """

    locate: Callable[[str], str | None] = lambda _name: None
    appspec: Location | None = None
    hooks: Mapping[str, Location] = field(default_factory=dict)
    files: Mapping[str, Location] = field(default_factory=dict)
    sources: Mapping[str, Location] = field(default_factory=dict)
    keys: Mapping[str, Location] = field(default_factory=dict)
    timeouts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, appspec: AppSpec, path: str, locate: Callable[[str], str | None], *, text: str = ""
    ) -> Places:
        """Return the places that an AppSpec at `path` names; `text` is the file's content."""
        return cls(
            locate=locate,
            appspec=Location(path),
            hooks={event: Location(path, hooks[0].line) for event, hooks in appspec.hooks.items() if hooks},
            files={mapping.destination: Location(path, mapping.line) for mapping in appspec.files},
            sources={mapping.source.strip("/"): Location(path, mapping.line) for mapping in appspec.files},
            keys=_keys(text, path),
            timeouts={
                event: sum(hook.timeout or EVENT_SECONDS for hook in hooks)
                for event, hooks in appspec.hooks.items()
            },
        )

    def of_cause(self, cause: Cause) -> Location | None:
        """Return the AppSpec's line for the part that a cause is about."""
        if cause.place is Place.SOURCE:
            return self._source(cause.key) or self.keys.get("files") or self.appspec
        if cause.line and self.appspec:
            return Location(self.appspec.path, cause.line)
        return self.keys.get(cause.key.lower()) or self.keys.get(cause.within) or self.appspec

    def of_event(self, event: str, diagnostics: Diagnostics) -> Location | None:
        """Return the hook's failing line if the log names it, else the hook, else the AppSpec's line."""
        hook = self.hooks.get(event) or self.appspec
        if event in PREVIOUS_REVISION_EVENTS:  # that script is not the one in this repository
            return hook
        if event == "Install":
            return self._destination(diagnostics.message) or self.appspec
        script = self.script(diagnostics.script)
        named = self._failing_line(diagnostics)
        if named or script is None:
            return named or hook
        return Location(script)

    def script(self, name: str) -> str | None:
        """Return the repository path of a hook as the service names it, on Windows with backslashes."""
        return self.locate(_in_bundle(name)) if name else None

    def _failing_line(self, diagnostics: Diagnostics) -> Location | None:
        """Return the last line that the log names, preferring the hook itself to the bundle's other files."""
        from deployer.deployment.logs import named_lines

        elsewhere = None
        script = _in_bundle(diagnostics.script)
        for file, line in named_lines(diagnostics.log_tail):
            name = _in_bundle(file.replace("\\", "/").rpartition(_ARCHIVE)[2])
            if script and (name == script or name.endswith(f"/{script}")):
                name = script
            if path := self.locate(name):
                found = Location(path, line)
                if name == script:
                    return found
                elsewhere = elsewhere or found
        return elsewhere

    def _destination(self, message: str) -> Location | None:
        """Return the `files` line whose destination contains the path in the message, else the first."""
        for destination in sorted(self.files, key=len, reverse=True):
            if destination.rstrip("/") + "/" in message:
                return self.files[destination]
        return next(iter(self.files.values()), None)

    def _source(self, name: str) -> Location | None:
        wanted = name.strip().strip("/")
        found = [source for source in self.sources if source in {wanted, wanted.partition("/")[0]}]
        return self.sources[max(found, key=len)] if found else None


def _in_bundle(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _keys(text: str, path: str) -> dict[str, Location]:
    found: dict[str, Location] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for match in _KEY.finditer(line[:_LONGEST_LINE]):
            found.setdefault(match["key"].lower(), Location(path, number))
    return found
