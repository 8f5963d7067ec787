from __future__ import annotations

import pytest

from deployer.errors import InvalidInput
from deployer.main import Command, split_command


@pytest.mark.parametrize(
    ("argv", "command", "rest"),
    [
        ([], Command.RUN, []),
        (["--region", "eu-west-1"], Command.RUN, ["--region", "eu-west-1"]),
        (["run", "--region", "eu-west-1"], Command.RUN, ["--region", "eu-west-1"]),
        (["--region", "eu-west-1", "--help"], Command.HELP, []),
        (["nonsense", "-h"], Command.HELP, []),
        (["--version"], Command.VERSION, []),
        (["policy", "--bucket", "releases"], Command.POLICY, ["--bucket", "releases"]),
        (["policy", "--bucket", "releases", "--trust"], Command.TRUST, ["--bucket", "releases"]),
    ],
)
def test_commands(argv: list[str], command: Command, rest: list[str]) -> None:
    assert split_command(argv)[0] is command
    assert list(split_command(argv)[1]) == rest


def test_an_unknown_command_is_told_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        split_command(["polcy"])
    (problem,) = caught.value.problems
    assert problem.message == "Unknown command 'polcy'."
    assert problem.hint == "Commands: run, policy, policy --trust."
