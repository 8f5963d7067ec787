"""Run: everything a stage needs besides the previous stage's value, and the results so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deployer.choices import PreFlight, Stage
from deployer.deployment.model import Status
from deployer.errors import ExitCode, Severity
from deployer.live.origin import Origin, compare_url
from deployer.report import outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle
    from deployer.bundle.listing import Unknown
    from deployer.ci.base import Ci
    from deployer.clock import Clock
    from deployer.deployment.model import Deployment, Explanation
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.live.bundle import LiveBundle
    from deployer.live.group import Group
    from deployer.plan.model import Plan
    from deployer.report.suggestions import Suggestion
    from deployer.revision import Revision, S3Revision, StoredObject
    from deployer.settings.model import Settings


_EXIT_CODES = {
    Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED,
    Status.TIMED_OUT: ExitCode.TIMED_OUT,
}


_GOOD = {Status.CREATED, Status.READY, Status.SUCCEEDED, Status.SKIPPED, Status.UNCHANGED}


@dataclass(slots=True)
class Outcome:
    """The stages' values so far; `status` is None until the first stage is done.

    `groups` are all groups to deploy to, `group` the one whose turn it is or was last; what the groups before
    it came to is in `earlier`. `origin` is where the revision came from, `before` says what the group ran
    right before its deployment, `before_label` names its commit. `plan` is of all groups, None before it.
    `findings` is all that the checks before the upload found; None before them.
    """

    application: str = ""
    groups: tuple[str, ...] = ()
    group: str = ""
    region: str = ""
    status: Status | None = None
    bundle: Bundle | None = None
    plan: Plan | None = None
    stored: StoredObject | None = None
    revision: Revision | None = None
    deployment: Deployment | None = None
    ending: Ending | None = None
    explanation: Explanation | None = None
    rollback: Deployment | None = None
    rollback_ending: Ending | None = None
    rollback_explanation: Explanation | None = None
    live: Revision | None = None
    origin: Origin = field(default_factory=Origin)
    before: str = ""
    before_label: str = ""
    compare_url: str = ""
    findings: tuple[Problem, ...] | None = None
    rehearsal: Ending | None = None
    rehearsal_explanation: Explanation | None = None
    problems: list[Problem] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    earlier: tuple[Outcome, ...] = ()

    @property
    def attempts(self) -> tuple[Outcome, ...]:
        """The outcomes of the groups attempted so far, in order."""
        return (*self.earlier, self)

    def turn_to(self, group: str) -> None:
        """Begin with a group, keeping what the one before came to."""
        if self.deployment or self.spared:
            self.earlier = (*self.earlier, replace(self, earlier=()))
            self.deployment = self.ending = self.explanation = self.live = None
            self.rollback = self.rollback_ending = self.rollback_explanation = None
            self.problems, self.suggestions = [], []
            self.before = self.before_label = self.compare_url = ""
            self.status = Status.REGISTERED
        self.group = group

    @property
    def spared(self) -> bool:
        """True if nothing was to be deployed to the group."""
        return self.status in {Status.SKIPPED, Status.UNCHANGED}

    @property
    def rollback_status(self) -> Status | None:
        """Return the result of the rollback; CREATED while its end was not seen, None without one."""
        if self.rollback is None:
            return None
        return self.rollback_ending.status if self.rollback_ending else Status.CREATED

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a run that came to its end."""
        return _EXIT_CODES.get(self.status, ExitCode.DONE) if self.status else ExitCode.DONE

    @property
    def lets_next_group_begin(self) -> bool:
        """True if the group reached the result that the next one waits for."""
        return self.status in _GOOD


@dataclass(slots=True)
class Run:
    """The surroundings of a run, and the record of what each stage came to: log, outputs and outcome.

    `environ` is the environment, where the CI leaves what proves the job's identity, and the build the time
    that its bundles bear (SOURCE_DATE_EPOCH). `aws` is the connection, once there is one.
    """

    settings: Settings
    ci: Ci
    clock: Clock
    environ: Mapping[str, str]
    outcome: Outcome = field(default_factory=Outcome)
    aws: Aws | None = None
    _listed: dict[Revision | None, LiveBundle | Unknown] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """Return the origin of what this job builds."""
        job = self.ci.job
        return Origin.of(repository=job.repository, sha=job.sha, workflow=job.workflow, number=job.run_number)

    def listed(self, revision: Revision | None) -> LiveBundle | Unknown:
        """Return the files of a bundle in S3, which is read once, or why they are not known."""
        from deployer.live.bundle import live_bundle

        if revision not in self._listed:
            assert self.aws  # noqa: S101 - whoever has seen a revision is connected
            owner = self.settings.expected_bucket_owner
            if revision and revision == self.settings.promoted:
                owner = self.settings.expected_source_bucket_owner or owner
            found = live_bundle(revision, s3=self.aws.s3_optional, expected_bucket_owner=owner)
            self._listed[revision] = found
        return self._listed[revision]

    def judged(self, problems: Sequence[Problem]) -> list[Problem]:
        """Record what a check before the upload found, annotate what can stay, and return what cannot."""
        fatal = {Severity.ERROR}
        if self.settings.pre_flight is PreFlight.STRICT:
            fatal |= {Severity.WARNING}
        found = [
            replace(problem, severity=Severity.ERROR) if problem.severity in fatal else problem
            for problem in problems
        ]
        self.outcome.findings = (*(self.outcome.findings or ()), *found)
        for problem in found:
            if problem.severity is not Severity.ERROR:
                self.ci.annotate(problem)
        return [problem for problem in found if problem.severity is Severity.ERROR]

    def packaged(self, bundle: Bundle, source: str) -> Bundle:
        """Record the bundle, made from `source`."""
        from deployer.report import lines

        for text in lines.packaged(bundle, source):
            self.ci.say(text)
        return self.completed(bundle)

    def completed(self, bundle: Bundle) -> Bundle:
        """Record the bundle whose AppSpec has all that was looked up."""
        self.outcome.bundle, self.outcome.status = bundle, Status.PLANNED
        self.ci.outputs(outputs.of_bundle(bundle))
        return bundle

    def rehearsed(self, ending: Ending, explanation: Explanation) -> None:
        """Record how the bundle's rehearsal ended, and why if it failed."""
        from deployer.report import lines

        outcome = self.outcome
        outcome.rehearsal, outcome.rehearsal_explanation = ending, explanation
        self.ci.announce(lines.rehearsed(ending))
        if ending.status is Status.REHEARSED:
            outcome.status = ending.status
            self.ci.outputs({"status": ending.status})

    def planned(self, plan: Plan) -> None:
        """Record what the deployment is about to change."""
        from deployer.report import plan as report

        stops = self.settings.stop_after is Stage.PLAN
        self.outcome.plan = plan
        if stops:
            self.outcome.status = Status.PLANNED
            self.ci.outputs({"status": Status.PLANNED})
        for text in report.lines(plan, alone=stops):
            self.ci.say(text)
        text = report.markdown(plan) if self.ci.takes_lines else ""
        self.ci.outputs(outputs.of_plan(text, changed=plan.changed))

    def stored(self, stored: StoredObject, bundle: Bundle) -> S3Revision:
        """Record the object that holds the bundle, and return the revision that it is."""
        from deployer.report import lines

        return self._in_bucket(stored, lines.stored(stored, bundle))

    def copied(self, stored: StoredObject, source: S3Revision, proof: str) -> S3Revision:
        """Record the object that S3 copied from another bucket, and return the revision that it is.

        `proof` is the checksum that shows it to be the same; empty without one.
        """
        from deployer.report import lines

        return self._in_bucket(stored, lines.copied(stored, source, proof))

    def _in_bucket(self, stored: StoredObject, line: str) -> S3Revision:
        from deployer.rules import upload as upload_rules

        self.outcome.stored, self.outcome.status = stored, Status.UPLOADED
        self.ci.say(line)
        if stored.orphan:
            self.ci.annotate(upload_rules.MAYBE_LEFT_BEHIND.problem(None))
        self.ci.outputs(outputs.of_stored(stored))
        return stored.revision

    def turn_to(self, group: str) -> None:
        """Begin with a group: from here on no output tells of the one before, but the list of all."""
        self.outcome.turn_to(group)
        if self.outcome.earlier:
            self.ci.outputs(outputs.of_nothing(self.outcome.status))

    def registered(self, revision: Revision) -> Revision:
        """Record the revision that is deployed from here on."""
        self.outcome.revision, self.outcome.status = revision, Status.REGISTERED
        self.ci.outputs(outputs.of_revision(revision))
        return revision

    def compared(self, group: Group, revision: Revision, live: Revision | None) -> None:
        """Record what the group runs, `live`, before the revision is deployed to it."""
        from deployer.report import lines

        origin, job = self.outcome.origin, self.ci.job
        url = compare_url(job.compare, group.live.origin, origin) if group.live else ""
        before = lines.running(group, now=self.clock.now())
        self.outcome.before, self.outcome.compare_url = before, url
        self.outcome.before_label = group.live.origin.label if group.live else ""
        link = f", {url}" if url else ""
        self.ci.say(f"Live: {before} → Deploying: {lines.deploying(group, origin, revision)}{link}")
        self.ci.outputs(outputs.of_before(live, url))

    def restarting(self, group: Group) -> None:
        """Record what the group runs before it is restarted."""
        from deployer.report import lines

        self.outcome.before = lines.running(group, now=self.clock.now())
        self.outcome.before_label = group.live.origin.label if group.live else ""
        self.ci.say(f"Live: {self.outcome.before} → Restarting")
        self.ci.say(lines.RESTART_NEEDS)
        if group.live and group.live.revision:
            self.registered(group.live.revision)

    def deployed(self, deployment: Deployment) -> Deployment:
        """Record the deployment, whose id later steps need even if this run dies."""
        self.outcome.deployment, self.outcome.status = deployment, Status.CREATED
        self.ci.say(f"Deployment {deployment.id}: {deployment.url}")
        self.ci.outputs(outputs.of_deployment(deployment) | outputs.of_attempts(self.outcome))
        return deployment

    def spared(self, status: Status, why: str) -> None:
        """Record that nothing is deployed to this group, and why."""
        self.outcome.status = status
        self.ci.say(why)
        known = outputs.of_attempts(self.outcome) | outputs.of_live(self.outcome.live)
        self.ci.outputs({"status": status} | known)

    def rolled_back(self, rollback: Deployment) -> Deployment:
        """Record the deployment that rolls this one back, and return it."""
        self.outcome.rollback = rollback
        self.ci.outputs(outputs.of_rollback(self.outcome))
        return rollback

    def suggest(self, suggestion: Suggestion | None) -> None:
        """Say how to go on, and keep it for the summary; do nothing if there is no suggestion."""
        if suggestion:
            self.outcome.suggestions.append(suggestion)
            self.ci.say(suggestion.line)
