"""A simulator of THEORY §1-§3 as a user might write it in PyTorch, with automatic gradients; mistakes can be planted in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.functional import softplus

torch.set_default_dtype(torch.float64)
Tensor = torch.Tensor


def stream(seed: int, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(1000 * seed + number)


class Simulator:
    """Right without ``bug``."""

    def __init__(self, e: Any, seed: int, bug: str = "") -> None:
        self.e, self.seed, self.bug = e, seed % 2**40, bug
        self.noise = {"W": stream(self.seed, 0), "V": stream(self.seed, 0 if bug == "one stream for both layers" else 1)}

    # -- draws ----------------------------------------------------------------------------------------------------------

    def examples(self, generator: torch.Generator, n: int) -> dict[str, Tensor]:
        e = self.e
        w_star = torch.randn(e.d, generator=stream(self.seed, 9))
        w_star /= w_star.norm()
        share = torch.tensor([e.p0_value, e.q0, max(0.0, 1 - e.p0_value - e.q0)])
        kind = torch.multinomial(share, n, replacement=True, generator=generator)
        y, b = (2.0 * torch.randint(0, 2, (2, n), generator=generator) - 1).unbind()
        z = torch.randn(n, e.d, generator=generator) / math.sqrt(e.d)
        along = z @ w_star
        x1 = z + (y * (e.gamma_0 + along.abs()) - along)[:, None] * w_star
        alpha = e.alpha_min + (e.alpha_max - e.alpha_min) * torch.rand(n, generator=generator)
        x1 = torch.where((kind == 1)[:, None], 0.0, x1)
        x2 = torch.where((kind == 0)[:, None], 0.0, self.second_patch(alpha, torch.where(y > 0, 0.0, b)))
        return {"x1": x1, "x2": x2, "y": y, "w_star": w_star}

    def second_patch(self, alpha: Tensor, b: Tensor) -> Tensor:
        return torch.stack([alpha, alpha * b * self.e.r], dim=1) * (alpha[:, None] if self.bug == "alpha squared" else 1.0)

    def sets(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        again = 3 if self.bug == "test data of the training stream" else 4
        return (self.examples(stream(self.seed, 3), self.e.n_examples),
                self.examples(stream(self.seed, again), 3 * self.e.n_test))

    def normal(self, layer: str) -> Tensor:
        m, k = {"W": (self.e.m_W, self.e.d), "V": (self.e.m_V, 2)}[layer]
        if self.bug == "the same noise at every step":
            self.noise[layer] = stream(self.seed, 0 if layer == "W" else 1)
        if self.e.neurons != "paired" or self.bug == "pair partner unshared":
            return torch.randn(m, k, generator=self.noise[layer])
        return torch.randn(m // 2, k, generator=self.noise[layer]).repeat_interleave(2, dim=0)

    def start(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        signs, second = stream(self.seed, 8), []
        for m in (self.e.m_W, self.e.m_V):
            sign = 2.0 * torch.randint(0, 2, (m,), generator=signs) - 1
            second.append((sign if self.e.neurons == "independent" else (-1.0) ** torch.arange(m)) / math.sqrt(m))
        return self.e.tau_0_value * self.normal("W"), self.e.tau_0_value * self.normal("V"), *second

    def increments(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield self.e.tau_xi * self.normal("W"), self.e.tau_xi * self.normal("V")

    # -- training -------------------------------------------------------------------------------------------------------

    def rate(self, tau: float, low: bool) -> float:
        e = self.e
        if e.schedule == "L-S":
            return e.eta_2 if low else e.eta_1
        if e.schedule == "cosine":
            return e.eta_2 + (e.eta_1 - e.eta_2) * math.cos(math.pi / 2 * min(tau / e.max_tau, 1.0)) ** 2
        if e.schedule == "step":
            return e.eta_1 * e.step_factor ** math.floor(tau / e.step_tau * (1 + 1e-12))
        if e.schedule == "pieces":
            return next((rate for until, rate in e.pieces if tau < until * (1 - 1e-12)), e.pieces[-1][1])
        return e.eta_2 if e.schedule == "S" else e.eta_1

    def loss(self, y: Tensor, f: Tensor) -> Tensor:
        bug = self.bug
        if bug == "squared loss":
            each = (f - y) ** 2 / 2
        elif bug == "slope at the output":
            each = y * softplus(-f)
        else:
            each = softplus(f * y if bug == "label flipped" else -f * y)
        return each.sum() if bug == "gradient without 1/N" else each.mean()

    def run(self, x1: Tensor, x2: Tensor, y: Tensor, start: tuple[Tensor, ...], noise: Iterator[tuple[Tensor, Tensor]],
            steps: int) -> dict[str, list[Any]]:
        e, (W, V, w, v) = self.e, start
        tau, low, before = 0.0, False, e.eta_1 if e.schedule == "L-S" else None
        threshold = e.epsilon_1 + float((x1 == 0).all(dim=1).double().mean()) * math.log(2)
        kept: dict[str, list[Any]] = {"W": [], "V": [], "f": []}
        buffers = [torch.zeros_like(W), torch.zeros_like(V)]
        for t in range(steps + 1):
            W, V = W.detach().requires_grad_(), V.detach().requires_grad_()
            f = torch.relu(x1 @ W.T) @ w + torch.relu(x2 @ V.T) @ v
            for name, state in (("W", W), ("V", V), ("f", f)):
                kept[name].append(state.detach().numpy().copy())
            if t == steps:
                break
            low = low or float(softplus(-y * f.detach()).mean()) <= threshold
            rate = self.rate(tau, low)
            used, before = (before or rate, rate) if self.bug == "switch a step late" else (rate, rate)
            gradients = torch.autograd.grad(self.loss(y, f), (W, V))
            W, V = (self.moved(U.detach(), g, xi, used, b)
                    for U, g, xi, b in zip((W, V), gradients, next(noise), buffers, strict=True))
            tau += used
        return kept

    def moved(self, U: Tensor, gradient: Tensor, xi: Tensor, rate: float, b: Tensor) -> Tensor:
        decay, bug = self.e.lambda_, self.bug
        if bug == "noise times root of rate":
            xi = xi / math.sqrt(rate)
        if bug == "wrong sign of decay":
            decay = -decay
        if bug == "decay after the step":
            return (U - rate * (gradient + xi)).mul(1 - rate * decay)
        momentum = self.e.own_values.get("momentum", 0.0)
        b.mul_(momentum**2 if bug == "momentum buffer decayed twice" else momentum).add_(gradient + decay * U + xi)
        return U - rate * b


def adapter(task: Any, bug: str = "") -> dict[str, Any]:
    """Everything that the kit can give is taken, everything else drawn."""
    mine = Simulator(task.experiment, task.seed, bug)
    own, test = mine.sets()
    x1, x2, y = own["x1"], own["x2"], own["y"]
    if task.gives("data"):
        x1, alpha, side, y = (torch.as_tensor(part).double() for part in (
            task.data.x1, task.data.alpha, task.data.direction - 1.0, task.data.y))
        x2 = mine.second_patch(alpha, side)
    start = tuple(torch.as_tensor(part).double() for part in task.initial) if task.gives("initial") else mine.start()
    noise = (map(torch.as_tensor, xi) for xi in zip(*task.noise, strict=True)) if task.gives("noise") else mine.increments()
    kept = mine.run(x1, x2, y, start, ((a.double(), b.double()) for a, b in noise), task.steps)
    numbers = {name: {key: value.numpy() for key, value in each.items()} for name, each in (("data", own), ("test", test))}
    return {**kept, **numbers, "w": start[2].numpy(), "v": start[3].numpy()}
