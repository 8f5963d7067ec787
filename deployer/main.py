"""The command line: find its command before anything heavy is imported."""

from __future__ import annotations

import io
import os
import resource
import sys
import traceback
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TextIO

from deployer import REPOSITORY, __version__
from deployer.ci.detect import detect
from deployer.ci.redaction import RedactedStream, Redactor
from deployer.clock import SystemClock
from deployer.command import Call, Command, parse, shell_of
from deployer.errors import DeployError, ExitCode, InvalidBundle, InvalidInput, Problem, Severity
from deployer.report import outputs
from deployer.run import Outcome
from deployer.signals import Interrupted, ignore_signals, signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from deployer.ci.base import Ci
    from deployer.clock import Clock
    from deployer.settings.model import Settings

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
    with suppress(OSError, ValueError):  # nobody reads any longer
        if sys.stdout:
            sys.stdout.flush()
    return code


def execute(
    argv: Sequence[str], environ: Mapping[str, str], stream: TextIO | None, *, clock: Clock | None = None
) -> int:
    """Carry out the command that `argv` and `environ` ask for, reporting to `stream` and the CI's files."""
    try:
        call = parse(argv)
    except DeployError as error:
        return _report(error, detect(environ, sys.stderr))  # whatever was asked for, this is not it
    ci = detect(environ, stream)
    ci.quiet, ci.debugging = call.quiet, ci.debugging or call.verbose
    if call.command is Command.RUN:
        return _deploy(call.arguments, environ, ci, clock or SystemClock())
    beside = detect(environ, sys.stderr)  # stdout is for the document alone
    try:
        document, notes = _document(call, environ, ci)
    except DeployError as error:
        return _report(error, beside)
    ci.document(document)
    for note in notes:
        beside.say(note)
    return ExitCode.DONE


def _document(call: Call, environ: Mapping[str, str], ci: Ci) -> tuple[str, Iterable[str]]:
    """Return what a command prints, and sentences about it for the person who reads it."""
    if call.command is Command.VERSION:
        return f"deployer {__version__}\n", ()
    if call.command is Command.HELP:
        from deployer.reference.inputs import help_text

        return help_text(), ()
    if call.command is Command.COMPLETION:
        from deployer.reference.completion import completion

        return completion(shell_of(call.arguments)), ()
    return _policy(call, environ, ci)


def _policy(call: Call, environ: Mapping[str, str], ci: Ci) -> tuple[str, Iterable[str]]:
    """Return the IAM policy for a run with these inputs, or the trust policy of its role, as JSON.

    With it come sentences about what has to be filled in by hand.
    """
    from deployer.aws import policy
    from deployer.aws.claims import expected_claims, unfilled
    from deployer.prepare import unneeded
    from deployer.settings.load import load
    from deployer.settings.model import inputs

    if call.command is Command.TRUST:
        settings = load(environ, call.arguments, unneeded=lambda _: inputs())
        text = _json(policy.trust_policy(settings, expected_claims(environ)))
        return text, unfilled(text)
    settings = load(environ, call.arguments, unneeded=partial(unneeded, repository=ci.job.workspace))
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
            ci.announce(f"Interrupted by {interruption}.")
            for note in getattr(interruption, "__notes__", ()):
                ci.announce(note)
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
    ci.announce(f"This is a bug in the deployer, version {__version__}. Report it: {_ISSUES}")


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
    from deployer.pipeline import run
    from deployer.prepare import unneeded
    from deployer.run import Run
    from deployer.settings.load import load
    from deployer.settings.rules import doubts
    from deployer.settings.sources import inherited_inputs
    from deployer.store import key_problems

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

        ci.announce(still_running(outcome.deployment))


def close(code: ExitCode, outcome: Outcome, ci: Ci, *, seconds: float) -> int:
    """Write the last outputs, the summary and the JUnit report; none of them can change how the run ended."""
    reports: tuple[Callable[[], None], ...] = (
        lambda: ci.outputs(_last_outputs(outcome, seconds)),
        lambda: ci.summary(lambda: _summary(outcome)),
        lambda: ci.junit(lambda: _junit(outcome)),
    )
    for report in reports:
        try:
            report()
        except Exception as error:  # noqa: BLE001 - the last resort: the next report is written all the same
            _tell_of_bug(error, ci)
    return code


def _summary(outcome: Outcome) -> str:
    from deployer.report.summary import summary

    return summary(outcome)


def _junit(outcome: Outcome) -> str:
    from deployer.report.junit import junit

    return junit(outcome)


def _last_outputs(outcome: Outcome, seconds: float) -> dict[str, str]:
    values = outputs.of_attempts(outcome) | {"duration-seconds": str(round(seconds))}
    if outcome.problems and not outcome.ending:
        values |= outputs.of_problem(outcome.problems[0])
    return values
