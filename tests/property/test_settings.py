from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from deployer.errors import InvalidInput
from deployer.settings.load import load
from deployer.settings.model import inputs
from deployer.settings.values import format_duration, parse_duration

NAMES = st.sampled_from([*inputs(), "args", "unknown"])
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["true", "1h", "zip", "wait", "eu-west-1", "{digest}", "--", "-1"]
)


@example_settings(deadline=None)  # the first example loads pydantic
@given(
    environ=st.dictionaries(st.builds("INPUT_{}".format, NAMES.map(str.upper) | st.text(max_size=9)), TEXTS),
    argv=st.lists(st.builds("--{}={}".format, NAMES, TEXTS) | NAMES.map("--{}".format) | TEXTS),
)
def test_any_input_gives_settings_or_problems_in_words(environ: dict[str, str], argv: list[str]) -> None:
    """No other exception, no exit, and no problem without a hint."""
    try:
        load(environ, argv)
    except InvalidInput as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.message and problem.hint for problem in problems)


@example_settings(deadline=None)  # the first example loads pydantic
@given(st.dictionaries(st.sampled_from([*inputs()]), TEXTS.filter(lambda text: text not in {"--", "\0"})))
def test_variables_and_flags_mean_the_same(values: dict[str, str]) -> None:
    """Each spelling of the same inputs loads the same settings, or tells as many problems.

    Python 3.11's argparse drops a value that is `--`; NUL can stand in neither.
    """

    def outcome(environ: dict[str, str], argv: list[str]) -> object:
        try:
            return load(environ, argv).model_dump()  # where each came from is told apart
        except InvalidInput as error:
            return len(error.problems)

    hyphens = {f"INPUT_{name.upper()}": text for name, text in values.items()}
    underscores = {f"INPUT_{name.upper().replace('-', '_')}": text for name, text in values.items()}
    flags = [f"--{name}={text}" for name, text in values.items()]
    assert outcome(hyphens, []) == outcome(underscores, []) == outcome({}, flags)


@example_settings(deadline=None)  # the first example loads pydantic
@given(st.integers(1, 10**8))
def test_a_duration_reads_as_it_is_written(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
