"""What the parts of an example, the examples of a set, and sets of several seeds have to do with one another: nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy import stats

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.alpha_law import alpha_distribution
from theory_sim.testing.simulator.answer import Examples
from theory_sim.testing.simulator.draw_laws import Broken, draws_are_independent

__all__ = ["across", "holding", "nothing_stands_twice", "parts_are_independent", "seeds_differ", "w_star_is_uniform"]

# Parts of a whole into which each of two numbers is sorted: a function of one by the other is seen, whatever its shape.
_PARTS: Final = 4


def holding(examples: Examples) -> tuple[Array, Array]:
    """Which examples hold P, and which Q."""
    return np.any(examples.x1 != 0.0, axis=1), np.any(examples.x2 != 0.0, axis=1)


def across(x: Array, w_star: Array) -> Array:
    """Coordinates in a basis of what is orthogonal to w*, (n, d - 1): Householder's reflection takes w* to an axis."""
    mirror = w_star - np.eye(len(w_star))[0] * (-1.0 if w_star[0] > 0 else 1.0)
    mirror = mirror / np.linalg.norm(mirror)
    reflected: Array = x - 2.0 * np.outer(x @ mirror, mirror)
    return reflected[:, 1:]


def parts_are_independent(e: Experiment, examples: Examples, level: float) -> None:
    """Labels, margins, alpha and the side of zeta have the same law whatever the others and the kind are.

    Counts of examples whose parts are in given quarters of their laws are binomial.
    """
    p, q = holding(examples)
    plus = examples.y > 0
    groups = {"P-only": p & ~q, "Q-only": q & ~p, "P and Q": p & q}
    counted = list(_counts(e, examples, plus, groups))
    for what, count, n, share in counted:
        if n and float(stats.binomtest(count, n, share).pvalue) * len(counted) < level:
            raise Broken(f"{what}: {count} of {n}, {n * share:.4g} expected of independent draws")


def _counts(
    e: Experiment, examples: Examples, plus: Array, groups: dict[str, Array]
) -> Iterator[tuple[str, int, int, float]]:
    """What is counted, how many there are, of how many, and the probability."""
    for kind, those in groups.items():
        yield f"{kind} examples with label +1", int(plus[those].sum()), int(those.sum()), 0.5
    quarters: dict[str, Array] = {}
    if groups["P and Q"].any() or groups["P-only"].any():
        margin = (examples.x1 @ examples.w_star) * examples.y - e.gamma_0
        quarters["margin"] = _quarter(stats.halfnorm.cdf(margin * math.sqrt(e.d)))
    share_below = alpha_distribution(e).share_below
    if share_below is not None:
        quarters["alpha"] = _quarter(share_below(np.abs(examples.x2[:, 0])))
    for name, part in quarters.items():
        for kind in ("P-only" if name == "margin" else "Q-only", "P and Q"):
            for label, those in (("+1", groups[kind] & plus), ("-1", groups[kind] & ~plus)):
                for i in range(_PARTS):
                    yield (f"{kind} examples with label {label} and {name} in part {i + 1} of {_PARTS} of its law",
                           int((part[those] == i).sum()), int(those.sum()), 1 / _PARTS)
    both, sides = groups["P and Q"], examples.x2[:, 1] > 0
    for kind in ("Q-only", "P and Q"):
        those = groups[kind] & ~plus
        yield f"{kind} examples with label -1 along z + zeta", int(sides[those].sum()), int(those.sum()), 0.5
    if len(quarters) == 2:
        for i in range(_PARTS):
            for j in range(_PARTS):
                yield (f"examples with margin in part {i + 1} and alpha in part {j + 1} of {_PARTS} of their laws",
                       int(((quarters["margin"] == i) & (quarters["alpha"] == j))[both].sum()), int(both.sum()), 1 / _PARTS**2)
    for name, part in quarters.items():
        for kind in ("P and Q",) if name == "margin" else ("Q-only", "P and Q"):
            those = groups[kind] & ~plus
            for i in range(_PARTS):
                within = those & (part == i)
                yield (f"examples along z + zeta of those with label -1 and {name} in part {i + 1} of {_PARTS} of its law",
                       int(sides[within].sum()), int(within.sum()), 0.5)


def _quarter(share: Array) -> Array:
    found: Array = np.clip(np.floor(_PARTS * share), 0, _PARTS - 1)
    return found


def nothing_stands_twice(e: Experiment, examples: Examples, eps: float, level: float) -> None:
    """No two first patches are equal, nor two lengths of second patches, unless rounding may make them so."""
    p, q = holding(examples)
    parts = [("first patches", examples.x1[p], e.d)]
    if alpha_distribution(e).share_below is not None:
        parts.append(("lengths of second patches", examples.x2[q][:, :1], 1))
    for name, rows, numbers in parts:
        # Two numbers of a smooth law round to one with a probability of a few eps.
        if len(rows) ** 2 * (4 * eps) ** numbers > level / len(parts):
            continue
        again = len(rows) - len(np.unique(rows, axis=0))
        if again:
            raise Broken(f"{again} of {len(rows)} {name} stand there more than once", "examples that stand twice")


def seeds_differ(e: Experiment, drawn: Sequence[Examples], level: float) -> None:
    """What is random in the first patches does not stand twice: in a set, or in the sets of two seeds."""
    if e.d == 1:
        return
    lines = [across(each.x1[holding(each)[0]], each.w_star).ravel() * math.sqrt(e.d) for each in drawn]
    n = min(map(len, lines))
    found = draws_are_independent([line[:n] for line in lines], level=level) if n else None
    if found is not None:
        apart, lag, share = found
        of_seeds = {(1, 0): "data that do not depend on the seed"}
        name = "examples that stand twice" if not apart else of_seeds.get((apart, lag), "")
        raise Broken(f"first patches of {'two seeds' if apart else 'one set'} have correlation {share:.3g} at a distance of "
                     f"{lag} numbers, {e.d - 1} of each example", *([name] if name else []))


def w_star_is_uniform(directions: Array, level: float) -> None:
    """Unit vectors w*, a row for each seed, are uniform on the sphere and independent of one another.

    The square of a coordinate of a uniform unit vector, or of its product with another one, has a beta law; its sign is even.
    """
    runs, d = directions.shape
    if d == 1:
        return
    products = directions @ directions.T
    of_seeds = products[np.tril_indices(runs, -1)]
    part = level / (directions.size + of_seeds.size + 1)
    for what, values, mistakes in (
        ("w* has {:.4g} along a coordinate", directions.ravel(), ()),
        ("w* of two seeds have the product {:.4g}", of_seeds, ("w* that does not depend on the seed",)),
    ):
        rare = stats.beta.sf(np.minimum(values**2, 1.0), 0.5, (d - 1) / 2) < part
        if rare.any():
            raise Broken(f"{what.format(values[rare][0])}, which uniform ones seldom have", *mistakes)
    plus = int(np.sum(directions > 0))
    if float(stats.binomtest(plus, directions.size).pvalue) < part:
        raise Broken(f"{plus} of {directions.size} coordinates of w* are positive, probability 1/2")
