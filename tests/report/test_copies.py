"""A report of copied runs: each is told once, and a copy with other numbers is no copy."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from tests.report.stores import TINY
from theory_sim import Observer, Variable, simulate
from theory_sim.observe.base import Snapshot, Values
from theory_sim.report.content import Report
from theory_sim.report.gather import gather
from theory_sim.trajectory import Trajectory

DRAWN = TINY.replace(name="drawn", N=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in (0, 1):
        simulate(DRAWN.replace(seed=seed), "limit", store=tmp_path / f"seed{seed}")
    return tmp_path


def seen(report: Report) -> list[str]:
    (section,) = report.sections
    return list(section.seen)


def test_a_copied_run_is_told_once_and_noted(folder: Path) -> None:
    alone = gather([folder])
    for name in ("copy", "one-more"):
        shutil.copytree(folder / "seed0", folder / name)
    report = gather([folder])
    assert seen(report) == seen(alone) and not alone.problems
    assert [(Path(each.what).name, each.damaged) for each in report.problems] == [("one-more", False), ("seed0", False)]
    assert all(each.found == f"it has the numbers of {folder / 'copy'}, which is told of" for each in report.problems)


def test_a_run_that_was_computed_twice_is_told_once(folder: Path) -> None:
    """It took other seconds, and recorded more."""
    again = DRAWN.replace(seed=0, observe={"kernels": {}})
    simulate(again, "limit", store=folder / "again")
    report = gather([folder])
    assert [Path(each.what).name for each in report.problems] == ["seed0"]
    assert seen(report) == seen(gather([folder / "seed0", folder / "seed1"]))


def test_runs_of_the_closure_are_those_of_every_seed(tmp_path: Path) -> None:
    for seed in (0, 1):
        simulate(TINY.replace(seed=seed), "closure", store=tmp_path / f"seed{seed}")
    assert [Path(each.what).name for each in gather([tmp_path]).problems] == ["seed1"]


def other(run: Trajectory, factor: float, name: str = "P_error") -> Trajectory:
    """The run with one variable by a factor off."""
    return replace(run, dataset=run.dataset.assign({name: run.dataset[name] * factor}))


@pytest.mark.parametrize("off", [2.0**-52, 1e-7])
def test_of_a_run_that_was_rounded_otherwise_one_is_told(folder: Path, off: float) -> None:
    """As by another processor or library: it is the same run, and the note says how far apart they are, and in what."""
    alone = seen(gather([folder]))
    other(Trajectory.load(folder / "seed0"), 1.0 + off).save(folder / "elsewhere")
    report = gather([folder])
    (note,) = report.problems
    assert Path(note.what).name == "seed0" and not note.damaged
    assert "but for rounding" in note.found and "P_error" in note.found and str(folder / "elsewhere") in note.found
    assert len(seen(report)) == len(alone)


@pytest.mark.parametrize("name", ["P_error", "tau", "train_loss"])
def test_of_a_copy_with_other_numbers_neither_is_told(folder: Path, name: str) -> None:
    """A hundredth is more than rounding makes."""
    other(Trajectory.load(folder / "seed0"), 1.01, name).save(folder / "other")
    report = gather([folder])
    assert [Path(each.what).name for each in report.problems] == ["other", "seed0"]
    assert all(f"different {name}" in each.found and not each.damaged for each in report.problems)
    assert seen(report) == seen(gather([folder / "seed1"])), "the rest is told"


def test_a_sign_that_rounding_turned_is_rounding(folder: Path) -> None:
    """Where values differ by it; accuracies alone do not."""
    run = Trajectory.load(folder / "seed0")
    turned = run.dataset["accuracy_train"].copy()
    turned[0] = 1.0 - turned[0]
    replace(run, dataset=run.dataset.assign(accuracy_train=turned)).save(folder / "other")
    report = gather([folder])
    assert len(report.problems) == 2 and all("different accuracy_train" in each.found for each in report.problems)
    other(replace(run, dataset=run.dataset.assign(accuracy_train=turned)), 1.0 + 2.0**-30).save(folder / "other", force=True)
    (note,) = gather([folder]).problems
    assert "rounding" in note.found and "P_error" in note.found


class Own(Observer):
    """What a user records: wrong signs, and a number that is named like a share of right ones and counts none."""

    variables: ClassVar = {"wrong": Variable((), "1", "training examples with y f <= 0", counts_signs=True),
                           "accuracy_of_fit": Variable((), "1", "mean y f")}

    def observe(self, snapshot: Snapshot) -> Values:
        margin = snapshot.train.y * snapshot.network.f
        return {"wrong": int((margin <= 0).sum()), "accuracy_of_fit": 1.0 + float(margin.mean())}


def test_the_schema_says_what_counts_signs_and_a_name_does_not(tmp_path: Path) -> None:
    run = simulate(DRAWN, "limit", observers=[Own()], store=tmp_path / "a")
    assert run.dataset["wrong"].attrs["counts"] == "signs" and "counts" not in run.dataset["accuracy_of_fit"].attrs
    rounded = other(run, 1.0 + 2.0**-30)
    replace(rounded, dataset=rounded.dataset.assign(wrong=run.dataset["wrong"].copy(data=run.dataset["wrong"] + 1))).save(
        tmp_path / "b")
    (note,) = gather([tmp_path]).problems
    assert "but for rounding" in note.found and "P_error" in note.found
    other(rounded, 1.01, "accuracy_of_fit").save(tmp_path / "b", force=True)
    assert all("different accuracy_of_fit" in each.found for each in gather([tmp_path]).problems)


@pytest.mark.parametrize("name", ["accuracy_test", "pattern_shift"])
def test_in_a_run_of_an_earlier_version_the_variables_of_every_run_count_signs(folder: Path, name: str) -> None:
    run = Trajectory.load(folder / "seed0")
    assert run.dataset[name].attrs.pop("counts") == "signs"
    run.save(folder / "seed0", force=True)
    off = run.dataset[name].copy()
    off[0] = 1.0 - off[0]
    other(replace(run, dataset=run.dataset.assign({name: off})), 1.0 + 2.0**-30).save(folder / "other")
    (note,) = gather([folder]).problems
    assert "but for rounding" in note.found


def test_what_counts_signs_or_is_signs_is_declared() -> None:
    e = TINY.replace(N=40, m_W=8, m_V=8, observe={"patterns": {}, "kernels": {}})
    signs = {str(name) for name, variable in simulate(e).dataset.variables.items() if variable.attrs.get("counts") == "signs"}
    assert signs == {
        "accuracy_train", "accuracy_test", "accuracy_signal_test", "pattern_shift", "near_kink", "flips", "flips_near_kink",
        "near_kink_kept", "flips_input_P", "flips_input_Q", "flips_neuron_P", "flips_neuron_Q", "patterns_P", "patterns_Q"}


def test_averages_are_as_exact_as_double_precision(tmp_path: Path) -> None:
    """They read no dtype; of a run in single precision the same difference is rounding."""
    for engine, notes in (("closure", 2), ("limit", 1)):
        run = simulate(DRAWN, engine, store=tmp_path / engine / "a")
        other(run, 1.0 + 1e-6).save(tmp_path / engine / "b")
        assert len(gather([tmp_path / engine]).problems) == notes


def test_one_value_that_is_missing_is_no_rounding(folder: Path) -> None:
    run = Trajectory.load(folder / "seed0")
    holed = run.dataset["P_error"].copy()
    holed[-1] = float("nan")
    replace(run, dataset=run.dataset.assign(P_error=holed)).save(folder / "other")
    assert len(gather([folder]).problems) == 2


def test_a_copy_alone_in_its_schedule_leaves_the_others(tmp_path: Path) -> None:
    run = simulate(TINY, "closure")
    for name, factor in (("a", 1.0), ("b", 2.0)):
        replace(run, dataset=run.dataset.assign(P_error=run.dataset["P_error"] * factor)).save(tmp_path / name)
    report = gather([tmp_path])
    assert not report.sections and len(report.problems) == 2
