"""The command line: find its command before anything heavy is imported."""

from __future__ import annotations

import io
import os
import resource
import sys
import traceback
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, TextIO

from deployer import REPOSITORY, __version__
from deployer.ci.detect import detect
from deployer.ci.redaction import RedactedStream, Redactor
from deployer.clock import SystemClock
from deployer.errors import DeployError, ExitCode, InvalidBundle, InvalidInput, Problem, Severity
from deployer.report import outputs
from deployer.run import Outcome
from deployer.signals import Interrupted, ignore_signals, signals
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from deployer.ci.base import Ci
    from deployer.clock import Clock
    from deployer.settings.model import Settings


class Command(StrEnum):
    """The words and flags that choose what to do; without one the pipeline runs."""

    RUN = "run"
    POLICY = "policy"
    TRUST = "policy --trust"
    HELP = "--help"
    VERSION = "--version"


def split_command(argv: Sequence[str]) -> tuple[Command, Sequence[str]]:
    """Split off the command; the remaining arguments are for the settings.

    `--help` and `--version` win wherever they stand; a command is the first word. Raises InvalidInput for a
    first word that is no command.
    """
    if "--help" in argv or "-h" in argv:
        return Command.HELP, ()
    if "--version" in argv:
        return Command.VERSION, ()
    if not argv or argv[0].startswith("-"):
        return Command.RUN, argv
    if argv[0] == Command.POLICY and "--trust" in argv:
        return Command.TRUST, [word for word in argv[1:] if word != "--trust"]
    if argv[0] in {Command.RUN, Command.POLICY}:
        return Command(argv[0]), argv[1:]
    meant = did_you_mean(nearest(argv[0], [Command.POLICY, Command.HELP, Command.VERSION]))
    usage = "Write inputs as --name=value; --help lists them, and the commands."
    raise InvalidInput(Problem(f"Unknown command {argv[0]!r}.", f"{meant} {usage}".strip()))


_ISSUES = f"https://github.com/{REPOSITORY}/issues"


def main() -> int:
    """Run the command line of this process and return its exit code.

    Nothing leaves the process but by the CI's writers: no core file, which would hold the credentials, and no
    complaint of a reader that has gone.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stderr = RedactedStream(sys.stderr, Redactor(os.environ))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        with suppress(OSError):  # a pipe that another process of the job has made non-blocking
            os.set_blocking(sys.stdout.fileno(), True)
    code = execute(sys.argv[1:], os.environ, sys.stdout)
    try:
        if sys.stdout:
            sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left, Python writes when it ends
    return code


def execute(
    argv: Sequence[str], environ: Mapping[str, str], stream: TextIO | None, *, clock: Clock | None = None
) -> int:
    """Carry out the command that `argv` and `environ` ask for, reporting to `stream` and the CI's files."""
    ci = detect(environ, stream)
    try:
        command, arguments = split_command(argv)
    except DeployError as error:
        return _report(error, detect(environ, sys.stderr))  # whatever was asked for, this is not it
    if command is Command.VERSION:
        ci.document(f"deployer {__version__}\n")
        return ExitCode.DONE
    if command is Command.HELP:
        from deployer.reference.inputs import help_text

        ci.document(help_text())
        return ExitCode.DONE
    if command in {Command.POLICY, Command.TRUST}:
        beside = detect(environ, sys.stderr)  # stdout is for the policy alone
        try:
            document, notes = _policy(command, arguments, environ, ci)
        except DeployError as error:
            return _report(error, beside)
        ci.document(document)
        for note in notes:
            beside.say(note)
        return ExitCode.DONE
    return _deploy(arguments, environ, ci, clock or SystemClock())


def _policy(
    command: Command, arguments: Sequence[str], environ: Mapping[str, str], ci: Ci
) -> tuple[str, Iterable[str]]:
    """Return the IAM policy for a run with these inputs, or the trust policy of its role, as JSON.

    With it come sentences about what has to be filled in by hand.
    """
    from deployer.aws import policy
    from deployer.aws.claims import expected_claims, unfilled
    from deployer.prepare import unneeded
    from deployer.settings.load import load
    from deployer.settings.model import inputs

    if command is Command.TRUST:
        settings = load(environ, arguments, unneeded=lambda _: inputs())
        text = _json(policy.trust_policy(settings, expected_claims(environ)))
        return text, unfilled(text)
    settings = load(environ, arguments, unneeded=partial(unneeded, repository=ci.job.workspace))
    return _json(policy.permissions_policy(settings)), policy.wildcards(settings)


def _json(document: Mapping[str, object]) -> str:
    import json

    return json.dumps(document, indent=2) + "\n"


def _deploy(arguments: Sequence[str], environ: Mapping[str, str], ci: Ci, clock: Clock) -> int:
    """Run the line, and report what it came to however it ends."""
    outcome = Outcome()
    started = clock.monotonic()
    with signals():
        try:
            code = _run_and_tell(arguments, environ, ci, outcome, clock)
            ignore_signals()
        except Interrupted as interruption:
            ci.say(f"Interrupted by {interruption}.")
            for note in getattr(interruption, "__notes__", ()):
                ci.say(note)
            code = interruption.exit_code
        return close(code, outcome, ci, seconds=clock.monotonic() - started)


def _run_and_tell(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    ci: Ci,
    outcome: Outcome,
    clock: Clock,
) -> ExitCode:
    """Run the line; an error is reported and becomes its exit code."""
    try:
        return _run(arguments, environ, ci, outcome, clock)
    except DeployError as error:
        outcome.problems.extend(error.problems)
        if isinstance(error, InvalidBundle):
            outcome.findings = outcome.findings or error.problems
        code = _report(error, ci)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug of ours is reported as one
        _tell_of_bug(error, ci)
        code = ExitCode.BUG
    _report_still_running(outcome, ci)
    return code


def _tell_of_bug(error: Exception, ci: Ci) -> None:
    ci.block(traceback_of(error))
    ci.say(f"This is a bug in the deployer, version {__version__}. Report it: {_ISSUES}")


def traceback_of(error: BaseException) -> str:
    """Format an error and its causes as a traceback, without parsers' messages, which quote their input."""
    cause: BaseException | None = error
    while cause:
        if type(cause).__module__ == "botocore.parsers":
            cause.args = ("its text quotes a response and is left out",)
        cause = cause.__cause__ or cause.__context__
    return "".join(traceback.format_exception(error))


def _run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    ci: Ci,
    outcome: Outcome,
    clock: Clock,
) -> ExitCode:
    from deployer.deployment.request import document_problems
    from deployer.pipeline import key_problems, run
    from deployer.prepare import unneeded
    from deployer.run import Run
    from deployer.settings.load import load
    from deployer.settings.rules import doubts
    from deployer.settings.sources import inherited_inputs

    for problem in inherited_inputs(environ):
        if problem.severity is Severity.NOTICE:
            ci.say(problem.message)
        else:
            ci.annotate(problem)

    def check(settings: Settings) -> Iterator[tuple[str, Problem]]:
        yield from document_problems(settings)
        yield from key_problems(settings, ci.job)
        yield from _unwritable(settings, ci)

    settings = load(environ, arguments, unneeded=partial(unneeded, repository=ci.job.workspace), check=check)
    for problem in doubts(settings, environ):
        ci.annotate(problem)
    context = Run(settings, ci, clock, environ, outcome)
    try:
        run(context)
    except DeployError as error:
        if context.aws is None:
            raise
        from deployer.aws.hints import advised

        raise advised(error, aws=context.aws, application=outcome.application, group=outcome.group) from error
    return outcome.exit_code


def _unwritable(settings: Settings, ci: Ci) -> Iterator[tuple[str, Problem]]:
    """Begin the report files that the inputs name; yields a problem for each that cannot be written."""
    try:
        ci.keep_in(outputs=settings.outputs_file, summary=settings.summary_file, junit=settings.junit_file)
    except InvalidInput as error:
        yield from (("outputs-file", problem) for problem in error.problems)


def _report(error: DeployError, ci: Ci) -> ExitCode:
    for problem in error.problems:
        ci.annotate(problem)
    return error.exit_code


def _report_still_running(outcome: Outcome, ci: Ci) -> None:
    """Say which deployment nobody watches any longer."""
    if outcome.deployment and not outcome.ending:
        from deployer.report.lines import still_running

        ci.say(still_running(outcome.deployment))


def close(code: ExitCode, outcome: Outcome, ci: Ci, *, seconds: float) -> int:
    """Write the last outputs, the summary and the JUnit report; none of them can change how the run ended."""
    from deployer.report.junit import junit
    from deployer.report.summary import summary

    reports: tuple[Callable[[], None], ...] = (
        lambda: ci.outputs(_last_outputs(outcome, seconds)),
        lambda: ci.summary(lambda: summary(outcome)),
        lambda: ci.junit(lambda: junit(outcome)),
    )
    for report in reports:
        try:
            report()
        except Exception as error:  # noqa: BLE001 - the last resort: the next report is written all the same
            _tell_of_bug(error, ci)
    return code


def _last_outputs(outcome: Outcome, seconds: float) -> dict[str, str]:
    values = outputs.of_attempts(outcome) | {"duration-seconds": str(round(seconds))}
    if outcome.problems and not outcome.ending:
        values |= outputs.of_problem(outcome.problems[0])
    return values
