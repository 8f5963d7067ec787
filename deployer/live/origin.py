"""Origins: which run of which workflow deployed which commit, as text within a description, both ways.

    Release 1.4 [acme/shop@1a2b3c4d5e6f deploy.yml#812]

Anybody may have written the description of a deployment: it is read strictly, and what it says is shown and
compared, never trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.deployment.model import DESCRIPTION_LIMIT
from deployer.text import cut

_LONGEST = 160
"""Characters of an origin, beyond which it is left out rather than cut."""

_COMMIT_LENGTH = 12
_SHOWN = 7
_ALIEN = re.compile(r"[^\w./+-]+")
_SUFFIX = re.compile(rf"\[([^\[\]]{{1,{_LONGEST}}})\]\Z")
_COMMIT = r"(?P<repository>[\w./+-]*)@(?P<commit>[0-9A-Za-z]{0,40})"
_RUN = r"(?P<workflow>[\w./+-]*)#(?P<number>[0-9]{1,15})"
_BRACKETS = (re.compile(rf"{_COMMIT}(?: {_RUN})?"), re.compile(_RUN))
_BACK = re.compile(r"Back from (d-[A-Z0-9]{6,20})\b")
_EARLIER = re.compile(r"(?P<repository>[\w.-]+(?:/[\w.-]+)+)@(?P<commit>[0-9a-f]{7,40})(?= |\Z)", re.ASCII)
"""The beginning of a description in version 1.0."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The repository and commit of a revision, and the run that made it; empty where nobody says.

    `number` is the CI's counter of the runs of `workflow`. Names hold no blanks or signs of the grammar.
    """

    repository: str = ""
    commit: str = ""
    workflow: str = ""
    number: int | None = None

    @classmethod
    def of(cls, *, repository: str, sha: str, workflow: str, number: str) -> Origin:
        """Return the origin by what a CI says; a counter that is not a plain number is left out."""
        return cls(
            _ALIEN.sub("-", repository),
            sha[:_COMMIT_LENGTH] if sha.isalnum() and sha.isascii() else "",
            _ALIEN.sub("-", workflow),
            int(number) if re.fullmatch(r"[0-9]{1,15}", number) else None,
        )

    @property
    def text(self) -> str:
        """Return the suffix of a description, in brackets; empty if there is nothing to say, or too much."""
        if not self.commit and self.number is None:
            return ""
        commit = f"{self.repository}@{self.commit}" if self.repository or self.commit else ""
        run = "" if self.number is None else f"{self.workflow}#{self.number}"
        text = " ".join(part for part in (commit, run) if part)
        return f"[{text}]" if len(text) <= _LONGEST else ""

    @property
    def label(self) -> str:
        """Return repository and commit as people write them, `acme/shop@1a2b3c4`; empty without a commit."""
        where = f"{self.repository}@" if self.repository else "commit "
        return f"{where}{self.short}" if self.commit else ""

    @property
    def short(self) -> str:
        """Return the first digits of the commit."""
        return self.commit[:_SHOWN]

    def same_counter(self, other: Origin) -> bool:
        """Return whether one counter counted both runs: that of a workflow of a repository."""
        one, two = (self.repository, self.workflow), (other.repository, other.workflow)
        return one == two and any(one) and None not in {self.number, other.number}

    def place_behind(self, other: Origin) -> int | None:
        """Return how many turns after that run's this one comes, below one if before it; None if unknown."""
        return (self.number or 0) - (other.number or 0) if self.same_counter(other) else None

    def is_newer_than(self, other: Origin) -> bool:
        """Return whether this is a later run of the same workflow; a later attempt of one run is not."""
        return self.same_counter(other) and (self.number or 0) > (other.number or 0)


def read(description: str) -> Origin:
    """Return the origin that a description names; an empty one if it names none."""
    if suffix := _SUFFIX.search(description.strip()):
        return _parsed(suffix[1])
    earlier = _EARLIER.match(description.strip())
    return Origin(earlier["repository"], earlier["commit"][:_COMMIT_LENGTH]) if earlier else Origin()


def _parsed(text: str) -> Origin:
    """Return the origin between the brackets: a commit, a run or both, and nothing else."""
    found = next(filter(None, (form.fullmatch(text) for form in _BRACKETS)), None)
    facts = {name: text for name, text in found.groupdict().items() if text} if found else {}
    return Origin(
        facts.get("repository", ""),
        facts.get("commit", "")[:_COMMIT_LENGTH],
        facts.get("workflow", ""),
        int(facts["number"]) if "number" in facts else None,
    )


def left(description: str) -> str:
    """Return the ID of the deployment that one with this description goes back from; empty if it does not."""
    found = _BACK.match(description)
    return found[1] if found else ""


def described(text: str, origin: Origin) -> str:
    """Return a description within the service's limit that ends with the origin, cutting the text."""
    room = DESCRIPTION_LIMIT - len(origin.text) - bool(origin.text)
    return " ".join(part for part in (cut(text, room), origin.text) if part)


def compare_url(pattern: str, old: Origin, new: Origin) -> str:
    """Return the page that shows the changes from `old` to `new`, by the CI's pattern; empty without any."""
    if old.repository != new.repository or not old.commit or not new.commit or old.commit == new.commit:
        return ""
    return pattern.replace("{old}", old.commit).replace("{new}", new.commit)
