"""Command lines of every verb: a documented status, a message, nothing written where refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given

from tests.fuzz.folder import listing
from tests.fuzz.lines import CHEAP, command_lines, verbs
from tests.fuzz.outcome import Outcome, call
from tests.fuzz.property import faults
from tests.fuzz.sizes import first, night
from tests.fuzz.world import make_world
from tests.verbs import verbs as declared

# What a verb may change besides what it makes: its own files, by its own words.
OWN: Final[dict[str, tuple[str, ...]]] = {"collect": ("swept/summary",), "gc": ("swept/manifest",)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("world"))


def require_ended(words: tuple[str, ...], world: Path) -> None:
    """A line ends as documented; what it made is removed, so that the next case finds the same world."""
    before = listing(world)
    outcome = call(*words)
    after = listing(world)
    outcome, report = with_report(outcome, world, before, after)
    clear(world, before, after)
    found = faults(outcome, before, after, own=(*own_places(words), *report))
    assert not found, (found, words, outcome.err, outcome.out[-500:])


def with_report(
    outcome: Outcome, world: Path, before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[Outcome, tuple[str, ...]]:
    """An outcome with the report that recheck wrote by --out, and where that is: also of files of which one is no evidence."""
    made = tuple(name for name in after if name not in before)
    files = [name for name in made if after[name] != "folder"]
    if outcome.words[:1] != ("recheck",) or len(files) != 1:
        return outcome, ()
    return replace(outcome, out=outcome.out + (world / files[0]).read_text()), made


def own_places(words: tuple[str, ...]) -> tuple[str, ...]:
    """Beginnings of what a line may change: also the file of --out, which --force replaces."""
    named = [word.removeprefix("--out=") for before, word in pairwise(words) if before == "--out" or word.startswith("--out=")]
    return (*(place for word in words for place in OWN.get(word, ())), *(named if "--force" in words else ()))


def clear(world: Path, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Remove what was made."""
    for name in sorted(set(after) - set(before), reverse=True):
        (world / name).rmdir() if after[name] == "folder" else (world / name).unlink()


@first("command lines")
@given(command_lines())
def test_command_lines(world: Path, words: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(world)
        require_ended(words, world)


@pytest.fixture(scope="module")
def finite_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("finite-world"), "finite")


@pytest.mark.slow
@night("command lines")
@given(command_lines())
def test_command_lines_at_night(finite_world: Path, words: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(finite_world)
        require_ended(words, finite_world)


def test_every_verb_is_fuzzed() -> None:
    """Those declared, with an engine's options among the parameters of `run`; of verbs given good words alone, each is one."""
    assert {line for line, _ in verbs()} == set(declared()) >= CHEAP
    assert "tolerance" in {each.name for each in dict(verbs())["theory-sim run"]}


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_report_on_what_is_no_evidence_is_written(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.txt").write_text("somebody's")
    require_ended(("proofs-check", "recheck", "--format", form, "--out", "new/report", "taken.txt"), tmp_path)


@pytest.mark.parametrize("out", [["--out", "taken.txt"], ["--out=taken.txt"]])
def test_force_replaces_the_file_that_it_is_told_to(out: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.txt").write_text("somebody's")
    require_ended(("theory-sim", "list", *out, "--force"), tmp_path)
    assert own_places(("theory-sim", "list", *out)) == ()
