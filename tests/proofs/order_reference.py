"""The limit of THEORY §7 by its definition, in 100 digits: the direct double sum over steps and pairs of patches.

Nothing is imported from proofs_check; of theory_sim only the data, the rates of schedules and the mini-batches, which say what
is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp, mpf

from theory_sim.data import Data, get_directions
from theory_sim.experiment import Experiment
from theory_sim.train.sampling import make_sampling
from theory_sim.train.schedules import make_schedule

DIGITS = 100


@dataclass
class Exact:
    """Outputs (T + 1 lists of N) and mean losses by kind, of a run in 100 digits."""

    rates: list[float]
    outputs: list[list[Any]]
    losses: dict[str, list[Any]]


def _patches(experiment: Experiment, data: Data) -> list[list[list[Any]]]:
    """Patches of each example as lists of numbers, each with the bank of filters that sees it."""
    directions = get_directions(experiment, data).tolist()
    found = []
    for i in range(len(data)):
        first = [mpf(float(value)) for value in data.x1[i]]
        second = [mpf(float(data.alpha[i])) * mpf(value) for value in directions[data.direction[i]]]
        found.append([first, second])
    return found


def _dot(a: list[Any], b: list[Any]) -> Any:
    return mp.fsum(p * q for p, q in zip(a, b, strict=True))


def exact_run(experiment: Experiment, data: Data) -> Exact:
    """The run, until the experiment's stop rules end it."""
    with mp.workdps(DIGITS):
        return _run(experiment, data)


def _run(e: Experiment, data: Data) -> Exact:
    n, patches, y = len(data), _patches(e, data), [int(each) for each in data.y]
    pairs = [(0, 0), (1, 1)] + ([(0, 1), (1, 0)] if e.shared_filters else [])
    inner: dict[Any, Any] = {}
    for i in range(n):
        for j in range(n):
            for c, k in pairs:
                product = _dot(patches[i][c], patches[j][k])
                norms = mpmath.sqrt(_dot(patches[i][c], patches[i][c]) * _dot(patches[j][k], patches[j][k]))
                if norms > 0:
                    cosine = product / norms
                    inner[i, j, c, k] = product, max(min(cosine, mpf(1)), mpf(-1))
    schedule, sampling = make_schedule(e, data.q_hat), make_sampling(e)
    lambda_, tau_xi = mpf(e.lambda_), mpf(e.tau_xi)
    rates: list[float] = []
    level = [mpf(e.tau_0_value)]  # tau_t
    past: list[list[Any]] = []  # w_i(s) y_i / (1 + exp(y_i f_s))
    outputs = [[mpf(0)] * n]
    tau, frozen_from, threshold = 0.0, None, None
    if schedule.threshold() > 0:
        q_only = sum(int(kind) == data.kinds.index("Q-only") for kind in data.kind)
        threshold = mpf(e.epsilon_1) + mpf(q_only) / n * mpmath.log(2)
    switched = False
    while True:
        f, step = outputs[-1], len(rates)
        mean = mp.fsum(mpmath.log(1 + mpmath.exp(-y[i] * f[i])) for i in range(n)) / n
        if (e.epsilon_2 is not None and mean <= e.epsilon_2) or tau >= e.max_tau * (1 - 1e-12) or (
            e.max_steps is not None and step >= e.max_steps
        ):
            break
        schedule.step = step
        if threshold is not None:
            switched = switched or mean <= threshold
            rate = e.eta_2 if switched else e.eta_1
        else:
            rate = schedule.rate(tau, float(mean))
        if rates and rate < rates[-1] and frozen_from is None and not getattr(schedule, "falls_from_start", False):
            frozen_from = step
        batch = sampling.at(step)
        members = list(range(n)) if batch is None else batch.tolist()
        weight = [mpf(members.count(i)) / len(members) for i in range(n)]
        past.append([weight[i] * y[i] / (1 + mpmath.exp(y[i] * f[i])) for i in range(n)])
        rates.append(rate)
        tau += rate
        level.append(mpmath.sqrt((1 - rate * lambda_) ** 2 * level[-1] ** 2 + mpf(rate) ** 2 * tau_xi**2))
        outputs.append(_outputs(e, n, pairs, inner, rates, level, past, frozen_from))
    losses: dict[str, list[Any]] = {}
    for name in ("all", *data.kinds):
        chosen = [i for i in range(n) if name == "all" or data.kinds[data.kind[i]] == name]
        if chosen:
            losses[name] = [mp.fsum(mpmath.log(1 + mpmath.exp(-y[i] * f[i])) for i in chosen) / len(chosen) for f in outputs]
    return Exact(rates, outputs, losses)


def _outputs(
    e: Experiment, n: int, pairs: list[tuple[int, int]], inner: dict[Any, Any], rates: list[float], level: list[Any],
    past: list[list[Any]], frozen_from: int | None,
) -> list[Any]:
    t, lambda_ = len(rates), mpf(e.lambda_)
    total = [mpf(0)] * n
    for s in range(t):
        decay = mp.fprod(1 - rates[i] * lambda_ for i in range(s + 1, t))
        rho = _correlation(e, rates, level, s, t, frozen_from)
        kernel: dict[Any, Any] = {}
        for i in range(n):
            for j in range(n):
                for c, k in pairs:
                    if (j, i, c, k) in inner:
                        product, cosine = inner[j, i, c, k]
                        if cosine not in kernel:
                            kernel[cosine] = (mp.pi - mpmath.acos(max(min(rho * cosine, mpf(1)), mpf(-1)))) / (2 * mp.pi)
                        total[i] += rates[s] * decay * past[s][j] * product * kernel[cosine]
    return total


def _correlation(e: Experiment, rates: list[float], level: list[Any], s: int, t: int, frozen_from: int | None) -> Any:
    if e.redrawn_patterns:
        return mpf(0)
    if e.frozen_patterns:
        return mpf(1)
    end = t if frozen_from is None or not e.patterns_freeze else max(min(t, frozen_from), min(s, t))
    if e.patterns_freeze and frozen_from is not None and s >= frozen_from:
        return mpf(1)
    return mp.fprod(1 - rates[i] * mpf(e.lambda_) for i in range(s, end)) * level[s] / level[end]
