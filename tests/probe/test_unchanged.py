"""Training with a probe is bitwise training without it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.probe.networks import examples, small_net, train
from theory_sim.probe import Probe

OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampened": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2, maximize=False),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "fused": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
}
RECORD = {"run": {"every_steps": 2}, "patterns": {}, "pre_activations": {}}


def state_of(model: Any, optimizer: Any) -> dict[str, Any]:
    """All that training depends on."""
    held = {f"model {name}": value.clone() for name, value in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        held |= {f"optimiser {number} {name}": torch.as_tensor(value).clone() for name, value in state.items()
                 if value is not None}
    held |= {f"gradient {name}": parameter.grad.clone() for name, parameter in model.named_parameters()}
    held["torch"], held["numpy"] = torch.get_rng_state(), torch.from_numpy(np.random.get_state()[1].astype(np.int64))  # noqa: NPY002
    held["python"] = torch.tensor(random.getstate()[1])
    held["modes"] = torch.tensor([module.training for module in model.modules()])
    held["hooks"] = torch.tensor([len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()])
    held["flags"] = torch.tensor([parameter.requires_grad for parameter in model.parameters()])
    return held


class DrawsEverywhere(torch.nn.Module):
    """Noise of all three global streams, in training and in evaluation."""

    def forward(self, x: Any) -> Any:
        return x + 0.01 * random.random() + 0.01 * float(np.random.rand()) + 0.01 * torch.randn_like(x)  # noqa: NPY002


def trained(name: str, *, probed: bool, **options: Any) -> dict[str, Any]:
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    model = torch.nn.Sequential(DrawsEverywhere(), small_net(normalised=True))
    model[1][5].eval()  # one layer in another mode than the rest
    optimizer = OPTIMISERS[name](model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
    x, y = examples()
    probe = Probe(model, optimizer, {"low": (x[:40], y[:40]), "high": (x[40:], y[40:])}, **options) if probed else None
    train(model, optimizer, probe, scheduler=scheduler)
    if probe is not None:
        probe.trajectory()
    return state_of(model, optimizer)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_is_bitwise_the_same(name: str) -> None:
    plain, probed = trained(name, probed=False), trained(name, probed=True, refresh=1, record=RECORD)
    assert plain.keys() == probed.keys()
    assert [key for key in plain if not torch.equal(plain[key], probed[key])] == []


def test_a_probe_that_leaves_a_trace_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above finds a probe that draws from the global stream."""
    from theory_sim.probe import groups

    def leave_a_trace(*args: Any, **kwargs: Any) -> Any:
        torch.rand(1)
        return original(*args, **kwargs)

    original = groups.detached
    plain = trained("sgd", probed=False)
    monkeypatch.setattr(groups, "untouched", lambda *args, **kwargs: torch.enable_grad())
    monkeypatch.setattr(groups, "detached", leave_a_trace)
    probed = trained("sgd", probed=True, record=RECORD)
    assert not torch.equal(plain["torch"], probed["torch"])
