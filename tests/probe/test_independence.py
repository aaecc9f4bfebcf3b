"""What THEORY §5's recursion takes for granted: that what batches add is independent from step to step.

A loss that is linear in the weights has the same gradients at every step, so that each xi is known: batches drawn with
replacement are independent, those of one epoch without replacement add up to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from theory_sim.probe import Probe

N, BATCH, INPUTS, RATE = 400, 20, 300, 0.5
STEPS = N // BATCH
"""Of an epoch."""


def batches(*, replacement: bool) -> Iterator[Any]:
    """Batches of one epoch after another."""
    generator = torch.Generator().manual_seed(2)
    while True:
        order = torch.randint(N, (N,), generator=generator) if replacement else torch.randperm(N, generator=generator)
        yield from order.split(BATCH)


def added_variance(steps: int, *, replacement: bool) -> float:
    """Variance that batches have added to the noise after each step, measured over that of the recursion, (steps,)."""
    x = torch.randn(N, INPUTS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    model = torch.nn.Linear(INPUTS, 1, bias=False).double()
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    probe = Probe(model, optimizer, {"all": (x, x[:, 0])}, loss=lambda f, y: f.mean(), complete=True, refresh=1,
                  record={"run": {"every_steps": 1}})
    drawn = batches(replacement=replacement)
    for _ in range(steps):
        optimizer.zero_grad()
        model(x[next(drawn)]).mean().backward()
        optimizer.step()
        probe.step()
    data = probe.trajectory().dataset.isel(layer=0, record=slice(1, None))
    found: Any = (data["tau_noise"] / data["tau_noise_recursion"]).values ** 2
    return found


def test_batches_with_replacement_have_the_level_of_the_recursion() -> None:
    """What was added has N - 1 nearly Gaussian weights of examples: a relative error of sqrt(2 / (N - 1)), four times."""
    found = added_variance(3 * STEPS, replacement=True)
    np.testing.assert_allclose(found, 1.0, atol=4 * np.sqrt(2 / (N - 1)))


def test_batches_of_an_epoch_without_replacement_cancel() -> None:
    """After k of K batches the variance is (K - k) / (K - 1) of the recursion's, and 0 at the end of an epoch."""
    found = added_variance(2 * STEPS, replacement=False)
    k = np.arange(1, STEPS + 1)
    # Exact in the weights of the examples, for which inputs of 300 random entries stand: 4 sqrt(2 / 300) of the whole.
    np.testing.assert_allclose(found[:STEPS], (STEPS - k) / (STEPS - 1), atol=4 * np.sqrt(2 / INPUTS) * 0.5)
    assert found[STEPS - 1] < 1e-20 and found[-1] < 1e-20
    # In the second epoch the recursion remembers the first, which has left nothing.
    assert found[STEPS + 1] == pytest.approx(found[1] * 2 / (STEPS + 2), rel=0.3)
