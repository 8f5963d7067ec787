"""Pure: a fleet as it was read → the obstacles to a deployment.

Only what is certain is an error: that holds where everything that bears on it could be read. The numbers are
those of the user guide, "CodeDeploy instance health": the minimum of healthy instances must be less than
their total, or the deployment fails at once; a stopped instance has the impact of a failed one; and at least
one deployment must succeed, even if the minimum is 0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.errors import Severity
from deployer.rules import fleet as rules
from deployer.text import counted, first_few, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployer.errors import Problem
    from deployer.fleet.model import Fleet, Instance, ScalingGroup
    from deployer.live.targets import Selection, TagFilter

_PREDEFINED = "CodeDeployDefault."
_VALUES = 3
"""Values of a tag that are named where none is like the one that is looked for."""


def judge(group: str, selection: Selection, fleet: Fleet) -> Iterator[Problem]:
    """Yield the problems of a fleet, by the group's label."""
    for each in fleet.scaling or ():
        if each.suspended is not None:
            reason = f" ({each.suspended})" if each.suspended else ""
            yield rules.LAUNCH_SUSPENDED.problem(None, name=each.name, group=group, reason=reason)
    if fleet.total == 0:
        yield rules.NO_INSTANCE.problem(None, group=group, why=_why_none(selection, fleet))
        return
    yield from _healthy(group, fleet)
    running = [each for each in fleet.instances or () if not each.stopped]
    total = counted(len(fleet.instances or ()), "EC2 instance")
    if bare := [each.id for each in running if not each.profile]:
        yield rules.NO_PROFILE.problem(
            None, count=len(bare), total=total, group=group, have=_have(bare), names=first_few(bare)
        )
    if fleet.lost:
        yield rules.CONNECTION_LOST.problem(
            None, count=len(fleet.lost), total=total, group=group, names=first_few(fleet.lost)
        )


def _healthy(group: str, fleet: Fleet) -> Iterator[Problem]:
    """Yield what the minimum of healthy instances and the stopped ones come to."""
    total, minimum, stopped = fleet.total, fleet.minimum, fleet.stopped
    facts = {
        "group": group,
        "total": counted(total if total is not None else len(fleet.instances or ()), "instance"),
        "stopped": len(stopped),
        "are": "is" if len(stopped) == 1 else "are",
        "names": first_few(stopped),
    }
    if total is not None and minimum:
        facts |= {"config": minimum.config, "minimum": minimum.text(total)}
        if minimum.of(total) >= total:
            problem = rules.MINIMUM.problem(None, **facts)
            # Of one instance, the guide does not say what the predefined ones do.
            lenient = minimum.config.startswith(_PREDEFINED)
            yield replace(problem, severity=Severity.WARNING) if lenient else problem
        elif total - len(stopped) < max(minimum.of(total), 1):
            yield rules.TOO_MANY_STOPPED.problem(None, **facts)
            return
    if stopped:
        yield rules.STOPPED.problem(None, **facts)


def _why_none(selection: Selection, fleet: Fleet) -> str:
    """Return why no instance is selected, as clauses."""
    reasons = []
    if selection.tags:
        reasons.append(_why_no_tags(selection.tags, fleet.others))
    known = {each.name: each for each in fleet.scaling or ()}
    reasons += [_why_no_members(name, known.get(name)) for name in selection.scaling]
    if selection.premises:
        reasons.append(f"no on-premises instance has {_either(selection.premises)}")
    return "; ".join(reasons) or "it names neither tags nor Auto Scaling groups"


def _why_no_members(name: str, group: ScalingGroup | None) -> str:
    if group is None:
        return f"there is no Auto Scaling group {name}"
    wanted = f"wants {group.desired}" if group.desired else "wants none"
    return f"the Auto Scaling group {name} has no instances and {wanted}"


def _why_no_tags(groups: Sequence[Sequence[TagFilter]], others: Sequence[Instance] | None) -> str:
    """Return which tag no instance has, with the nearest one that some have."""
    if len(groups) == 1:
        absent = groups[0]
    else:
        absent = next((each for each in groups if others is not None and _is_absent(each, others)), ())
    if not absent:
        return f"no instance has all of {_either(groups)}"
    near = next(filter(None, (_near(each, others or ()) for each in absent)), "")
    return f"no instance has {_either([absent])}" + (f"; {near}" if near else "")


def _is_absent(group: Sequence[TagFilter], others: Sequence[Instance]) -> bool:
    """Return whether none of the instances with its keys has one of these tags."""
    return all(each.key and not any(each.matches(other.tags) for other in others) for each in group)


def _near(tag: TagFilter, others: Sequence[Instance]) -> str:
    """Return which tags like it there are, as a clause: `4 have Stage=production`."""
    if tag.key is None:
        return ""
    alike = {key for other in others for key in other.tags if key.lower() == tag.key.lower()}
    for key in sorted(alike, key=lambda each: each != tag.key):
        values = Counter(other.tags[key] for other in others if key in other.tags)
        found = nearest(tag.value, values) if tag.value is not None and tag.value not in values else tag.value
        if found and values[found]:
            return f"{values[found]} {_have(values[found])} {key}={found}"
        named = ", ".join(f"{value} ({count})" for value, count in values.most_common(_VALUES))
        return f"its values are {named}" + (" and others" if len(values) > _VALUES else "")
    return ""


def _either(groups: Sequence[Sequence[TagFilter]]) -> str:
    return " and ".join(" or ".join(map(str, group)) for group in groups)


def _have(names: Sequence[str] | int) -> str:
    count = names if isinstance(names, int) else len(names)
    return "has" if count == 1 else "have"
