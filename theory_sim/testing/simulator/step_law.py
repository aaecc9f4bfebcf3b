"""One exact step: from the weights that a simulator had, with the noise that it was given, THEORY §3 gives the next ones.

Errors do not add up over steps, so that any right simulator obeys it to the rounding of a single step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.mistakes import MISTAKES
from theory_sim.testing.simulator.rule import Rule, possible_rates
from theory_sim.testing.simulator.task import Answer

__all__ = ["Deviation", "deviation", "likely_mistakes", "sizes_of_terms"]

Array = np.ndarray[Any, Any]


class Deviation(NamedTuple):
    """Where an answer first leaves a rule.

    Attributes
    ----------
    step : int
        Number of the step.
    what : str
        "W", "V", or "outputs".
    off, allowed : float
        Largest difference there over what rounding allows, and that itself.
    """

    step: int
    what: str
    off: float
    allowed: float

    def __str__(self) -> str:
        return f"{self.what} off by {self.off:.3g} in step {self.step}, where rounding allows {self.allowed:.2g}"


def deviation(experiment: Experiment, answer: Answer, mistake: type[Rule] = Rule) -> Deviation | None:
    """Where the answer first leaves the rule, or a rule with a mistake; None if it follows it at every step.

    Notes
    -----
    A sum of n terms errs by at most n eps times the sum of their sizes. By an output's error residuals move as far as the
    loss's slope does. Neurons with a pre-activation within rounding of zero are left out: their pattern is
    not known. Where rounding decides on which side of a change of the rate a step is, either rate is right.
    """
    possible = possible_rates(experiment, answer)
    rates = np.array([found[0] for found in possible])
    for t in range(len(rates)):
        worst: Deviation | None = None
        for rate in possible[t]:
            rates[t] = rate
            worst = _deviation_of_step(mistake(experiment, answer, rates), t)
            if worst is None:
                break
        if worst is not None:
            return worst
    return None


def _deviation_of_step(rule: Rule, t: int) -> Deviation | None:
    answer = rule.answer
    before, after = (answer.W[t], answer.V[t]), (answer.W[t + 1], answer.V[t + 1])
    step = rule.step(t, *before)
    inputs, second = rule.patches(), (answer.initial.w, answer.initial.v)
    terms = 4.0 * (len(rule.y) + sum(map(len, before)) + before[0].shape[1] + 16) * answer.eps
    sizes = [np.abs(U) @ np.abs(x).T for U, x in zip(before, inputs, strict=True)]
    f_error = terms * sum(np.abs(u) @ size for u, size in zip(second, sizes, strict=True))
    if answer.f is not None:
        off = np.abs(answer.f[t] - step.f)
        if (off > f_error).any():
            return Deviation(t, "outputs", float(off.max()), float(f_error[off.argmax()]))
    residual = rule.residual(step.f)
    error = np.maximum(np.abs(rule.residual(step.f + f_error) - residual), np.abs(rule.residual(step.f - f_error) - residual))
    error += terms * np.abs(residual)
    for name, U, moved, now, x, u, size, xi in zip("WV", before, (step.W, step.V), after, inputs, second, sizes, rule.noise(t),
                                                   strict=True):
        known = ((np.abs(U @ x.T) > terms * size) | (size == 0.0)).all(axis=1)
        allowed = terms * (np.abs(U) + np.abs(moved) + rule.rate(t) * np.abs(xi))
        allowed += rule.rate(t) * np.abs(u)[:, None] * (error @ np.abs(x))
        if rule.momentum > 0 and t > 0:  # the buffer is the difference of two states, over the rate
            last = answer.W[t - 1] if name == "W" else answer.V[t - 1]
            allowed += terms * rule.momentum * rule.rate(t) / rule.rate(t - 1) * (np.abs(U) + np.abs(last))
        off = np.abs(now - moved)
        wrong = known[:, None] & ~(off <= allowed)
        if wrong.any():
            at = np.unravel_index(np.argmax(np.where(wrong, off, -1.0)), off.shape)
            return Deviation(t, name, float(off[at]), float(allowed[at]))
    return None


def likely_mistakes(cases: Sequence[tuple[Experiment, Answer]]) -> list[str]:
    """Known mistakes, each of which alone explains every one of these answers to rounding."""
    return [mistake.says for mistake in MISTAKES
            if all(deviation(experiment, answer, mistake) is None for experiment, answer in cases)]


def sizes_of_terms(experiment: Experiment, answer: Answer, step: int) -> str:
    """How much of each term of THEORY §3 a step has, by least squares; empty if no amounts explain the step."""
    rates = np.array([found[0] for found in possible_rates(experiment, answer)])
    rule = Rule(experiment, answer, rates)
    found = rule.step(step, answer.W[step], answer.V[step])
    said = []
    for name, U, after, g, xi in zip("WV", (answer.W, answer.V), (answer.W, answer.V), found.gradients, rule.noise(step),
                                     strict=True):
        terms = {"gradient": g, "decay": experiment.lambda_ * U[step], "noise": xi + np.zeros_like(g)}
        moved = (after[step] - after[step + 1]).ravel()
        terms = {term: rates[step] * values.ravel() for term, values in terms.items()}
        terms = {term: values for term, values in terms.items()
                 if np.linalg.norm(values) > 1e-6 * np.linalg.norm(moved)}
        if not terms or len(moved) <= len(terms):
            continue
        matrix = np.stack(list(terms.values()), axis=1)
        sizes = np.linalg.lstsq(matrix, moved)[0]
        if float(np.linalg.norm(matrix @ sizes - moved)) <= 1e-4 * float(np.linalg.norm(moved)):
            each = ", ".join(f"{size:.4g} x {term}" for term, size in zip(terms, sizes, strict=True))
            said.append(f"{name} moves by {each}")
    return "; ".join(said)
