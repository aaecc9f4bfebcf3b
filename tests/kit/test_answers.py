"""What a simulator does to a task's arrays, and what it returns that is no number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.kit import numpy_simulator
from theory_sim import Experiment
from theory_sim.errors import InputError
from theory_sim.testing import Task, check_simulator
from theory_sim.testing.simulator.answer import ask
from theory_sim.testing.simulator.battery import find_law
from theory_sim.testing.simulator.kinds import member_is_right
from theory_sim.testing.simulator.runs import NotNumbers, Runs
from theory_sim.testing.simulator.task import PARTS

ONE_STEP = {"d": 3, "N": 4, "m_W": 4, "m_V": 4, "max_steps": 1, "schedule": "S", "eta_2": 0.5}


@pytest.mark.parametrize("part", [*PARTS, "batches", "placed"])
def test_every_part_is_given_anew(part: str) -> None:
    e = Experiment(**ONE_STEP, batch_size=2, noise_placement="gradient", noise_level=0.1)
    task = Task(e, 1, followed=("batch_size", "noise_placement"))

    def array() -> Any:
        return task.data.x1 if part == "data" else getattr(task, part)[0]

    array()[...] = 77
    assert (array() != 77).all()


def test_an_answer_is_kept_as_it_was() -> None:
    """A simulator may use its own arrays again in the next run."""
    buffer = np.zeros((2, 4, 3))

    def adapter(task: Task) -> Mapping[str, Any]:
        buffer[...] = len(task.data) + task.seed
        return {"W": buffer, "V": [task.initial.V] * 2}

    first, second = (ask(adapter, Task(Experiment(**ONE_STEP, seed=seed), 1)) for seed in (1, 2))
    assert (first.W == 5).all() and (second.W == 6).all()


def spoiled(task: Task, value: float, part: str, state: int) -> Mapping[str, Any]:
    found = dict(numpy_simulator.adapter(task))
    if part in ("data", "test"):
        found[part] = {**found[part], "x1": np.full_like(found[part]["x1"], value)}
    else:
        found[part] = np.array(found[part])
        found[part][state:] = value
    return found


@pytest.mark.parametrize(("law", "part", "state", "words"), [
    ("step", "W", 0, "W holds NaN or infinity, not numbers, from state 0"),
    ("step", "V", 1, "V holds NaN or infinity, not numbers, from state 1"),
    ("step", "f", 1, "f holds NaN or infinity"), ("agreement", "W", -1, "W holds NaN or infinity"),
    ("noise-level", "V", -1, "V holds NaN or infinity, not numbers, from state 20 of 21"),
    ("data", "data", 0, "x1 of data: NaN or infinity"), ("test-data", "test", 0, "x1 of test: NaN or infinity"),
])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_told_as_such(law: str, part: str, state: int, words: str, value: float) -> None:
    finding = find_law(law, Runs(partial(spoiled, value=value, part=part, state=state)))
    assert finding.outcome == "broken" and words in finding.detail and not finding.mistakes, str(finding)
    assert "likely mistake: none that is known" in str(finding) and finding.experiment is not None


def test_what_is_not_a_number_in_a_kind() -> None:
    def adapter(task: Task) -> Mapping[str, Any]:
        task.follows("loss")
        assert len(task.data)
        return {"W": [task.initial.W * np.nan] * (task.steps + 1), "V": [task.initial.V] * (task.steps + 1)}

    with pytest.raises(NotNumbers):
        member_is_right(Runs(adapter).with_fields({"loss": "squared"}))
    finding = find_law("losses", Runs(adapter))
    assert finding.outcome == "broken" and "with loss = 'squared': W holds NaN" in finding.detail and not finding.mistakes


def of_type(task: Task, change: Any) -> Mapping[str, Any]:
    found = {"W": np.array([task.initial.W] * (task.steps + 1)), "V": np.array([task.initial.V] * (task.steps + 1))}
    return {**found, "W": change(found["W"])}


@pytest.mark.parametrize(("change", "words"), [
    (lambda W: W.astype(int), "W of dtype int64"), (lambda W: W.astype(complex), "W of dtype complex128"),
    (lambda W: W.astype(object), "W of dtype object"), (lambda W: W.astype(str), "W of dtype <U"),
    (lambda W: "weights", "W of dtype <U"), (lambda W: [W[0], W[0][:1]], "W is not an array|W of shape"),
], ids=["int", "complex", "object", "text", "one text", "ragged"])
def test_an_answer_of_another_type_is_refused(change: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_simulator(partial(of_type, change=change))


def test_data_of_another_type_are_refused() -> None:
    def adapter(task: Task) -> Mapping[str, Any]:
        found = dict(numpy_simulator.adapter(task))
        return {**found, "data": {**found["data"], "y": found["data"]["y"].astype(str)}}

    with pytest.raises(InputError, match="y of data of dtype <U"):
        find_law("data", Runs(adapter))


@pytest.mark.parametrize("simulator", [3, None, "mysim:run"])
def test_what_is_no_function_is_refused(simulator: Any) -> None:
    with pytest.raises(InputError, match="as a simulator"):
        check_simulator(simulator)
