"""A simulator of THEORY §1-§3 as a user might write it in NumPy, without the package; mistakes can be planted in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class Simulator:
    """Right without ``bug``."""

    e: Any
    seed: int
    bug: str = ""
    dtype: Any = np.float64
    streams: dict[str, np.random.Generator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, name in enumerate(("W", "V", "data", "test")):
            same = {"one stream for both layers": "V", "test data of the training stream": "test"}.get(self.bug)
            self.streams[name] = np.random.default_rng([self.seed, number - (name == same)])

    def draw_examples(self, stream: str, n: int, w_star: Array) -> dict[str, Array]:
        e, rng = self.e, self.streams[stream]
        kind = rng.choice(3, size=n, p=[e.p0_value, e.q0, 1 - e.p0_value - e.q0])
        y = rng.choice([-1.0, 1.0], size=n)
        z = rng.standard_normal((n, e.d)) / np.sqrt(e.d)
        along = z @ w_star
        x1 = z + np.outer(y * (e.gamma_0 + np.abs(along)) - along, w_star)
        alpha = self.draw_alpha(rng, n)
        b = np.where(y > 0, 0.0, rng.choice([-1.0, 1.0], size=n))
        x2 = self.second_patch(alpha, b)
        x1[kind == 1], x2[kind == 0] = 0.0, 0.0
        if stream == "data" and self.bug != "labels without their flips":
            y[rng.permutation(n)[: round(e.label_flips * n)]] *= -1
        return {"x1": x1, "x2": x2, "y": y, "w_star": w_star}

    def draw_alpha(self, rng: np.random.Generator, n: int) -> Array:
        law, own, low, high = self.e.alpha_law, self.e.own_values, self.e.alpha_min, self.e.alpha_max
        if law == "uniform" or self.bug == "uniform alpha":
            return rng.uniform(low, high, size=n)
        if law == "fixed":
            return np.full(n, high)
        if law == "two-point":
            return rng.choice([high, low], size=n, p=[own["alpha_share"], 1 - own["alpha_share"]])
        power = own["alpha_power"] + 1
        return (low**power + (high**power - low**power) * rng.random(n)) ** (1 / power)

    def draw_data(self) -> tuple[dict[str, Array], dict[str, Array]]:
        w_star = np.random.default_rng([self.seed, 9]).standard_normal(self.e.d)
        w_star /= np.linalg.norm(w_star)
        return (self.draw_examples("data", self.e.n_examples, w_star), self.draw_examples("test", 3 * self.e.n_test, w_star))

    def second_patch(self, alpha: Array, b: Array) -> Array:
        if self.bug == "alpha squared":
            alpha = alpha**2
        return np.stack([alpha, alpha * self.e.r * b], axis=1)

    def normal(self, layer: str, m: int, k: int) -> Array:
        rows = m // 2 if self.e.neurons == "paired" and self.bug != "pair partner unshared" else m
        return np.repeat(self.streams[layer].standard_normal((rows, k)), m // rows, axis=0)

    def draw_start(self) -> tuple[Array, Array, Array, Array]:
        e = self.e
        W, V = (e.tau_0_value * self.normal(*size) for size in (("W", e.m_W, e.d), ("V", e.m_V, 2)))
        rng = np.random.default_rng([self.seed, 8])
        w, v = (rng.choice([-1.0, 1.0], size=m) if e.neurons == "independent" else np.tile([1.0, -1.0], m // 2)
                for m in (e.m_W, e.m_V))
        return W, V, w / np.sqrt(e.m_W), v / np.sqrt(e.m_V)

    def draw_noise(self) -> Iterator[tuple[Array, Array]]:
        e = self.e
        while True:
            if self.bug == "the same noise at every step":
                self.streams |= {layer: np.random.default_rng([self.seed, i]) for i, layer in enumerate("WV")}
            yield e.tau_xi * self.normal("W", e.m_W, e.d), e.tau_xi * self.normal("V", e.m_V, 2)

    def rate(self, tau: float, loss: float, q_hat: float) -> float:
        e = self.e
        if e.schedule == "L-S":
            self.annealed = getattr(self, "annealed", False) or loss <= e.epsilon_1 + q_hat * np.log(2)
            return float(e.eta_2 if self.annealed else e.eta_1)
        if e.schedule == "step":
            return float(e.eta_1 * e.step_factor ** np.floor(tau / e.step_tau * (1 + 1e-12)))
        if e.schedule == "cosine":
            return float(e.eta_2 + (e.eta_1 - e.eta_2) * (1 + np.cos(np.pi * min(tau / e.max_tau, 1.0))) / 2)
        if e.schedule == "pieces":
            return next((rate for until, rate in e.pieces if tau < until * (1 - 1e-12)), float(e.pieces[-1][1]))
        return float(e.eta_2 if e.schedule == "S" else e.eta_1)

    def slope(self, y: Array, f: Array) -> Array:
        """Derivative of each example's loss in its output."""
        bug = self.bug
        if bug == "slope at the output":
            return -y / (1 + np.exp(f))
        if bug == "squared loss":
            return f - y
        if bug == "label flipped":
            y = -y
        return -y / (1 + np.exp(y * f))

    def run(self, data: Any, start: Any, noise: Any, steps: int) -> tuple[list[Array], list[Array], list[Array]]:
        x1, x2, y = (np.asarray(part, self.dtype) for part in data)
        W, V, w, v = (np.asarray(part, self.dtype) for part in start)
        b_W, b_V = np.zeros_like(W), np.zeros_like(V)
        tau, rate, before = 0.0, 0.0, None
        noise, q_hat = iter(noise), float(np.mean(~x1.any(axis=1)))
        states: tuple[list[Array], list[Array], list[Array]] = ([], [], [])
        for t in range(steps + 1):
            z1, z2 = W @ x1.T, V @ x2.T
            f = w @ np.maximum(z1, 0) + v @ np.maximum(z2, 0)
            for kept, state in zip(states, (W, V, f), strict=True):
                kept.append(state.copy())
            if t == steps:
                return states
            rate = self.rate(tau, float(np.mean(np.logaddexp(0, -y * f))), q_hat)
            used, before = rate, before or (self.e.eta_1 if self.e.schedule == "L-S" else rate)
            if self.bug == "switch a step late":
                used, before = before, rate
            residual = self.slope(y, f) / self.dtype(1 if self.bug == "gradient without 1/N" else len(y))
            patterns = (z1 > 0, z2 > 0)
            if self.bug == "frozen patterns":
                patterns = (states[0][0] @ x1.T > 0, states[1][0] @ x2.T > 0)
            xi_W, xi_V = (np.asarray(xi, self.dtype) for xi in next(noise))
            used = self.dtype(used)
            W, b_W = self.moved(W, w[:, None] * ((patterns[0] * residual) @ x1), xi_W, used, b_W)
            V, b_V = self.moved(V, v[:, None] * ((patterns[1] * residual) @ x2), xi_V, used, b_V)
            tau += used
        raise AssertionError("the last state returns")

    def moved(self, U: Array, gradient: Array, xi: Array, rate: float, b: Array) -> tuple[Array, Array]:
        decay, momentum = self.e.lambda_, self.e.own_values.get("momentum", 0.0)
        if self.bug == "noise times root of rate":
            xi = xi / np.sqrt(rate)
        if self.bug == "decay after the step":
            return (1 - rate * decay) * (U - rate * (gradient + xi)), b
        if self.bug == "wrong sign of decay":
            decay = -decay
        if self.bug == "momentum buffer decayed twice":
            b = momentum * b
        b = momentum * b + gradient + decay * U + xi
        return U - rate * b, b


def adapter(task: Any, bug: str = "", dtype: Any = np.float64) -> dict[str, Any]:
    """Everything that the kit can give is taken, everything else drawn."""
    mine = Simulator(task.experiment, task.seed, bug, dtype)
    own, test = mine.draw_data()
    if task.gives("data"):
        alpha, b = task.data.alpha, task.data.direction - 1.0
        data = task.data.x1, mine.second_patch(alpha, b), task.data.y
    else:
        data = own["x1"], own["x2"], own["y"]
    start = tuple(task.initial) if task.gives("initial") else mine.draw_start()
    noise = zip(*task.noise, strict=True) if task.gives("noise") else mine.draw_noise()
    W, V, f = mine.run(data, start, noise, task.steps)
    return {"W": W, "V": V, "f": f, "w": start[2], "v": start[3], "data": own, "test": test}
