"""What a run of the package was given, drawn again from its streams in float64: data, U_0, second layer, noise, rates."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.reference import LOSSES, Array, Reference, reference_run
from theory_sim import Data, Experiment, draw_data
from theory_sim.network.layers import BLOCK_V, BLOCK_W
from theory_sim.numeric.streams import StepStream, generator
from theory_sim.train.sampling import make_sampling

LAYERS = ("W", "V")


def drawn(experiment: Experiment, purpose: str, seed: int, index: int, step: int) -> Array:
    """Standard normal numbers of a layer at a step by their address, one row a neuron."""
    m, k, block = [(experiment.m_W, experiment.d, BLOCK_W), (experiment.m_V, 2, BLOCK_V)][index]
    share = 2 if experiment.neurons == "paired" else 1
    rows = []
    for b in range(-(-m // block)):
        out = np.empty(((min((b + 1) * block, m) - b * block) // share, k), experiment.dtype)
        StepStream(seed, purpose, index, b).normal(step, out)
        rows.append(np.repeat(out, share, axis=0))
    return np.concatenate(rows).astype(np.float64)


def second_layer(experiment: Experiment, index: int) -> Array:
    m = (experiment.m_W, experiment.m_V)[index]
    if experiment.neurons == "independent":
        signs = generator(experiment.seed_of("init"), "signs", index).choice([-1.0, 1.0], size=m)
    else:
        signs = np.where(np.arange(m) % 2 == 0, 1.0, -1.0)
    return np.asarray(signs / math.sqrt(m), dtype=experiment.dtype).astype(np.float64)


def initial(experiment: Experiment, index: int) -> Array:
    return experiment.tau_0_value * drawn(experiment, "init", experiment.seed_of("init"), index, 0)


def noise(experiment: Experiment, step: int) -> tuple[Array, Array]:
    seed = experiment.seed_of("noise")
    xi_W, xi_V = (experiment.tau_xi * drawn(experiment, "noise", seed, index, step) for index in range(2))
    return xi_W, xi_V


@dataclass
class Rate:
    """The schedules of the Experiment, once more and on purpose naive."""

    experiment: Experiment
    q_hat: float
    annealed: list[float] = field(default_factory=list)

    def __call__(self, step: int, tau: float, training_loss: float) -> float:
        e = self.experiment
        if e.schedule == "L-S":
            if training_loss <= e.epsilon_1 + self.q_hat * LOSSES[e.loss][0](0.0):
                self.annealed.append(tau)
            return e.eta_2 if self.annealed else e.eta_1
        by_step = e.schedule_clock == "step"
        return self.of_time(step if by_step else tau, float(e.max_steps or 0) if by_step else e.max_tau)

    def of_time(self, t: float, end: float) -> float:
        """Rate at a time of a run that ends at ``end``."""
        e, own = self.experiment, self.experiment.own_values
        if e.schedule == "step":
            assert e.step_tau is not None
            return e.eta_1 * e.step_factor ** int(t / e.step_tau + 1e-9)
        if e.schedule == "cosine":
            return e.eta_2 + (e.eta_1 - e.eta_2) * math.cos(math.pi * min(t / end, 1.0) / 2) ** 2
        if e.schedule == "pieces":
            assert e.pieces is not None
            return [*(rate for until, rate in e.pieces if t < until - 1e-9), e.pieces[-1][1]][0]
        if e.schedule == "linear":
            return e.eta_1 * (1.0 - t / end) + e.eta_2 * t / end
        if e.schedule == "exponential":
            return math.exp(math.log(e.eta_1) * (1.0 - t / end) + math.log(e.eta_2) * t / end)
        if e.schedule == "power":
            return float(e.eta_1 / math.pow(1.0 + t / own["power_time"], own["power_exponent"]))
        if e.schedule in ("warm-up", "warm-up-stable-decay"):
            low = own["warm_up_from"] * e.eta_1
            times, rates = [0.0, own["warm_up"]], [low, e.eta_1]
            if e.schedule != "warm-up":
                times, rates = [*times, end - own["decay_time"], end], [*rates, e.eta_1, e.eta_2]
            return float(np.interp(t, times, rates))
        if e.schedule == "cyclic":
            into = t % own["cycle"] / own["cycle"]
            if own["cycle_shape"] == "triangle":
                return float(np.interp(into, [0.0, 0.5, 1.0], [e.eta_2, e.eta_1, e.eta_2]))
            return e.eta_2 + (e.eta_1 - e.eta_2) * math.cos(math.pi * into / 2) ** 2
        return {"S": e.eta_2, "constant": e.eta_1}[e.schedule]


def replay(experiment: Experiment, steps: int, data: Data | None = None) -> tuple[Reference, Rate]:
    """The reference's run of the same experiment, and the schedule with what it noted."""
    data = draw_data(experiment) if data is None else data
    rate = Rate(experiment, float(np.mean(data.kind == 1)))
    batches: Callable[[int], Any] = make_sampling(experiment).at
    w, v = (second_layer(experiment, index) for index in range(2))
    run = reference_run(
        data.x1.astype(np.float64), data.x2, data.y, data.kind, w, v, initial(experiment, 0), initial(experiment, 1),
        noise=lambda step: noise(experiment, step), next_rate=rate, lambda_=experiment.lambda_, steps=steps, batch=batches,
        of=experiment.loss,
    )
    return run, rate
