"""Examples that a simulator draws itself: the law of THEORY §1, and a test set that is not the training set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.alpha_law import alpha_distribution
from theory_sim.testing.simulator.answer import Answer, Examples
from theory_sim.testing.simulator.draw_laws import Broken, draws_are_gaussian, draws_are_independent, draws_have_level
from theory_sim.testing.simulator.joint_law import (
    across,
    holding,
    nothing_stands_twice,
    parts_are_independent,
    seeds_differ,
    w_star_is_uniform,
)
from theory_sim.testing.simulator.task import Declined

__all__ = ["examples_have_law", "fresh_test_set"]

# Shared out among the tests of a set of examples, of which there are at most 20.
_LEVEL = 1e-6 / 20


def examples_have_law(cases: Sequence[tuple[Experiment, Answer]], *, test: bool = False) -> None:
    """Kinds, labels, and both patches of the training set, or of the test set (whose kinds are given)."""
    drawn: list[Examples] = []
    for e, answer in cases:
        _require_known(e)
        examples = answer.test if test else answer.data
        assert examples is not None, "asked of answers with a test set"
        if not test:
            _kinds(e, examples, len(cases))
            examples = _unflipped(e, examples)
        drawn.append(examples)
        _labels(examples, len(cases))
        _first_patch(e, examples, len(cases))
        _second_patch(e, examples, len(cases))
        parts_are_independent(e, examples, _LEVEL / len(cases))
        nothing_stands_twice(e, examples, answer.eps, _LEVEL / len(cases))
    seeds_differ(cases[0][0], drawn, level=_LEVEL)
    if not test:
        w_star_is_uniform(np.array([examples.w_star for examples in drawn]), level=_LEVEL)


def _require_known(e: Experiment) -> None:
    if not e.has_pq or e.shared_filters:
        raise Declined("the battery knows the law of the P/Q mixture, its second patches in the basis (z, zeta / r)")
    alpha_distribution(e)


def _unflipped(e: Experiment, examples: Examples) -> Examples:
    """Examples with the labels that their patches have; the share of others is that of the experiment."""
    if e.label_flips == 0:
        return examples
    p, q = holding(examples)
    along = np.sign(examples.x1 @ examples.w_star)
    right = np.where(p, along, np.where(q & (examples.x2[:, 1] != 0.0), -1.0, 1.0))
    count, expected = int(np.sum(right != examples.y)), round(e.label_flips * len(right))
    if count != expected:
        raise Broken(f"{count} labels of {len(right)} are flipped, {expected} expected",
                     *(["labels without their flips"] if count == 0 else []))
    return examples._replace(y=right)


def _kinds(e: Experiment, examples: Examples, runs: int) -> None:
    p, q = holding(examples)
    n = len(p)
    if n != e.n_examples:
        raise Broken(f"{n} examples, N = {e.n_examples}")
    for name, found, share in (("P-only", p & ~q, e.p0_value), ("Q-only", q & ~p, e.q0)):
        count = int(found.sum())
        exact = e.exact_counts and abs(count - n * share) >= 1.0
        if exact or float(stats.binomtest(count, n, min(share, 1.0)).pvalue) < _LEVEL / runs:
            raise Broken(f"{count} {name} examples of {n}, of probability {share:.4g}")


def _labels(examples: Examples, runs: int) -> None:
    if set(np.unique(examples.y)) - {-1.0, 1.0}:
        raise Broken(f"labels {np.unique(examples.y)[:4]}, expected -1 and 1")
    plus = int(np.sum(examples.y > 0))
    if float(stats.binomtest(plus, len(examples.y)).pvalue) < _LEVEL / runs:
        raise Broken(f"{plus} labels of {len(examples.y)} are +1, probability 1/2")


def _first_patch(e: Experiment, examples: Examples, runs: int) -> None:
    """x_1 = y gamma_0 w* + z, z ~ N(0, I/d) with y <w*, z> >= 0."""
    p = holding(examples)[0]
    along = (examples.x1[p] @ examples.w_star) * examples.y[p]
    if not abs(float(np.linalg.norm(examples.w_star)) - 1.0) < 1e-5:
        raise Broken(f"w* of norm {np.linalg.norm(examples.w_star):.4g}, expected 1")
    if not p.any():
        return
    least = float(along.min()) - e.gamma_0
    if least < -1e-5 * (1.0 + e.gamma_0):
        flipped = float(np.mean(along < 0)) > 0.9
        raise Broken(f"a margin y <w*, x_1> of {least + e.gamma_0:.4g}, at least gamma_0 = {e.gamma_0:.4g} expected",
                     *(["labels flipped"] if flipped else []))
    margin = stats.kstest((along - e.gamma_0) * math.sqrt(e.d), "halfnorm")
    if float(margin.pvalue) < _LEVEL / runs:
        raise Broken(f"margins y <w*, x_1> - gamma_0 are not half-normal of scale 1/sqrt(d): distance {margin.statistic:.3g}")
    if e.d > 1:
        rest = across(examples.x1[p], examples.w_star)[None, None] * math.sqrt(e.d)
        draws = {"x_1 across w*": rest}
        draws_have_level(draws, level=_LEVEL / runs)
        draws_are_gaussian(draws, level=_LEVEL / runs)


def _second_patch(e: Experiment, examples: Examples, runs: int) -> None:
    """x_2 = alpha z for y = 1, alpha (z + b zeta) for y = -1."""
    q = holding(examples)[1]
    if not q.any():
        return
    (alpha, side), y = examples.x2[q].T, examples.y[q]
    turn = side / np.where(alpha == 0.0, 1.0, alpha)
    expected = np.where(y > 0, 0.0, e.r)
    if float(np.abs(np.abs(turn) - expected).max()) > 1e-5 * (1.0 + e.r):
        flipped = np.allclose(np.abs(turn), e.r - expected, atol=1e-5)
        unit = np.allclose(np.abs(turn), expected / e.r, atol=1e-5)
        raise Broken("x_2 is not along z for y = 1 and along z + zeta or z - zeta for y = -1",
                     *(["labels flipped"] if flipped else ["zeta of length 1, not r"] if unit else []))
    plus = int(np.sum(turn[y < 0] > 0))
    if (y < 0).any() and float(stats.binomtest(plus, int(np.sum(y < 0))).pvalue) < _LEVEL / runs:
        raise Broken(f"{plus} of {int(np.sum(y < 0))} x_2 with y = -1 are along z + zeta, probability 1/2")
    _lengths(e, alpha, runs)


def _lengths(e: Experiment, alpha: Array, runs: int) -> None:
    """Lengths of second patches."""
    law = alpha_distribution(e)
    below, squared = law.share_below, False
    if below is not None:
        right = float(stats.kstest(below(alpha), "uniform").pvalue)
        squared = float(stats.kstest(below(np.sqrt(alpha)), "uniform").pvalue) > 1e-3
    else:
        near = np.abs(alpha[:, None] - list(law.lengths)) < 1e-5 * e.alpha_max
        counts = near.sum(axis=0).tolist()[1:] if len(law.lengths) > 1 else []
        shares = list(law.lengths.values())[1:]
        likely = [float(stats.binomtest(count, len(alpha), share).pvalue) * len(counts)
                  for count, share in zip(counts, shares, strict=True)]
        right = float(near.any(axis=1).all()) * min(likely, default=1.0)
    if right < _LEVEL / runs:
        found = f"from {alpha.min():.4g} to {alpha.max():.4g}, mean {alpha.mean():.4g} ({len(alpha)} draws)"
        raise Broken(f"alpha has not the law {e.alpha_law!r} on [{e.alpha_min:.4g}, {e.alpha_max:.4g}]: {found}",
                     *(["alpha squared in the second patch"] if squared else []))


def fresh_test_set(cases: Sequence[tuple[Experiment, Answer]]) -> None:
    """No draw of the test set is one of the training set; w* is the same."""
    for e, answer in cases:
        _require_known(e)
        assert answer.test is not None, "asked of answers with a test set"
        if not np.allclose(answer.test.w_star, answer.data.w_star, atol=1e-5):
            raise Broken("the test set has another w*", "a test set of another problem: a new w*")
        both = [across(each.x1[each.x1.any(axis=1)], each.w_star).ravel() * math.sqrt(e.d)
                for each in (answer.data, answer.test)]
        n = min(map(len, both))
        if n == 0:
            continue
        found = draws_are_independent([values[:n] for values in both], level=_LEVEL)
        if found is not None and found[0] == 1:
            raise Broken(f"test and training set have draws in common: correlation {found[2]:.3g} at a distance of {found[1]}",
                         "test data from the stream of the training data")
