"""Noise that a simulator draws itself: taken out of the weights that it had, and compared with the experiment (THEORY §5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.draw_laws import Broken, draws_are_gaussian, draws_are_independent, draws_have_level
from theory_sim.testing.simulator.rule import Rule, possible_rates
from theory_sim.testing.simulator.task import Answer, Declined

__all__ = [
    "accumulated_noise_correlates", "noise_has_level", "noise_is_gaussian", "noise_is_independent", "partners_share_noise",
]

Array = np.ndarray[Any, Any]
Case = tuple[Experiment, Answer]
_LAYERS = ("W", "V")


def _rule(case: Case) -> Rule:
    experiment, answer = case
    rates = np.array([found[0] for found in possible_rates(experiment, answer)])
    return Rule(experiment, answer._replace(noise=None), rates)


def _increments(case: Case) -> tuple[Array, Array]:
    """xi of every step and both layers: what is left of a step when gradient and decay are taken away."""
    rule, answer = _rule(case), case[1]
    found: tuple[list[Array], list[Array]] = ([], [])
    for t, rate in enumerate(rule.rates):
        step = rule.step(t, answer.W[t], answer.V[t])
        for xi, moved, after in zip(found, (step.W, step.V), (answer.W, answer.V), strict=True):
            xi.append((moved - after[t + 1]) / rate)
    return np.array(found[0]), np.array(found[1])


def _share(experiment: Experiment) -> int:
    return 2 if experiment.neurons == "paired" else 1


def _standardised(cases: Sequence[Case]) -> dict[str, Array]:
    """Draws of each layer, (runs, steps, neurons, coordinates), one of each pair, over tau_xi."""
    e = cases[0][0]
    runs = [_increments(case) for case in cases]
    return {layer: np.array([run[i] for run in runs])[:, :, :: _share(e)] / e.tau_xi for i, layer in enumerate(_LAYERS)}


def noise_has_level(cases: Sequence[Case]) -> None:
    """xi is N(0, tau_xi^2) in level and mean, by layer, step and coordinate."""
    draws = _standardised(cases)
    try:
        draws_have_level(draws)
    except Broken as broken:
        raise Broken(str(broken), *_levels_explained(draws, _rule(cases[0]).rates, cases[0][0].tau_xi)) from None


def _levels_explained(draws: dict[str, Array], rates: Array, tau_xi: float) -> list[str]:
    """Known mistakes that the levels of all steps agree with."""
    known = {
        "noise multiplied by the square root of the rate, not by the rate": rates**-0.5,
        "noise not multiplied by the rate": 1.0 / rates,
        "no noise on the gradient": np.zeros(len(rates)),
        "noise of variance tau_xi, not tau_xi^2": np.full(len(rates), tau_xi**-0.5),
    }
    level = [np.sqrt(np.mean(array**2, axis=(0, 2, 3))) for array in draws.values()]
    return [words for words, expected in known.items()
            if all(np.allclose(values, expected, rtol=0.1, atol=1e-6) for values in level)]


def noise_is_gaussian(cases: Sequence[Case]) -> None:
    """xi has the normal law, whatever its level."""
    draws_are_gaussian(_levelled(_standardised(cases)))


def _levelled(draws: dict[str, Array]) -> dict[str, Array]:
    """Draws over the root mean square of their layer and step, so that one law says nothing of another's level."""
    rms = {layer: np.sqrt(np.mean(array**2, axis=(0, 2, 3), keepdims=True)) for layer, array in draws.items()}
    return {layer: array / np.where(rms[layer] > 0, rms[layer], 1.0) for layer, array in draws.items()}


def partners_share_noise(cases: Sequence[Case]) -> None:
    """Paired neurons have one noise (THEORY §2)."""
    for case in cases:
        e, answer = case
        for layer, xi, U in zip(_LAYERS, _increments(case), (answer.W, answer.V), strict=True):
            if e.neurons == "paired":
                off = float(np.abs(xi[:, ::2] - xi[:, 1::2]).max())
                allowed = 1e4 * answer.eps * (float(np.abs(U).max()) / float(_rule(case).rates.min()) + e.tau_xi)
                if not off <= allowed:
                    raise Broken(f"{layer}: the noise of a pair differs by {off:.3g}, where rounding allows {allowed:.2g}",
                                 "the partner of a pair has noise of its own")


def noise_is_independent(cases: Sequence[Case], *, with_start: bool = False) -> None:
    """No draw stands twice: not in both layers, nor at two steps, in two neurons, or in runs of two seeds."""
    e, draws = cases[0][0], _levelled(_standardised(cases))
    if with_start:
        draws = {layer: np.concatenate([np.array([getattr(answer, layer)[:1, :: _share(e)] for _, answer in cases])
                                        / (e.tau_0_value or 1.0), array], axis=1) for layer, array in draws.items()}
    runs, steps, *shape = draws["W"].shape
    size_W, size = math.prod(shape), sum(math.prod(array.shape[2:]) for array in draws.values())
    for order in ("rows", "columns"):  # of memory: a stream fills an array in the one or the other
        flat = [array if order == "rows" else array.swapaxes(2, 3) for array in draws.values()]
        lines = np.concatenate([array.reshape(runs, steps, -1) for array in flat], axis=2).reshape(runs, -1)
        found = draws_are_independent(list(lines), level=5e-7)
        if found is not None:
            apart, lag, share = found
            name = {(0, size_W): "one stream of noise for both layers", (1, 0): "noise that does not depend on the seed",
                    (0, size): "the same noise at every step" if abs(share) > 1.5 / steps else "U_0 is the first step's noise"}
            between = "of two seeds" if apart else "of one run"
            raise Broken(f"draws {between} at a distance of {lag} have correlation {share:.3g}; a step has {size_W} of W, then "
                         f"{size - size_W} of V", *([name[apart, lag]] if (apart, lag) in name else []))


def accumulated_noise_correlates(cases: Sequence[Case], *, level: float = 1e-6) -> None:
    """The accumulated noise has level tau_t and correlation rho(s, t) between times (THEORY §5).

    It is what is left of the weights when the accumulated signal, by the gradients at the weights that were observed, is
    taken away. Products of entries over tau_s tau_t have mean rho and variance 1 + rho^2.
    """
    if cases[0][0].optimiser != "gradient-descent":
        raise Declined("its closed form is that of gradient descent")
    steps = len(cases[0][1].W) - 1
    times = np.unique(np.linspace(0, steps, 5).astype(int))
    pairs = [(s, t) for s in times for t in times if s <= t]
    runs = [(_accumulated(case), *_expected(case)) for case in cases]
    for i, layer in enumerate(_LAYERS):
        for s, t in pairs:
            off = variance = 0.0
            for noise, tau, kept in runs:
                products = (noise[i][s] * noise[i][t])[:: _share(cases[0][0])] / (tau[s] * tau[t])
                rho = kept[t] / kept[s] * tau[s] / tau[t]
                off += float(np.sum(products - rho))
                variance += products.size * (1.0 + rho**2)
            if 2 * float(stats.norm.sf(abs(off) / math.sqrt(variance))) * 2 * len(pairs) < level:
                raise Broken(f"accumulated noise of {layer} at steps {s} and {t}: products are off by "
                             f"{off / products.size / len(runs):.3g} tau_s tau_t on average, where the standard error is "
                             f"{math.sqrt(variance) / products.size / len(runs):.2g}")


def _expected(case: Case) -> tuple[Array, Array]:
    """tau_t, and the product of the decays up to t."""
    e, rates = case[0], _rule(case).rates
    tau, kept = [e.tau_0_value], [1.0]
    for rate in rates:
        decay = 1.0 - rate * e.lambda_
        tau.append(math.hypot(decay * tau[-1], rate * e.tau_xi))
        kept.append(decay * kept[-1])
    return np.array(tau), np.array(kept)


def _accumulated(case: Case) -> tuple[Array, Array]:
    rule, answer = _rule(case), case[1]
    signal = [np.zeros_like(answer.W), np.zeros_like(answer.V)]
    for t, rate in enumerate(rule.rates):
        gradients = rule.step(t, answer.W[t], answer.V[t]).gradients
        for part, gradient in zip(signal, gradients, strict=True):
            part[t + 1] = (1.0 - rate * rule.e.lambda_) * part[t] - rate * gradient
    return answer.W - signal[0], answer.V - signal[1]
