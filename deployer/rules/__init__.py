"""Every rule about bundles as data: its code and message, how to put it right, and where it comes from.

A check reports with `rule.problem(place, fact=…)`, and `docs/pre-flight.md` is made of the same values. A
module here is a chapter there.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.errors import Location, Problem, Severity
from deployer.text import cut

_LONGEST_FACT = 1000
"""Characters of a name, a line or a value that a message quotes; who writes it may write a megabyte."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with a bundle.

    >>> METHOD.problem(Location("app.zip"), member="a", more="", method="LZMA")
    Problem(message='a is compressed with LZMA, which the agent cannot open.', code='archive-method', …)

    `message` and `hint` are `str.format` templates over the facts of a finding; `bad` and `good` are examples
    for the documentation; `source` says who enforces the rule.
    """

    code: str
    message: str
    hint: str
    bad: str
    good: str
    source: str
    severity: Severity = Severity.ERROR

    def problem(self, location: Location | None, /, **facts: object) -> Problem:
        """Return the finding at `location`; raises KeyError if a fact of the templates is missing."""
        facts = {
            name: cut(fact, _LONGEST_FACT) if isinstance(fact, str) else fact for name, fact in facts.items()
        }
        return Problem(
            message=self.message.format_map(facts),
            hint=self.hint.format_map(facts),
            code=self.code,
            severity=self.severity,
            location=location,
        )


WARNING = Severity.WARNING
NOTICE = Severity.NOTICE

# Where a rule comes from; agent rules were seen with the agent itself or read in its source.
AGENT = "CodeDeploy agent"
AGENT_2 = "CodeDeploy agent 2.x"
RUBY = "CodeDeploy agent (Ruby's YAML reader)"
LINUX = "Linux (how a script is started)"
SERVICE = "CodeDeploy service, AppSpec reference for Lambda and ECS"
DOCS = "AWS documentation, AppSpec file reference"
