"""What a probe takes: processor time beside training, and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
import torch
from torch import nn

from theory_sim.probe import Probe

_STEPS: Final = 100
"""Steps of a block: one record and one gradient of the reference under the defaults."""


class Block(nn.Module):
    """Two convolutions with batch norm, and what goes around them."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.BatchNorm2d(outer))
        self.second = nn.Sequential(nn.Conv2d(outer, outer, 3, 1, 1, bias=False), nn.BatchNorm2d(outer))
        self.around = nn.Conv2d(inner, outer, 1, stride, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        return self.relu(self.second(self.relu(self.first(x))) + self.around(x))


def resnet() -> Any:
    """Three stages of 16, 32 and 64 channels, a block each: 78 000 parameters."""
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Block(16, 16, 1),
                         Block(16, 32, 2), Block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def _loop(images: int) -> tuple[Any, Any, Callable[[Probe | None, int], None], dict[str, Any]]:
    """A network, its optimiser, a loop over batches of 64, and two groups of so many images of 16 x 16 pixels."""
    torch.manual_seed(0)
    x, y = torch.randn(2 * images, 3, 16, 16), torch.randint(10, (2 * images,))
    model = resnet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)

    def run(probe: Probe | None, steps: int) -> None:
        for _ in range(steps):
            chosen = torch.randint(len(x), (64,))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
            if probe is not None:
                probe.step()

    return model, optimizer, run, {"clean": (x[:images], y[:images]), "patch": (x[images:], y[images:])}


def measured_share(blocks: int) -> float:
    """Processor time that the default probe adds, over that of training alone; blocks of both take turns in one process.

    Its start counts, too, spread over the blocks.
    """
    (_, _, plain, _), (model, optimizer, run, groups) = _loop(256), _loop(256)
    for each in (plain, run):
        each(None, 10)
    began = time.process_time()
    probe = Probe(model, optimizer, groups)
    without, added = 0.0, time.process_time() - began
    for _ in range(blocks):
        began = time.process_time()
        plain(None, _STEPS)
        between = time.process_time()
        run(probe, _STEPS)
        without += between - began
        added += time.process_time() - between - (between - began)
    return added / without


@pytest.mark.benchmark
def test_the_default_probe_takes_at_most_a_quarter_of_training() -> None:
    assert measured_share(blocks=5) <= 0.25


def test_it_holds_at_most_eight_times_the_parameters_and_what_is_small() -> None:
    """Signal, noise, their momentum, a gradient, and noise of three earlier times; patterns of four times besides."""
    model, optimizer, run, groups = _loop(32)
    probe = Probe(model, optimizer, groups, record=2)
    for rate in (0.05, 0.01):
        optimizer.param_groups[0]["lr"] = rate
        run(probe, 3)
    parameters = sum(4 * each.numel() for each in model.parameters())
    patterns = sum(watcher.bytes_held for table in probe._tables for watcher in table.watchers[2:])
    assert 7.0 < (probe.bytes_held - patterns) / parameters <= 8.0
    assert patterns <= 3 * 64 * 7 * 4096
