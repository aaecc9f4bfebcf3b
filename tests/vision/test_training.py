"""What a step of an arm uses: rate, noise, momentum and decay of the plan in that epoch, and streams of seed and step."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from tests.vision.arms import TOML
from theory_sim.vision import VisionPlan, load_images

PLAN = VisionPlan.from_table(tomllib.loads(TOML))
ARMS = {arm.name: arm for arm in PLAN.arms}


def make(plan: VisionPlan, arm: Any, seed: int = 0) -> Any:
    """The training of an arm, before its first epoch."""
    from theory_sim.vision.prepared import prepare
    from theory_sim.vision.training import ArmTraining

    return ArmTraining(plan, arm, seed, prepare(plan, arm, seed, load_images("generated")))


@pytest.fixture
def arithmetic(torch: Any) -> Any:
    from theory_sim.vision.training import fixed_arithmetic

    with fixed_arithmetic():
        yield torch


@pytest.mark.parametrize("name", ["large", "noisy"])
def test_rate_and_noise_are_those_of_each_epoch(name: str, arithmetic: Any) -> None:
    """Seen at each step: the rate in the optimiser, the level at every ReLU of the network."""
    arm = ARMS[name]
    training = make(PLAN, arm)
    seen: list[tuple[float, set[float]]] = []
    training._optimizer.register_step_pre_hook(
        lambda *_: seen.append((training._optimizer.param_groups[0]["lr"], {each.level for each in training._noisy})))
    for _ in range(4):
        training.train_epoch()
    rates = [0.1, 0.1, 0.01, 0.01] if name == "large" else [0.01] * 4
    levels = [0.0] * 4 if name == "large" else [0.4, 0.4, 0.0, 0.0]
    assert seen == [(rate, {level}) for rate, level in zip(rates, levels, strict=True) for _ in range(4)]
    assert len(training._noisy) == 5


def test_the_optimiser_is_the_plans(arithmetic: Any) -> None:
    plan = replace(PLAN, training=replace(PLAN.training, momentum=0.7, nesterov=True, weight_decay=0.03))
    (group,) = make(plan, ARMS["large"])._optimizer.param_groups
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.7, True, 0.03)


def test_order_start_and_noise_have_streams_of_their_own(arithmetic: Any) -> None:
    """Of each seed another start, of each epoch another order, of each step another draw; the same again for the same."""
    torch = arithmetic
    plan = replace(PLAN, data=replace(PLAN.data, train=64), training=replace(PLAN.training, reference=32))
    starts = [make(plan, ARMS["noisy"], seed)._model.head.weight.detach().clone() for seed in (0, 0, 1)]
    assert torch.equal(starts[0], starts[1]) and not torch.equal(starts[0], starts[2])
    training = make(plan, ARMS["noisy"])
    training.probe.step = lambda: None
    orders, draws = [], []

    def look(module: Any, given: Any) -> None:
        orders.append(given[0].clone())
        draws.append(torch.rand(1).item())

    training._model.register_forward_pre_hook(look)
    for _ in range(2):
        training.train_epoch()
    assert len(orders) == 4 and not torch.equal(torch.cat(orders[:2]), torch.cat(orders[2:]))
    assert len({round(each, 7) for each in draws}) == 4


@pytest.mark.parametrize(("reference", "complete"), [(127, False), (128, True), (500, True)])
def test_the_reference_is_complete_only_if_it_has_all_images(reference: int, complete: bool, arithmetic: Any) -> None:
    training = make(replace(PLAN, training=replace(PLAN.training, reference=reference, refresh=2)), ARMS["large"])
    assert training.probe._reference.complete is complete and training.probe._refresh == 2
    assert (training.probe._estimate.error == 0.0) is complete
