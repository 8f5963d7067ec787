"""Where a checkout holds what an instance speaks of."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import Location
from deployer.follow.places import places_in


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text())
def test_only_files_of_the_checkout_are_places(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "checkout"
    (inside / "scripts").mkdir(parents=True, exist_ok=True)
    (inside / "scripts" / "x.sh").touch()
    (tmp_path / "secret").touch()
    places = places_in(inside, appspec="appspec.yml")
    assert places.locate("./scripts/x.sh") == "scripts/x.sh"
    for outside in (name, f"../{name}", "../secret", "/etc/passwd", "scripts", "\0", "x" * 5000):
        assert places.locate(outside) is None
    assert places.appspec is None


def test_the_appspec_of_the_checkout_gives_the_lines_of_hooks(tmp_path: Path) -> None:
    text = "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: x.sh\n      timeout: 60\n"
    (tmp_path / "appspec.yml").write_text(text)
    places = places_in(tmp_path, appspec="appspec.yml")
    assert places.hooks == {"AfterInstall": Location("appspec.yml", 5)}
    assert places.timeouts == {"AfterInstall": 60}


def test_what_cannot_be_read_in_a_checkout_has_no_place(tmp_path: Path) -> None:
    """The deployment is followed all the same."""
    (tmp_path / "appspec.yml").symlink_to("other.yml")
    (tmp_path / "other.yml").symlink_to("appspec.yml")
    assert places_in(tmp_path, appspec="appspec.yml").appspec is None
    assert places_in(tmp_path, appspec=".").appspec is None
    unreadable = Path("/proc/self")  # a file there, mem, cannot be read from its start
    assert places_in(unreadable, appspec="mem").hooks == {}
