"""The kit's extensions with PyTorch's own optimisers, activations and automatic gradients; mistakes can be planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from tests.kit import general_simulator
from theory_sim.testing import Declined

torch.set_default_dtype(torch.float64)
Tensor = torch.Tensor


def activation(e: Any, bug: str) -> Any:
    leak = 0.01 if bug == "default leak" else e.own_values.get("leak")
    return {"relu": F.relu, "leaky-relu": lambda z: F.leaky_relu(z, leak), "linear": lambda z: z, "tanh": torch.tanh,
            "erf": torch.erf, "softplus": lambda z: F.softplus(z, threshold=1e3),
            "gelu": lambda z: F.gelu(z, approximate="tanh" if bug == "GELU by tanh" else "none")}[e.activation]


def loss_of(name: str, y: Tensor, f: Tensor) -> Tensor:
    """Of each example."""
    return {"logistic": F.softplus(-y * f, threshold=1e3), "squared": (f - y) ** 2 / 2, "exponential": torch.exp(-y * f),
            "hinge": F.relu(1 - y * f)}[name]


def optimiser_of(e: Any, weights: list[Tensor], bug: str) -> torch.optim.Optimizer:
    own, coupled = e.own_values, e.own_values.get("decay") != "decoupled"
    decay = e.lambda_ if coupled else 0.0
    if own.get("preconditioner") == "pair":
        raise Declined("PyTorch has no mean square of a pair")
    if e.optimiser in ("heavy-ball", "nesterov", "gradient-descent"):
        return torch.optim.SGD(weights, lr=1.0, momentum=own.get("momentum", 0.0), weight_decay=decay,
                               nesterov=e.optimiser == "nesterov" and bug != "no look-ahead")
    if e.optimiser == "rmsprop":
        return torch.optim.RMSprop(weights, lr=1.0, alpha=own["smoothing"], eps=own["epsilon"], weight_decay=decay)
    betas = own["beta_1"], own["beta_2"]
    adamw = (e.optimiser == "adamw" and bug != "AdamW as Adam with L2") or not coupled
    return (torch.optim.AdamW if adamw else torch.optim.Adam)(weights, lr=1.0, betas=betas, eps=own["epsilon"],
                                                              weight_decay=e.lambda_)


class Simulator:
    """Right without ``bug``."""

    def __init__(self, e: Any, data: Any, start: Any, bug: str) -> None:
        self.e, self.bug, self.phi = e, bug, activation(e, bug)
        x1, x2, self.y = (torch.as_tensor(part).double() for part in (data.x1, data.x2, data.y))
        self.norms = x1.norm(dim=1), x2.norm(dim=1)
        x1, x2 = (torch.hstack([x, torch.ones(len(x), 1)]) if e.biases else x for x in (x1, x2))
        shared = [x1] if bug == "first patch alone" else [x1, x2]
        self.patches = [shared, []] if e.network == "shared" else [[x1], [x2] if x2.shape[1] else []]
        self.U = [torch.as_tensor(part).double().requires_grad_() for part in start[:2]]
        self.u = [torch.as_tensor(part).double().requires_grad_() for part in start[2:]]
        self.optimiser = optimiser_of(e, self.U, bug)
        self.rates = general_simulator.Simulator(e, data, start)

    def outputs(self, level: float, drawn: Any) -> Tensor:
        """On the training set, with noise on the pre-activations."""
        kind, f = self.e.noise_placement, torch.zeros(len(self.y))
        for i, (U, u) in enumerate(zip(self.U, self.u, strict=True)):
            for c, x in enumerate(self.patches[i]):
                z = x @ U.T
                if kind == "iterates-transient":
                    z = z + level * x @ drawn[i].T
                elif kind.startswith("pre-activations"):
                    z = z + level * (drawn[i][:, c] * self.norms[i + c]).T
                f = f + self.phi(z) @ u
        return self.e.output_scale * f

    def loss(self, f: Tensor, level: float, drawn: Any, batch: Tensor) -> Tensor:
        kind, y = self.e.noise_placement, self.y
        if kind == "activations":
            f = f + level * drawn * torch.sqrt(self.norms[0] ** 2 + self.norms[1] ** 2)
        if kind == "labels":
            y = torch.where(drawn < level, -y, y)
        if kind == "targets":
            y = y + level * drawn
        each, size = loss_of(self.e.loss, y, f), len(batch)
        if self.bug == "counts dropped":
            batch = batch.unique()
        return each[batch].sum() / (len(y) if self.bug == "mean over N" else size)

    def step(self, rate: float, level: float, drawn: Any, xi: Any, batch: Any) -> None:
        e, before = self.e, [U.detach().clone() for U in self.U]
        for part in (*self.U, *self.u):
            part.grad = None
        self.loss(self.outputs(level, drawn), level, drawn, torch.as_tensor(batch)).backward()
        for U, noise in zip(self.U, xi, strict=True):
            U.grad = (torch.zeros_like(U) if U.grad is None else U.grad) + torch.as_tensor(np.array(noise)).double()
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.step()
        with torch.no_grad():
            for U, start, noise in zip(self.U, before, drawn if isinstance(drawn, list) else (0, 0), strict=True):
                if e.own_values.get("decay") == "decoupled" and e.optimiser != "adam":
                    U -= rate * e.lambda_ * start
                if e.noise_placement in ("gradient", "iterates"):
                    U -= (rate if e.noise_placement == "gradient" else 1.0) * level * noise
                if e.noise_placement == "iterates-transient" and self.bug == "perturbation kept":
                    U += level * noise
            for u in self.u if e.train_second_layer else ():
                if u.grad is not None:
                    decay = 0.0 if self.bug == "second layer without decay" else e.lambda_
                    u -= rate * (u.grad + decay * u)

    def run(self, noise: Any, batches: Any, placed: Any, steps: int) -> dict[str, list[Any]]:
        e, tau, last, fallen = self.e, 0.0, 0.0, False
        kept: dict[str, list[Any]] = {name: [] for name in ("W", "V", "w", "v", "f")}
        for t in range(steps + 1):
            with torch.no_grad():
                f = self.clean()
            for name, state in zip(kept, (*self.U, *self.u, f), strict=True):
                kept[name].append(state.detach().numpy().copy())
            if t == steps:
                break
            rate = self.rates.rate(tau, float(loss_of(e.loss, self.y, f).mean()))
            fallen = fallen or (rate < last and e.schedule != "cosine") or (e.schedule == "L-S" and rate == e.eta_2 != e.eta_1)
            drawn = None if placed is None else [torch.as_tensor(part[t]) for part in placed] if isinstance(
                placed, tuple) else torch.as_tensor(placed[t])
            level = e.noise_level if self.bug == "placed noise not annealed" else self.rates.level(tau, fallen)
            self.step(rate, level, drawn, next(noise), batches[t])
            tau, last = tau + rate, rate
        return kept

    def clean(self) -> Tensor:
        """Outputs without placed noise."""
        f = torch.zeros(len(self.y))
        for U, u, patches in zip(self.U, self.u, self.patches, strict=True):
            for x in patches:
                f = f + self.phi(x @ U.T) @ u
        return self.e.output_scale * f


def adapter(task: Any, bug: str = "") -> dict[str, Any]:
    """Data and start are taken, and the noise if it is there; else it is drawn."""
    task.follows(*general_simulator.FOLLOWED)
    e, start = task.experiment, task.initial
    noise = zip(*task.noise, strict=True) if task.gives("noise") else general_simulator.own_noise(task, start, "")
    kept = Simulator(e, task.data, start, bug).run(noise, task.batches, task.placed, task.steps)
    return kept if e.train_second_layer else {name: kept[name] for name in ("W", "V", "f")}
