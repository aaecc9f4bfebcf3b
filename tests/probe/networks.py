"""Networks and loops that the tests of the probe share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from theory_sim import Data, Experiment, draw_data, draw_initial, draw_noise
from theory_sim.errors import InputError
from theory_sim.probe import Probe


class SplitNetwork(torch.nn.Module):
    """The paper's network (THEORY §2): f = w relu(W x_1) + v relu(V x_2), V in the basis (z, zeta / r)."""

    def __init__(self, initial: Mapping[str, Any]) -> None:
        super().__init__()
        self.W, self.V = (torch.nn.Linear(initial[name].shape[1], len(initial[name]), bias=False) for name in "WV")
        for name in "WV":
            getattr(self, name).weight = torch.nn.Parameter(torch.from_numpy(initial[name].copy()))
        self.relu_W, self.relu_V = torch.nn.ReLU(), torch.nn.ReLU()
        self.w, self.v = (torch.from_numpy(initial[name]) for name in "wv")

    def forward(self, x_1: Any, x_2: Any) -> Any:
        return self.relu_W(self.W(x_1)) @ self.w + self.relu_V(self.V(x_2)) @ self.v


def patches(data: Data, r: float) -> tuple[Any, Any]:
    """Both patches of examples, the second in the basis (z, zeta / r)."""
    directions = torch.tensor([[1.0, -r], [1.0, 0.0], [1.0, r]], dtype=torch.float64)
    alpha = torch.from_numpy(data.alpha).double()
    return torch.from_numpy(data.x1).double(), alpha[:, None] * directions[torch.from_numpy(data.direction).long()]


def run_paper(experiment: Experiment, steps: int, **options: Any) -> tuple[SplitNetwork, Probe]:
    """Train it by SGD as THEORY §3 says, on the experiment's data, U_0 and xi, with a probe of the whole training set."""
    e, data = experiment, draw_data(experiment)
    model = SplitNetwork(draw_initial(e))
    inputs, y = patches(data, e.r), torch.from_numpy(data.y).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=e.eta_1, weight_decay=e.lambda_)
    kinds = {name: torch.from_numpy(data.kind == index) for index, name in enumerate(data.kinds)}
    groups = {name: (tuple(x[chosen] for x in inputs), y[chosen]) for name, chosen in kinds.items()}
    probe = Probe(model, optimizer, groups, reference=[(inputs, y)], complete=True, refresh=1, **options)
    for step in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.softplus(-y * model(*inputs)).mean().backward()
        for name, xi in draw_noise(e, step).items():
            getattr(model, name).weight.grad += e.tau_xi * torch.from_numpy(xi)
        optimizer.step()
        probe.step()
    return model, probe


class SGDW(torch.optim.SGD):
    """SGD with decoupled weight decay (Loshchilov and Hutter 2019)."""

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.mul_(1 - group["lr"] * group["weight_decay"])
        decay = [group["weight_decay"] for group in self.param_groups]
        for group in self.param_groups:
            group["weight_decay"] = 0.0
        super().step(closure)
        for group, each in zip(self.param_groups, decay, strict=True):
            group["weight_decay"] = each


def small_net(*, normalised: bool = False) -> torch.nn.Module:
    """Two hidden layers, with dropout and batch norm if asked for."""
    middle = [torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.2)] if normalised else [torch.nn.ReLU()]
    return torch.nn.Sequential(torch.nn.Linear(6, 16), *middle, torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))


def examples(n: int = 96) -> tuple[Any, Any]:
    """Inputs and labels of three classes."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 6, generator=generator)
    return x, x[:, :3].argmax(dim=1)


def train(model: Any, optimizer: Any, probe: Any = None, *, scheduler: Any = None, steps: int = 12, batch: int = 16,
          each: Callable[[], None] | None = None) -> None:
    """A plain loop over batches drawn from the global stream."""
    x, y = examples()
    for _ in range(steps):
        chosen = torch.randint(len(x), (batch,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
        if probe is not None:
            probe.step()
        if scheduler is not None:
            scheduler.step()
        if each is not None:
            each()


def refusal(call: Callable[[], Any]) -> str:
    """The message with which a call is refused."""
    try:
        call()
    except InputError as error:
        return str(error)
    raise AssertionError("it was not refused")
