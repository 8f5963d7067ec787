"""`make demo`: the real command line deploys one of the examples, live, against stand-ins for AWS.

S3 is a real server, CodeDeploy an emulator on the loopback interface; everything in between is what users
run. The demo ends 0 when the run told the truth: its exit code is the one for the state that the deployment
was really in.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deployer.errors import ExitCode
from tests.emulator import SCENARIOS, Emulator
from tests.environment import aws_environment
from tests.protocol.steps import DEPLOYED
from tests.releases import release
from tests.s3 import S3Server

ROOT = Path(__file__).parent.parent
BUCKET = "hello-web-revisions"
EXIT_CODES = {
    "Succeeded": ExitCode.DONE,
    "Ready": ExitCode.DONE,
    "Failed": ExitCode.FAILED,
    "Stopped": ExitCode.STOPPED,
}
REFUSALS = {
    ExitCode.INVALID_INPUT,
    ExitCode.INVALID_BUNDLE,
    ExitCode.ACCESS_DENIED,
    ExitCode.AWS_FAULT,
}
# A green fleet waits for an hour to be continued, so this run stops where a job would test it.
ARGUMENTS = {"blue-green": ("--stop-after", "ready")}
TIMEOUT = "40s"
STAND_INS = (
    "S3 and CodeDeploy are stand-ins on this machine: instances and their logs are made up, and links to the "
    "AWS console lead nowhere."
)
PLAN, PLANNED = "plan", "what deploying hello-web would change, compared with yesterday's release"


def say(*lines: str) -> None:
    """Print lines at once, before a child process prints its own."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def list_scenarios() -> None:
    """Print the scenarios by the compute platform that they deploy to."""
    for platform, example in DEPLOYED.items():
        say(f"{platform}, with {example['INPUT_APPLICATION']}:")
        for each in SCENARIOS.values():
            if each.platform == platform:
                say(f"  {each.name:<24}{each.description}")
    say("Without a deployment:", f"  {PLAN:<24}{PLANNED}")


def stock(s3: S3Server) -> None:
    """Fill S3 with what a run finds there: an empty bucket of its own, and what is live."""
    s3.create_bucket(BUCKET, versioned=True)
    release(s3)


def arguments(scenario: str) -> list[str]:
    """The flags that play a scenario with the example of its platform."""
    platform = SCENARIOS[scenario].platform
    given = {name.removeprefix("INPUT_").lower(): value for name, value in DEPLOYED[platform].items()}
    given["deployment-group"] = "production"
    if platform == "Server":
        given["bucket"] = BUCKET
    given["timeout"] = TIMEOUT
    flags = [word for name, value in given.items() for word in (f"--{name}", value)]
    return [*flags, *ARGUMENTS.get(scenario, ())]


def play(scenario: str, folder: Path, *, plan: bool = False) -> int:
    """Deploy an example or only plan to, and return the demo's exit code; its files go to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs, summary = folder / "outputs.env", folder / "summary.md"
    for path in (outputs, summary):
        path.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-I", "entrypoint.py"),
        *arguments(scenario),
        *(("--stop-after", PLAN) if plan else ()),
        *("--outputs-file", str(outputs.relative_to(ROOT)), "--summary-file", str(summary.relative_to(ROOT))),
    ]
    with (
        tempfile.TemporaryDirectory() as data,
        S3Server(Path(data)) as s3,
        Emulator(scenario=scenario) as emulator,
    ):
        stock(s3)
        environment = aws_environment(Path(data), s3=s3, emulator=emulator)
        what = f"{PLAN}: {PLANNED}" if plan else f"{scenario}: {SCENARIOS[scenario].description}"
        say(f"Scenario {what}", STAND_INS, "$ " + shlex.join(command[2:]), "")
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        states = [each.status(time.monotonic()) for each in emulator.deployments if each.creator == "user"]
    values = dict(line.split("=", 1) for line in outputs.read_text(encoding="utf-8").splitlines())
    say("", f"Outputs ({outputs.relative_to(ROOT)}):", *(f"{name}={value}" for name, value in values.items()))
    say("", f"Summary, in Markdown: {summary.relative_to(ROOT)}")
    status = states[-1] if states else None
    return verdict(code, status, refused=bool(SCENARIOS[scenario].busy), plan=plan)


def verdict(code: int, status: str | None, *, refused: bool = False, plan: bool = False) -> int:
    """0 when the exit code says what became of the deployment, or why there was none; else 1."""
    if status is None:
        what = "Nothing was deployed."
        expected = {ExitCode.DONE} if plan else REFUSALS
    else:
        what = f"CodeDeploy's own status is {status}."
        expected = {EXIT_CODES.get(status, ExitCode.TIMED_OUT)}
        if refused:
            expected.add(ExitCode.CONFLICT)
    say(f"Exit code {code}: {ExitCode(code).meaning}. {what}")
    if code in expected:
        return 0
    say("That is not what the exit code should have said.")
    return 1


def main() -> int:
    """Play the scenario of the first argument, `success` without one."""
    scenario = sys.argv[1] if len(sys.argv) > 1 else "success"
    if scenario == "list":
        list_scenarios()
        return 0
    if scenario == PLAN:
        return play("success", ROOT / "build" / "demo", plan=True)
    if scenario not in SCENARIOS:
        say(f"There is no scenario {scenario!r}; `make demo SCENARIO=list` names them.")
        return ExitCode.INVALID_INPUT
    return play(scenario, ROOT / "build" / "demo")


if __name__ == "__main__":
    raise SystemExit(main())
