"""A simulator with every extension that the kit knows, written from the definitions; mistakes can be planted in it.

Slow and plain: it loops over layers, patches and, in the gradient, over the examples of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import erf, expit

from tests.kit import numpy_simulator

Array = np.ndarray[Any, Any]
FOLLOWED = ("network", "batch_size", "sampling", "noise_placement", "loss", "optimiser", "activation", "biases",
            "train_second_layer", "output_scale", "data_law", "alpha_law", "label_flips")

# Loss of the output at a label, and its derivative in the output.
LOSSES: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "logistic": (lambda y, f: np.logaddexp(0, -y * f), lambda y, f: -y * expit(-y * f)),
    "squared": (lambda y, f: (f - y) ** 2 / 2, lambda y, f: f - y),
    "exponential": (lambda y, f: np.exp(-y * f), lambda y, f: -y * np.exp(-y * f)),
    "hinge": (lambda y, f: np.maximum(0, 1 - y * f), lambda y, f: np.where(y * f < 1, -y, 0.0)),
}


def activation(name: str, leak: float, bug: str) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """phi and phi'."""
    if name == "gelu" and bug == "GELU by tanh":
        def inner(z: Array) -> Array:
            return math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)

        return (lambda z: z * (1 + np.tanh(inner(z))) / 2,
                lambda z: (1 + np.tanh(inner(z))) / 2
                + z / 2 / np.cosh(inner(z)) ** 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2))
    if name == "leaky-relu" and bug == "default leak":
        leak = 0.01
    found: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
        "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
        "leaky-relu": (lambda z: np.where(z > 0, z, leak * z), lambda z: np.where(z > 0, 1.0, leak)),
        "linear": (lambda z: z, np.ones_like),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "erf": (erf, lambda z: 2 / math.sqrt(math.pi) * np.exp(-(z**2))),
        "gelu": (lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
                 lambda z: (1 + erf(z / math.sqrt(2))) / 2 + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)),
        "softplus": (lambda z: np.logaddexp(0, z), expit),
    }
    return found[name]


class Optimiser:
    """One layer's step, as the papers and PyTorch have it."""

    def __init__(self, e: Any, U: Array, bug: str) -> None:
        self.e, self.own, self.bug = e, e.own_values, bug
        self.m, self.s, self.t = np.zeros_like(U), np.zeros_like(U), 0
        self.first_rate: float | None = None

    def step(self, U: Array, gradient: Array, xi: Array, rate: float) -> Array:
        e, own, bug = self.e, self.own, self.bug
        self.t += 1
        self.first_rate = self.first_rate or rate
        decoupled = e.optimiser == "adamw" or own.get("decay") == "decoupled"
        if bug == "AdamW as Adam with L2":
            decoupled = decoupled and e.optimiser != "adamw"
        decay = e.lambda_ * U
        g = gradient + xi + (0 if decoupled else decay)
        if e.biases and bug == "bias without decay" and not decoupled:
            g[:, -1] -= decay[:, -1]
        if decoupled:
            U = U - {"decay at the first rate": self.first_rate, "decay without the rate": 1.0}.get(bug, rate) * decay
        return U - rate * self.direction(g)

    def direction(self, g: Array) -> Array:
        name, own, bug = self.e.optimiser, self.own, self.bug
        if name == "gradient-descent":
            return g
        if name in ("heavy-ball", "nesterov"):
            mu = own["momentum"]
            kept, taken = mu**2 if bug == "momentum buffer decayed twice" else mu, 1 - mu if bug == "dampened" else 1
            self.m = kept * self.m + taken * g
            return self.m if name == "heavy-ball" or bug == "no look-ahead" else g + mu * self.m
        square = g**2
        if own["preconditioner"] == "pair" and bug != "preconditioner of neurons":
            square = np.repeat((square[0::2] + square[1::2]) / 2, 2, axis=0)
        beta = own["smoothing"] if name == "rmsprop" else own["beta_2"]
        self.s = beta * self.s + (1 - beta) * square
        if name == "rmsprop":
            return g / self.root(self.s)
        self.m = own["beta_1"] * self.m + (1 - own["beta_1"]) * g
        if bug == "no bias correction":
            return self.m / self.root(self.s)
        return self.m / (1 - own["beta_1"] ** self.t) / self.root(self.s / (1 - beta**self.t))

    def root(self, s: Array) -> Array:
        if self.bug == "epsilon inside the root":
            return np.sqrt(s + self.own["epsilon"])
        return np.sqrt(s) + self.own["epsilon"]


class Simulator:
    """Right without ``bug``."""

    def __init__(self, e: Any, data: Any, start: Any, bug: str = "") -> None:
        self.e, self.bug = e, bug
        self.x1, self.x2, self.y = (np.asarray(part, float) for part in (data.x1, data.x2, data.y))
        self.q_hat = float(np.mean(data.kind == 1)) if data.pq is not None else 0.0
        if bug == "labels without their flips" and e.has_pq:
            along = self.x1 @ data.w_star
            self.y = np.where(along != 0, np.sign(along), np.where(self.x2[:, 1] == 0, 1.0, -1.0))
        self.W, self.V, self.w, self.v = (np.array(part, float) for part in start)
        self.phi, self.slope = activation(e.activation, e.own_values.get("leak", 0.0), bug)
        self.optimisers = Optimiser(e, self.W, bug), Optimiser(e, self.V, bug)
        self.schedule = numpy_simulator.Simulator(e, 0)

    def layers(self) -> list[tuple[Array, Array, list[Array]]]:
        x1, x2 = ([np.append(x, 1.0) for x in part] if self.e.biases else list(part) for part in (self.x1, self.x2))
        x1, x2 = np.array(x1), np.array(x2)
        if self.e.network == "shared":
            return [(self.W, self.w, [x1] if self.bug == "first patch alone" else [x1, x2])]
        return [(self.W, self.w, [x1])] + ([(self.V, self.v, [x2])] if self.V.size else [])

    def evaluate(self, noise: list[list[Array]] | None) -> tuple[Array, list[list[tuple[Array, Array]]]]:
        """Outputs, and pre-activations of each layer and patch with the patch; ``noise`` is added to them."""
        f, found = np.zeros(len(self.y)), []
        for i, (U, u, patches) in enumerate(self.layers()):
            found.append([])
            for c, x in enumerate(patches):
                z = U @ x.T
                if noise is not None and self.bug == "noise after the activation":
                    f = f + u @ (self.phi(z) + noise[i][c])
                else:
                    clean, z = z, z if noise is None else z + noise[i][c]
                    f = f + u @ self.phi(z)
                    z = clean if self.bug == "patterns without noise" else z
                found[-1].append((z, x))
        if self.e.network == "shared" and self.bug == "mean over patches":
            f = f / 2
        return self.e.output_scale * f, found

    def gradients(self, weights: Array, found: list[list[tuple[Array, Array]]]) -> list[tuple[Array, Array]]:
        """Of the mean loss in U and u, by layer; ``weights`` (N,) are the derivatives of the mean loss in the outputs."""
        gradients = []
        for (U, u, _), patches in zip(self.layers(), found, strict=True):
            g, g_u = np.zeros_like(U), np.zeros_like(u)
            for z, x in patches:
                for n in np.flatnonzero(weights):
                    g += weights[n] * np.outer(u * self.slope(z[:, n]), x[n])
                    g_u += weights[n] * self.phi(z[:, n])
            scale = 1.0 if self.bug == "scale in the outputs alone" else self.e.output_scale
            scale /= 2 if self.e.network == "shared" and self.bug == "mean over patches" else 1
            gradients.append((scale * g, self.e.output_scale * g_u))
        return gradients

    def rate(self, tau: float, loss: float) -> float:
        at_zero = float(LOSSES[self.e.loss][0](np.ones(1), np.zeros(1))[0])
        return self.schedule.rate(tau, loss, self.q_hat * at_zero / math.log(2))

    def level(self, tau: float, fallen: bool) -> float:
        e = self.e
        annealed = fallen if e.noise_annealing == "with-rate" else (
            e.noise_annealing != "never" and tau >= e.noise_annealing * (1 - 1e-12))
        return float(e.noise_level * (e.noise_factor if annealed and self.bug != "placed noise not annealed" else 1.0))

    def on_pre_activations(self, level: float, drawn: Any) -> list[list[Array]] | None:
        kind = self.e.noise_placement
        if kind not in ("iterates-transient", "pre-activations", "pre-activations-shared"):
            return None
        norms = [np.linalg.norm(x, axis=1) for x in (self.x1, self.x2)]
        if self.bug == "norm left out":
            norms = [(norm > 0) * 1.0 for norm in norms]
        found = []
        for i, (_, _, patches) in enumerate(self.layers()):
            if kind == "iterates-transient":
                found.append([level * drawn[i] @ x.T for x in patches])
            else:
                found.append([level * drawn[i][:, c] * norms[i + c] for c in range(len(patches))])
        return found

    def derivative(self, f: Array, level: float, drawn: Any) -> Array:
        """Of each example's loss in the output, at the labels of this step."""
        slope = LOSSES[self.e.loss][1]
        if self.bug == "logistic slope":
            slope = LOSSES["logistic"][1]
        if self.e.noise_placement == "labels":
            return slope(np.where(drawn < level, -self.y, self.y), f)
        if self.e.noise_placement == "targets":
            return f - (self.y + level * drawn)
        found = slope(self.y, f)
        return 2 * found if self.bug == "squared loss doubled" and self.e.loss == "squared" else found

    def mean_weights(self, batch: Array) -> Array:
        n, bug = len(self.y), self.bug
        if bug == "batch ignored":
            batch = np.arange(n)
        if bug == "counts dropped":
            size, batch = len(batch), np.unique(batch)
            return np.bincount(batch, minlength=n) / size
        size = {"mean over N": n, "last batch over batch_size": self.e.batch_size or n}.get(bug, len(batch))
        return np.bincount(batch, minlength=n) / size

    def run(self, noise: Iterator[Any], batches: list[Array], placed: Any, steps: int) -> dict[str, list[Array]]:
        e, bug = self.e, self.bug
        kept: dict[str, list[Array]] = {name: [] for name in ("W", "V", "w", "v", "f")}
        tau, last_rate, fallen, last_level = 0.0, 0.0, False, e.noise_level
        for t in range(steps + 1):
            f, found = self.evaluate(None)
            for name, state in (("W", self.W), ("V", self.V), ("w", self.w), ("v", self.v), ("f", f)):
                kept[name].append(state.copy())
            if t == steps:
                break
            rate = self.rate(tau, float(np.mean(LOSSES[e.loss][0](self.y, f))))
            fallen = fallen or (rate < last_rate and e.schedule in ("L-S", "step", "pieces")) or (
                e.schedule == "L-S" and rate == e.eta_2 != e.eta_1)
            last_rate = rate
            drawn = None if placed is None else [part[t] for part in placed] if isinstance(placed, tuple) else placed[t]
            level = self.level(tau, fallen)
            used, last_level = (last_level if bug == "annealed a step late" else level), level
            on_z = self.on_pre_activations(used, drawn)
            if on_z is not None:
                f, found = self.evaluate(on_z)
            if e.noise_placement == "activations":
                f = f + used * drawn * np.sqrt((self.x1**2).sum(axis=1) + (self.x2**2).sum(axis=1))
            weights = self.derivative(f, used, drawn) * self.mean_weights(batches[t])
            second = [g_u for _, g_u in self.gradients(weights, found)] if e.train_second_layer else []
            self.move(self.gradients(weights, found), next(noise), rate, used, drawn)
            if bug == "second layer after the first" and e.train_second_layer:
                f, found = self.evaluate(None)
                weights = self.derivative(f, used, drawn) * self.mean_weights(batches[t])
                second = [g_u for _, g_u in self.gradients(weights, found)]
            if e.train_second_layer:
                self.move_second(second, rate)
            tau += rate
        return kept

    def move(self, gradients: list[tuple[Array, Array]], xi: Any, rate: float, level: float, drawn: Any) -> None:
        e, bug, moved = self.e, self.bug, []
        for i, ((U, _, _), (g, _)) in enumerate(zip(self.layers(), gradients, strict=True)):
            after = self.optimisers[i].step(U, g, np.asarray(xi[i], float), rate)
            if e.noise_placement == "gradient":
                after = after - rate * level * drawn[i]
            if e.noise_placement == "iterates":
                after = after - (rate if bug == "iterate noise times rate" else 1.0) * level * drawn[i]
            if e.noise_placement == "iterates-transient" and bug == "perturbation kept":
                after = after + level * drawn[i]
            moved.append(after)
        self.W, self.V = moved[0], moved[1] if len(moved) > 1 else self.V

    def move_second(self, gradients: list[Array], rate: float) -> None:
        decay = 0.0 if self.bug == "second layer without decay" else self.e.lambda_
        moved = [(1 - rate * decay) * u - rate * g for (_, u, _), g in zip(self.layers(), gradients, strict=True)]
        self.w, self.v = moved[0], moved[1] if len(moved) > 1 else self.v


def adapter(task: Any, bug: str = "") -> dict[str, Any]:
    """Follows everything."""
    task.follows(*FOLLOWED)
    return run(task, bug)


def run(task: Any, bug: str = "") -> dict[str, Any]:
    """Data and start are taken, and the noise if it is there; else it is drawn."""
    e, data, start = task.experiment, task.data, task.initial
    noise = zip(*task.noise, strict=True) if task.gives("noise") else own_noise(task, start, bug)
    kept = Simulator(e, data, start, bug).run(noise, task.batches, task.placed, task.steps)
    return kept if e.train_second_layer else {name: kept[name] for name in ("W", "V", "f")}


def own_noise(task: Any, start: Any, bug: str) -> Iterator[tuple[Array, Array]]:
    share = 2 if task.experiment.neurons == "paired" else 1
    streams = [np.random.default_rng([task.seed, 7 if bug == "one stream for both layers" else i]) for i in range(2)]
    while True:
        yield tuple(task.experiment.tau_xi * np.repeat(stream.standard_normal((U.shape[0] // share, U.shape[1])), share, axis=0)
                    for stream, U in zip(streams, (start.W, start.V), strict=True))  # type: ignore[misc]
