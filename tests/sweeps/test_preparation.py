"""What a long sweep does for each run before the first one is told: how many they are, how far it is, how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fuzz.outcome import call
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.sweeps import declaration, preparation
from theory_sim.sweeps.blocks import Random
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.preparation import report_preparation, reported
from theory_sim.terminal import progress

RUNS = 60
FILE = f'name = "long"\nengine = "closure"\n[fields]\nd = 4\nN = 8\nmax_tau = 2.0\n[random]\ncount = {RUNS}\nr = [0.1, 0.5]\n'


@pytest.fixture(autouse=True)
def already_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "MANY", RUNS)
    monkeypatch.setattr(preparation, "_EVERY", 10)


@contextmanager
def told(what: str, total: int) -> Iterator[Callable[[int], None]]:
    TOLD.append((what, total, []))
    yield TOLD[-1][2].append


TOLD: list[tuple[str, int, list[int]]] = []


def test_each_item_comes_and_how_many_have_is_told() -> None:
    TOLD.clear()
    with report_preparation(told):
        assert list(reported("counting", range(RUNS), RUNS)) == list(range(RUNS))
        assert list(reported("counting", range(9), 9)) == list(range(9))
    assert list(reported("counting", range(RUNS), RUNS)) == list(range(RUNS))
    assert TOLD == [("counting", RUNS, [10, 20, 30, 40, 50])]


@pytest.mark.parametrize("verb", ["expand", "run"])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_log_says_how_many_runs_there_are_and_how_long_it_takes(
    verb: str, quiet: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own work is left out: it is interrupted where it would begin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "_LONG", 0.0)
    monkeypatch.setattr("theory_sim.cli.sweeps._compute", lambda *_, **__: None)
    Path("long.toml").write_text(FILE)
    outcome = call("theory-sim", "sweep", verb, "long.toml", *(["--workers", "0"] if verb == "run" else []), *["-q"] * quiet)
    said = [line.split(",")[0] for line in outcome.err.splitlines()]
    second = {"expand": ["comparing"], "run": ["listing in the manifest", "validating"]}[verb]
    assert outcome.status == 0, outcome.err
    assert said == [f"note: {each} {RUNS} runs" for each in ["validating", *second] if not quiet], outcome.err
    assert outcome.err.count("takes about 0 s") == len(said)


def test_a_terminal_shows_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    Path("long.toml").write_text(FILE)
    err = call("theory-sim", "sweep", "expand", "long.toml").err
    assert f"validating {RUNS} runs" in err and "left" in err and "note:" not in err


def test_a_fault_of_every_point_is_told_without_looking_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    replace = Experiment.replace

    def counted(experiment: Experiment, **changes: object) -> Experiment:
        looked.append(changes)
        return replace(experiment, **changes)

    monkeypatch.setattr(Experiment, "replace", counted)
    for most in (7, 1000):
        looked.clear()
        monkeypatch.setattr(declaration, "_MOST_AFTER", most)
        with pytest.raises(InputError, match="nonesuch"):
            Sweep("x", Experiment(), (Random({"r": [0.1, 0.5], "loss": {"values": ["nonesuch"]}}, RUNS),))
        assert len(looked) == 1 + min(most + 1, RUNS)  # the sweep's name, and the points


def test_a_place_that_holds_no_sweep_is_refused_before_the_runs_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.txt").write_text("somebody's")
    Path("long.toml").write_text(FILE)
    monkeypatch.setattr(Sweep, "from_toml", lambda path: pytest.fail("the declaration is read"))
    outcome = call("theory-sim", "sweep", "run", "long.toml", "--workers", "0", "--out", "taken.txt")
    assert outcome.status == 2 and "taken.txt cannot hold a folder" in " ".join(outcome.err.split())
