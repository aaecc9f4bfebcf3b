"""The battery on experiments beyond THEORY §1-§3: right simulators pass, planted mistakes are found and named."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.kit import general_simulator, numpy_simulator
from tests.kit.test_battery import TORCH
from theory_sim.errors import InputError
from theory_sim.testing import Task, check_simulator
from theory_sim.testing.simulator.battery import find_law
from theory_sim.testing.simulator.kinds import KINDS, KindBroken, member_is_right
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import StepBroken
from theory_sim.testing.simulator.task import EXTENSIONS

# The kind of experiments in which a planted mistake shows, and how the report names it.
BUGS = {
    "momentum buffer decayed twice": ("optimisers", "the momentum buffer is multiplied by mu twice"),
    "dampened": ("optimisers", "momentum that averages gradients"),
    "no look-ahead": ("optimisers", "without its look-ahead"),
    "no bias correction": ("optimisers", "without bias correction"),
    "epsilon inside the root": ("optimisers", "epsilon inside the root"),
    "decay at the first rate": ("optimisers", "decoupled weight decay at the first step's rate"),
    "decay without the rate": ("optimisers", "weight decay not multiplied by the rate"),
    "AdamW as Adam with L2": ("optimisers", "weight decay coupled where it is decoupled"),
    "preconditioner of neurons": ("optimisers", "each neuron has a mean square of its own"),
    "mean over N": ("mini-batches", "divided by N, not by its size"),
    "counts dropped": ("mini-batches", "counts once; the mean is over all draws"),
    "last batch over batch_size": ("mini-batches", "the last batch of a pass divided by batch_size"),
    "one stream for both layers": ("mini-batches", "one stream of noise for both layers"),
    "batch ignored": ("mini-batches", "the whole training set in place of the mini-batch"),
    "iterate noise times rate": ("placed-noise", "noise on the iterates multiplied by the rate"),
    "perturbation kept": ("placed-noise", "the perturbation of the iterates is kept"),
    "noise after the activation": ("placed-noise", "noise after the activation"),
    "patterns without noise": ("placed-noise", "the gradient has patterns without it"),
    "placed noise not annealed": ("placed-noise", "placed noise is not annealed"),
    "annealed a step late": ("placed-noise", "placed noise is annealed a step late"),
    "norm left out": ("placed-noise", "not multiplied by the norm of the patch"),
    "first patch alone": ("shared-network", "see the first patch alone"),
    "mean over patches": ("shared-network", "the mean over the patches"),
    "logistic slope": ("losses", "slope of the logistic loss"),
    "squared loss doubled": ("losses", "slope of the loss twice as large"),
    "default leak": ("networks", "PyTorch's default slope"),
    "GELU by tanh": ("networks", "GELU by its approximation"),
    "bias without decay": ("networks", "biases without weight decay"),
    "scale in the outputs alone": ("networks", "output_scale in the outputs, but not in the gradient"),
    "second layer after the first": ("networks", "the second layer's gradient at the first layer's new weights"),
    "second layer without decay": ("networks", "the second layer without weight decay"),
    "labels without their flips": ("data-laws", "labels without their flips"),
}


# The first tier has a mistake of two kinds, and the right simulator in a member of two; those of the others alternate.
QUICK = ("no look-ahead", "mean over patches")
QUICK_KINDS = tuple(KINDS)[:2]
MEMBERS = [(kind, number) for kind, members in KINDS.items() for number in range(len(members))
           if members[number].get("sampling") != "one-pass"]


def torch_adapter(task: Task, bug: str = "") -> dict[str, Any]:
    from tests.kit import torch_general

    return torch_general.adapter(task, bug)


def finds(adapter: Any, bug: str) -> None:
    """A member of the kind is broken, and the report names what was planted, alone."""
    kind, words = BUGS[bug]
    for fields in KINDS[kind]:
        try:
            member_is_right(Runs(partial(adapter, bug=bug)).with_fields(fields))
        except (StepBroken, KindBroken) as broken:
            assert len(broken.mistakes) == 1 and words in broken.mistakes[0], f"{fields}: {broken}, {broken.mistakes}"
            return
    raise AssertionError(f"not found: {bug}")


@pytest.mark.parametrize("bug", [pytest.param(bug, marks=[] if bug in QUICK else [pytest.mark.alternating]) for bug in BUGS])
def test_a_planted_mistake_is_found_and_named(bug: str) -> None:
    finds(general_simulator.adapter, bug)


@TORCH
@pytest.mark.slow
@pytest.mark.parametrize("bug", ("no look-ahead", "AdamW as Adam with L2", "mean over N", "counts dropped", "perturbation kept",
                                 "first patch alone", "GELU by tanh", "default leak", "placed noise not annealed",
                                 "second layer without decay"))
def test_a_planted_mistake_in_a_torch_simulator_is_found_and_named(bug: str) -> None:
    finds(torch_adapter, bug)


@pytest.mark.parametrize(("kind", "number"), [
    pytest.param(kind, number, id=f"{kind}-{number}",
                 marks=pytest.mark.slow if number else [] if kind in QUICK_KINDS else pytest.mark.alternating)
    for kind, number in MEMBERS])
def test_a_right_simulator_passes(kind: str, number: int) -> None:
    tested, left = member_is_right(Runs(general_simulator.adapter).with_fields(KINDS[kind][number]))
    adaptive = KINDS[kind][number].get("optimiser") in ("rmsprop", "adam", "adamw")
    assert tested == "steps of 18 experiments, whole runs" + ("" if adaptive else ", noise")
    assert len(left) == adaptive


@pytest.mark.slow
def test_the_whole_battery_covers_it_and_finds_a_mistake_within_a_minute() -> None:
    began = time.process_time()
    report = check_simulator(partial(general_simulator.adapter, bug="counts dropped"))
    assert time.process_time() - began < 60
    assert [finding.law for finding in report.findings if finding.outcome == "broken"] == ["mini-batches"]
    assert report.mistakes == ("an example that is drawn twice counts once; the mean is over all draws",)
    assert {finding.law for finding in report.findings if finding.outcome == "holds"} >= set(KINDS) - {"mini-batches"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("adapter", ["numpy", pytest.param("torch", marks=TORCH)])
def test_a_right_simulator_passes_under_other_seeds(adapter: str, seed: int) -> None:
    run = general_simulator.adapter if adapter == "numpy" else torch_adapter
    report = check_simulator(run, seed=1000 * seed)
    report.require()
    assert {finding.law for finding in report.findings if finding.outcome == "holds"} >= set(KINDS)


@pytest.mark.parametrize(("fields", "bug"), [
    ({"alpha_law": "fixed"}, "uniform alpha"), ({"alpha_law": "two-point", "alpha_share": 0.7}, "uniform alpha"),
    ({"alpha_law": "power", "alpha_power": 0.5}, "uniform alpha"), ({"label_flips": 0.2}, "labels without their flips"),
], ids=str)
def test_data_of_its_own_by_other_laws(fields: dict[str, Any], bug: str) -> None:
    found = [find_law(law, Runs(numpy_simulator.adapter, fields)) for law in ("data", "test-data")]
    assert all(finding.outcome == "holds" for finding in found), str(found)
    wrong = find_law("data", Runs(partial(numpy_simulator.adapter, bug=bug), fields))
    assert wrong.outcome == "broken" and ("alpha has not the law" in wrong.detail or wrong.mistakes == (bug,)), str(wrong)


def test_the_law_of_other_data_is_not_known() -> None:
    def adapter(task: Task) -> Mapping[str, Any]:
        return {"W": np.zeros((2, 2, 10)), "w": np.ones(2), "data": {"x1": np.ones((3000, 10)), "x2": np.ones((3000, 0)),
                                                                    "y": np.ones(3000), "w_star": np.ones(10)}}

    finding = find_law("data", Runs(adapter, {"data_law": "xor"}))
    assert finding.outcome == "not covered" and "knows the law of the P/Q mixture" in finding.detail, str(finding)


# -- what the adapter says that it follows ------------------------------------------------------------------------------


def plain(task: Task) -> Mapping[str, Any]:
    """Knows THEORY §1-§3 alone, and never says more; it would fail at the first of other experiments."""
    found = numpy_simulator.adapter(task)
    assert all(getattr(task.experiment, name) == type(task.experiment).model_fields[name].default for name in EXTENSIONS)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_adapter_does_not_follow_is_not_run_and_not_silent(kind: str) -> None:
    finding = find_law(kind, Runs(plain))
    assert finding.outcome == "not covered" and "does not say that it follows" in finding.detail, str(finding)


def test_some_values_of_a_field() -> None:
    """Members that it follows are tested, the others are named."""
    def some(task: Task) -> Mapping[str, Any]:
        task.follows(loss=("hinge", "exponential"))
        return general_simulator.run(task)

    finding = find_law("losses", Runs(some))
    assert finding.outcome == "holds" and "whole runs, noise: loss = 'exponential' | loss = 'hinge'" in finding.detail
    assert "task.follows('loss'): loss = 'squared'" in finding.detail


def test_fixed_fields_are_followed() -> None:
    """Who holds a field fixed has said so; members of other values are left out."""
    finding = find_law("losses", Runs(lambda task: pytest.fail("no member has it"), {"loss": "logistic"}))
    assert finding.outcome == "not covered" and finding.detail == "other values are fixed"


def test_fresh_examples_are_not_given() -> None:
    finding = find_law("mini-batches", Runs(general_simulator.adapter, {"sampling": "one-pass", "batch_size": 4}))
    assert finding.outcome == "not covered" and "the fresh examples of sampling = 'one-pass'" in finding.detail


def test_batches_and_placed_noise_of_its_own_are_not_known() -> None:
    def own(task: Task) -> Mapping[str, Any]:
        task.follows("batch_size", "sampling")
        return {"W": [task.initial.W] * (task.steps + 1), "V": [task.initial.V] * (task.steps + 1)}

    finding = find_law("mini-batches", Runs(own))
    assert finding.outcome == "not covered" and "does not take task.batches" in finding.detail


def test_a_field_that_needs_no_following_is_refused() -> None:
    with pytest.raises(InputError, match=r"task.follows\('momentum'\)"):
        check_simulator(lambda task: task.follows("momentum"))
