"""A simulator that declines some tasks is tested on others; what was declined is told, and nothing untested is called right."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pytest

from tests.kit import numpy_simulator
from tests.kit.test_battery import BUGS, fields_of, given_only
from theory_sim.testing import Declined, Task, check_simulator
from theory_sim.testing.simulator.battery import LAWS, find_law
from theory_sim.testing.simulator.kinds import KINDS
from theory_sim.testing.simulator.runs import Runs

Adapter = Callable[[Task], dict[str, Any]]
PLAIN = [law for law in LAWS if law not in KINDS]


def declines(task: Task, bug: str = "", **known_values: Collection[Any]) -> dict[str, Any]:
    """Runs the paper's schedules, and of other fields the named values."""
    for name, known in {"schedule": ("L-S", "S", "constant"), **known_values}.items():
        if getattr(task.experiment, name) not in known:
            raise Declined(f"it has no {name} = {getattr(task.experiment, name)!r}")
    return numpy_simulator.adapter(task, bug)


@pytest.mark.parametrize("bug", [pytest.param(bug, marks=[] if bug in ("switch a step late",
                                 "one stream for both layers", "test data of the training stream") else [pytest.mark.slow])
                                 for bug in BUGS])
def test_a_mistake_is_found_and_named(bug: str) -> None:
    law, words = BUGS[bug]
    finding = find_law(law, Runs(partial(declines, bug=bug), fields_of(bug)))
    assert finding.outcome == "broken" and len(finding.mistakes) == 1 and words in finding.mistakes[0], str(finding)


@pytest.mark.tier2
def test_a_right_simulator_is_covered_and_what_it_declined_is_told() -> None:
    report = check_simulator(declines)
    assert report.ok and [each.law for each in report.findings if each.outcome == "holds"] == PLAIN, str(report)
    text = " ".join(str(report).split())  # in lines of 79 letters
    assert "tasks were declined" in text and "it has no schedule = 'cosine'" in text and "schedule='L-S'" in text
    assert "never run: schedule = 'step' | 'cosine' | 'pieces'" in text
    assert "schedule L-S, S, constant;" in text


@pytest.mark.parametrize(("runs", "declined"), [
    pytest.param({"neurons": ("paired",)}, [], marks=pytest.mark.tier2),
    ({"neurons": ("balanced",)}, ["noise-shared"]),
    pytest.param({"dtype": ("float32",)}, [law for law in PLAIN if law != "step"], marks=pytest.mark.tier2),
    ({"seed": ()}, PLAIN),
], ids=str)
def test_a_law_without_tasks_is_incomplete(runs: dict[str, Any], declined: list[str]) -> None:
    """Not one of its tasks was taken: that is no success."""
    run = partial(declines, **runs)
    report_of = Runs(run)
    found = {law: find_law(law, report_of).outcome for law in ("step", "agreement", "noise-shared", "noise-level", "data")}
    assert found == {law: "declined" if law in declined else "holds" for law in found}, found


@pytest.mark.tier2
def test_an_incomplete_report_is_not_ok() -> None:
    report = check_simulator(partial(declines, m_W=range(30)))
    assert report.verdict == "incomplete" and not report.ok
    assert "incomplete: too few tasks were run of noise-shared," in str(report)
    with pytest.raises(AssertionError, match="incomplete"):
        report.require()


def test_what_a_simulator_has_not_of_its_own_is_not_missing() -> None:
    """It takes noise, start and data from the task: nothing was declined, and the report is complete."""
    report = check_simulator(given_only)
    assert report.verdict == "holds" and "declined" not in str(report)


def test_the_report_says_what_no_experiment_had() -> None:
    """All fields are asked for: those with one value, the words of choices that were left out, those without a step."""
    report = check_simulator(given_only, neurons="paired")
    text = " ".join(str(report).split())  # in lines of 79 letters
    assert not report.same.keys() & {"neurons", "d", "eta_1", "lambda_", "schedule", "seed", "dtype", "counts"}
    assert report.same.keys() >= {
        "loss", "optimiser", "data_law", "alpha_law", "activation", "biases", "train_second_layer", "output_scale",
        "label_flips", "sampling", "schedule_clock", "network", "noise_placement", "batch_size", "patterns", "epsilon_2"}
    assert "every experiment had data_law = 'pq-mixture'" in text and 'hold it, such as optimiser="heavy-ball"' in text
    untested = next(line for line in text.splitlines() if "not tested with schedule = " in line)
    assert all(f"'{name}'" in untested for name in ("cyclic", "exponential", "linear", "power", "warm-up"))
    assert "the battery has no step for other values than patterns = 'moving', epsilon_2 = None" in text


@pytest.mark.parametrize(("held", "schedule"), [
    ({"schedule": "step"}, "step"), ({"schedule": "pieces"}, "pieces"), ({"pieces": ((2.0, 0.5),)}, "pieces")], ids=str)
def test_a_schedule_that_is_held_has_tasks_of_every_law(held: dict[str, Any], schedule: str) -> None:
    """Fields that it needs are given; fields that need it choose it."""
    runs = Runs(numpy_simulator.adapter, held)
    assert {cases[0][0].schedule for cases in (runs.wide_of_one_law("data", "initial"), *runs.many())} == {schedule}
