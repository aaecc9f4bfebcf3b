"""Noise that a simulator draws itself: taken out of the weights that it had, and compared with the experiment (THEORY §5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.draw_laws import LEVEL, Broken, draws_are_gaussian, draws_are_independent, draws_have_level
from theory_sim.testing.simulator.rule import Rule
from theory_sim.testing.simulator.settings import rule_of
from theory_sim.testing.simulator.task import Declined

__all__ = [
    "accumulated_noise_correlates", "noise_has_level", "noise_is_gaussian", "noise_is_independent", "partners_share_noise",
]

Case = tuple[Experiment, Answer]
_LAYERS = ("W", "V")


def _rule(case: Case) -> Rule:
    experiment, answer = case
    return rule_of(experiment, answer._replace(noise=None))


def _increments(case: Case) -> tuple[Array, Array]:
    """xi of every step and both layers: what is left of a step when gradient, decay and placed noise are taken away.

    Of a linear rule the gradient that it was given follows from the direction that it took, and from what it remembers.
    """
    rule, answer = _rule(case), case[1]
    if rule.adaptive:
        raise Declined("a rule that divides by the size of the gradient does not let its noise be taken out of the weights")
    found: tuple[list[Array], list[Array]] = ([], [])
    buffers = [np.zeros_like(answer.W[0]), np.zeros_like(answer.V[0])]
    for t, rate in enumerate(rule.rates):
        at = rule.numbers(t)
        for i, (U, g, placed) in enumerate(zip((answer.W, answer.V), rule.at(t).gradients, rule.increments(t), strict=True)):
            direction = ((1.0 if rule.coupled else rule.kept(rate)) * U[t] - U[t + 1] - placed) / rate
            taken = (direction - at.along_buffer * at.kept * buffers[i]) / (at.along_buffer * at.taken + at.along_gradient)
            buffers[i] = at.kept * buffers[i] + at.taken * taken
            found[i].append(taken - g - (rule.decay(U[t], t) if rule.coupled else 0.0))
    return np.array(found[0]), np.array(found[1])


def _share(experiment: Experiment) -> int:
    return 2 if experiment.paired else 1


def _standardised(cases: Sequence[Case]) -> dict[str, Array]:
    """Draws of each layer, (runs, steps, neurons, coordinates), one of each pair, over tau_xi."""
    e = cases[0][0]
    runs = [_increments(case) for case in cases]
    return {layer: np.array([run[i] for run in runs])[:, :, :: _share(e)] / e.tau_xi
            for i, layer in enumerate(_LAYERS) if runs[0][i].size}


def noise_has_level(cases: Sequence[Case], level: float = LEVEL) -> None:
    """xi is N(0, tau_xi^2) in level and mean, by layer, step and coordinate."""
    draws = _standardised(cases)
    try:
        draws_have_level(draws, level=level)
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


def noise_is_gaussian(cases: Sequence[Case], level: float = LEVEL) -> None:
    """xi has the normal law, whatever its level."""
    draws_are_gaussian(_levelled(_standardised(cases)), level=level)


def _levelled(draws: dict[str, Array]) -> dict[str, Array]:
    """Draws over the root mean square of their layer and step, so that one law says nothing of another's level."""
    rms = {layer: np.sqrt(np.mean(array**2, axis=(0, 2, 3), keepdims=True)) for layer, array in draws.items()}
    return {layer: array / np.where(rms[layer] > 0, rms[layer], 1.0) for layer, array in draws.items()}


def partners_share_noise(cases: Sequence[Case]) -> None:
    """Paired neurons have one noise (THEORY §2)."""
    for case in cases:
        e, answer = case
        for layer, xi, U in zip(_LAYERS, _increments(case), (answer.W, answer.V), strict=True):
            if e.paired and U.size:
                off = float(np.abs(xi[:, ::2] - xi[:, 1::2]).max())
                allowed = 1e4 * answer.eps * (float(np.abs(U).max()) / float(_rule(case).rates.min()) + e.tau_xi)
                if not off <= allowed:
                    raise Broken(f"{layer}: the noise of a pair differs by {off:.3g}, where rounding allows {allowed:.2g}",
                                 "the partner of a pair has noise of its own")


def noise_is_independent(cases: Sequence[Case], level: float = LEVEL, *, with_start: bool = False) -> None:
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
        found = draws_are_independent(list(lines), level=level / 2)
        if found is not None:
            apart, lag, share = found
            name = {(0, size_W): "one stream of noise for both layers", (1, 0): "noise that does not depend on the seed",
                    (0, size): "the same noise at every step" if abs(share) > 1.5 / steps else "U_0 is the first step's noise"}
            between = "of two seeds" if apart else "of one run"
            raise Broken(f"draws {between} at a distance of {lag} have correlation {share:.3g}; a step has {size_W} of W, then "
                         f"{size - size_W} of V", *([name[apart, lag]] if (apart, lag) in name else []))


def accumulated_noise_correlates(cases: Sequence[Case], level: float = LEVEL) -> None:
    """The accumulated noise has level tau_t and correlation rho(s, t) between times (THEORY §5).

    It is what is left of the weights when the accumulated signal, by the gradients at the weights that were observed, is
    taken away. Its level at each time, and that of its difference between each two, determine all its correlations; the sum
    of squares over the variance is chi-square.
    """
    steps = len(cases[0][1].W) - 1
    times = np.unique(np.linspace(0, steps, 5).astype(int))
    # The time before the start: nothing has been added.
    pairs = [(s, t) for s in (-1, *times) for t in times if s < t]
    runs = [(_accumulated(case), _expected(case)) for case in cases]
    share = _share(cases[0][0])
    for i, layer in enumerate(_LAYERS):
        for s, t in pairs if runs[0][0][i].size else []:
            square, n = 0.0, 0
            for noise, response in runs:
                before = (noise[i][s], response[s]) if s >= 0 else (0.0, 0.0)
                added = (noise[i][t] - before[0])[::share]
                square += float(np.sum(added**2)) / float(np.sum((response[t] - before[1]) ** 2))
                n += added.size
            p = 2 * min(float(stats.chi2.cdf(square, n)), float(stats.chi2.sf(square, n)))
            if p * 2 * len(pairs) < level:
                what = f"at step {t}" if s < 0 else f"added from step {s} to {t}"
                raise Broken(f"accumulated noise of {layer} {what} has {math.sqrt(square / n):.4g} times its level ({n} draws)")


def _expected(case: Case) -> Array:
    """What U_0 and each xi add to the accumulated noise at all times, (steps + 1, inputs): the rule applied to each alone."""
    e, rule = case[0], _rule(case)
    inputs = np.eye(1 + len(rule.rates))  # of U_0, then of each step's xi
    state, buffer = inputs[0], np.zeros(len(inputs))
    response = [state]
    for t in range(len(rule.rates)):
        state, buffer = _linear_step(rule, t, state, buffer, inputs[1 + t])
        response.append(state)
    levels = np.full(len(inputs), e.tau_xi)
    levels[0] = e.tau_0_value
    scaled: Array = np.array(response) * levels
    return scaled


def _linear_step(rule: Rule, t: int, state: Array, buffer: Array, gradient: Array) -> tuple[Array, Array]:
    """One part of the weights, and of the buffer, after step t of a linear rule."""
    at, rate = rule.numbers(t), float(rule.rates[t])
    taken = gradient + (rule.decay(state, t) if rule.coupled else 0.0)
    buffer = at.kept * buffer + at.taken * taken
    direction = at.along_buffer * buffer + at.along_gradient * taken
    return (1.0 if rule.coupled else rule.kept(rate)) * state - rate * direction, buffer


def _accumulated(case: Case) -> tuple[Array, Array]:
    """What is left of the weights when the accumulated signal is taken away, and with it the placed noise."""
    rule, answer = _rule(case), case[1]
    if rule.adaptive:
        raise Declined("its closed form is that of rules that are linear in the gradients")
    left = []
    for i, U in enumerate((answer.W, answer.V)):
        state, buffer, parts = np.zeros_like(U[0]), np.zeros_like(U[0]), [U[0]]
        for t in range(len(rule.rates)):
            state, buffer = _linear_step(rule, t, state, buffer, rule.at(t).gradients[i])
            state = state - rule.increments(t)[i]
            parts.append(U[t + 1] - state)
        left.append(np.array(parts))
    return left[0], left[1]
