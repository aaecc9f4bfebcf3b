"""One exact step: from the weights that a simulator had, with the noise that it was given, THEORY §3 gives the next ones.

Errors do not add up over steps, so that any right simulator obeys it to the rounding of a single step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.testing.simulator.answer import Answer
from theory_sim.testing.simulator.mistakes import MISTAKES
from theory_sim.testing.simulator.rule import Rule
from theory_sim.testing.simulator.settings import possible_settings, rule_of

__all__ = ["Deviation", "deviation", "likely_mistakes", "sizes_of_terms"]


class Deviation(NamedTuple):
    """Where an answer first leaves a rule.

    Attributes
    ----------
    step : int
        Number of the step.
    what : str
        "W", "V", "w", "v", or "outputs".
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
    loss's slope does, and by a pre-activation's error patterns do: near zero either is right. What the optimiser remembers is
    of the gradients at the weights that were observed. Where rounding decides on which side of a change of the rate, or of
    the placed noise, a step is, either is right.
    """
    possible = possible_settings(experiment, answer, mistake)
    settings = np.array([found[0] for found in possible])
    rule = mistake(experiment, answer, settings[:, 0], settings[:, 1])
    for t in range(len(settings)):
        worst: Deviation | None = None
        for setting in possible[t]:
            if tuple(settings[t]) != setting:
                settings[t] = setting
                rule = mistake(experiment, answer, settings[:, 0], settings[:, 1])
            worst = _deviation_of_step(rule, t)
            if worst is None:
                break
        if worst is not None:
            return worst
    return None


def _deviation_of_step(rule: Rule, t: int) -> Deviation | None:
    answer, found, step = rule.answer, rule.at(t), rule.step(t)
    compared = [("outputs", answer.f[t], found.f, found.f_error)] if answer.f is not None else []
    compared += [(name, states[t + 1], after, error) for name, states, after, error in zip(
        ("W", "V"), (answer.W, answer.V), step.layers, step.errors, strict=True)]
    if rule.e.train_second_layer:
        compared += [(name, states[t + 1], after, error) for name, states, after, error in zip(
            ("w", "v"), answer.second, step.second, step.second_errors, strict=True)]
    for name, observed, expected, allowed in compared:
        off = np.abs(observed - expected)
        wrong = ~(off <= allowed)
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
    if not OPTIMISERS[experiment.optimiser].in_theory:
        return ""
    rule = rule_of(experiment, answer)
    found, moved_by, rate = rule.at(step), rule.increments(step), rule.rate(step)
    said = []
    for name, U, g, xi, placed in zip("WV", (answer.W, answer.V), found.gradients, rule.noise(step), moved_by, strict=True):
        moved = (U[step] - U[step + 1]).ravel()
        terms = {"gradient": rate * g, "decay": rate * experiment.lambda_ * U[step], "noise": rate * xi + np.zeros_like(g),
                 "placed noise": placed + np.zeros_like(g)}
        terms = {term: values.ravel() for term, values in terms.items()
                 if np.linalg.norm(values) > 1e-6 * np.linalg.norm(moved)}
        if not terms or len(moved) <= len(terms):
            continue
        matrix = np.stack(list(terms.values()), axis=1)
        sizes = np.linalg.lstsq(matrix, moved)[0]
        if float(np.linalg.norm(matrix @ sizes - moved)) <= 1e-4 * float(np.linalg.norm(moved)):
            seen = 1e-6 * float(np.linalg.norm(moved))  # less is rounding
            each = ", ".join(f"{size if abs(size) * np.linalg.norm(values) > seen else 0.0:.4g} x {term}"
                             for (term, values), size in zip(terms.items(), sizes, strict=True))
            said.append(f"{name} moves by {each}")
    return "; ".join(said)
