"""Data whose every part has the right law alone, and yet are not those of THEORY §1: each is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.kit import numpy_simulator
from theory_sim import Experiment
from theory_sim.testing import Task
from theory_sim.testing.simulator import data_law
from theory_sim.testing.simulator.answer import Examples
from theory_sim.testing.simulator.battery import find_law
from theory_sim.testing.simulator.draw_laws import Broken
from theory_sim.testing.simulator.joint_law import w_star_is_uniform
from theory_sim.testing.simulator.runs import Runs

Array = np.ndarray[Any, Any]
Set = dict[str, Array]


def with_data(task: Task, change: Callable[[Task, Set], Set], which: str = "data") -> Mapping[str, Any]:
    found = dict(numpy_simulator.adapter(task))
    return {**found, which: change(task, found[which])}


def twice(task: Task, found: Set) -> Set:
    """The second half of the examples is the first one, in another order."""
    n = len(found["y"]) // 2
    order = np.r_[np.arange(n), np.random.default_rng(task.seed).permutation(n)]
    return {**{name: found[name][order] for name in ("x1", "x2", "y")}, "w_star": found["w_star"]}


def twice_with_new_labels(task: Task, found: Set) -> Set:
    """Only what is across w* stands twice, one example after the other."""
    w, along = found["w_star"], found["x1"] @ found["w_star"]
    p = found["x1"].any(axis=1)
    across = (found["x1"] - np.outer(along, w))[p]
    across[1::2] = across[: len(across) - 1 : 2][: len(across[1::2])]
    x1 = found["x1"].copy()
    x1[p] = np.outer(along[p], w) + across
    return {**found, "x1": x1}


def labels_by_kind(task: Task, found: Set) -> Set:
    """P-only is always +1 and Q-only always -1; of all labels half are +1."""
    p, q = found["x1"].any(axis=1), found["x2"].any(axis=1)
    y = np.where(p & ~q, 1.0, np.where(q & ~p, -1.0, found["y"]))
    x1 = found["x1"] * (y * found["y"])[:, None]
    side = np.random.default_rng(task.seed).choice([-1.0, 1.0], len(y))
    x2 = found["x2"].copy()
    x2[:, 1] = np.where(y < 0, x2[:, 0] * task.experiment.r * side, 0.0)
    return {**found, "x1": x1, "x2": x2, "y": y}


def lengths_by(order: Callable[[Array], Array]) -> Callable[[Task, Set], Set]:
    """Lengths of second patches are sorted by a function of the margin."""
    def change(task: Task, found: Set) -> Set:
        both = found["x1"].any(axis=1) & found["x2"].any(axis=1)
        margin = (found["y"] * (found["x1"] @ found["w_star"]))[both]
        x2 = found["x2"].copy()
        ranks = np.argsort(np.argsort(order(margin)))
        old = x2[both, 0]
        turn = x2[both, 1] / old
        x2[both] = np.sort(old)[ranks][:, None] * np.stack([np.ones(len(turn)), turn], axis=1)
        return {**found, "x2": x2}

    return change


def side_by_length(task: Task, found: Set) -> Set:
    """z + zeta for long patches, z - zeta for short ones."""
    x2 = found["x2"].copy()
    x2[:, 1] = np.abs(x2[:, 1]) * np.where(x2[:, 0] > np.median(x2[x2[:, 0] > 0, 0]), 1.0, -1.0)
    return {**found, "x2": x2}


def of_seed(seed: Callable[[int], int]) -> Callable[[Task, Set], Set]:
    def change(task: Task, found: Set) -> Set:
        return numpy_simulator.Simulator(task.experiment, seed(task.seed)).draw_data()[0]

    return change


def turned(w_star: Callable[[Array], Array]) -> Callable[[Task, Set], Set]:
    """First patches by another w*, otherwise as they were: a reflection takes the old one there."""
    def change(task: Task, found: Set) -> Set:
        old, new = found["w_star"], w_star(found["w_star"])
        new = new / np.linalg.norm(new)
        mirror = (old - new) / np.linalg.norm(old - new)
        return {**found, "x1": found["x1"] - 2 * np.outer(found["x1"] @ mirror, mirror), "w_star": new}

    return change


PLANTED: dict[str, tuple[Callable[[Task, Set], Set], str]] = {
    "every example twice": (twice, "stand there more than once"),
    "a part twice": (twice_with_new_labels, "have correlation"),
    "labels by kind": (labels_by_kind, r"examples with label \+1"),
    "alpha grows with the margin": (lengths_by(lambda margin: margin), "and alpha in part"),
    "alpha by the middle of the margin": (lengths_by(lambda margin: np.abs(margin - np.median(margin))), "and alpha in part"),
    "side by length": (side_by_length, r"along z \+ zeta"),
    "the seed is not read": (of_seed(lambda seed: 5), "of two seeds have the product 1|two seeds"),
    "only the parity of the seed is read": (of_seed(lambda seed: seed % 2), "first patches of two seeds"),
    "w* along an axis": (turned(lambda w: np.eye(len(w))[2]), "w\\* has 1 along a coordinate"),
    "w* in the first orthant": (turned(np.abs), "coordinates of w\\* are positive"),
    "one w* for all seeds": (turned(lambda w: np.arange(1.0, 1 + len(w)) * (-1) ** np.arange(len(w))), "w\\* of two seeds"),
}
NAMED = {"every example twice": "examples that stand twice", "a part twice": "examples that stand twice",
         "the seed is not read": "data that do not depend on the seed",
         "one w* for all seeds": "w* that does not depend on the seed"}


@pytest.mark.parametrize("name", PLANTED)
def test_data_that_are_right_in_their_parts_alone(name: str) -> None:
    change, words = PLANTED[name]
    finding = find_law("data", Runs(partial(with_data, change=change)))
    assert finding.outcome == "broken" and re.search(words, finding.detail), str(finding)
    if name in NAMED:
        assert finding.mistakes == (NAMED[name],)


@pytest.mark.parametrize("name", ["every example twice", "labels by kind", "alpha grows with the margin"])
def test_a_test_set_is_judged_alike(name: str) -> None:
    """Kinds of a test set are given; w* is the training set's."""
    finding = find_law("test-data", Runs(partial(with_data, change=PLANTED[name][0], which="test")))
    assert finding.outcome == "broken", str(finding)


def refused(law: Callable[[], None]) -> bool:
    try:
        law()
    except Broken:
        return True
    return False


def test_the_law_of_w_star_has_its_level() -> None:
    """Uniform directions are refused at most as often as the level says, and about as often: few of its tests depend."""
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(1000):
        directions = rng.standard_normal((4, 5))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        found += refused(partial(w_star_is_uniform, directions, level=0.05))
    assert 20 <= found <= stats.binom.isf(1e-6, 1000, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("test", [False, True])
def test_the_law_of_the_examples_has_its_level(test: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its tests together, which share a level of 0.1 here."""
    monkeypatch.setattr(data_law, "_LEVEL", 0.1 / 20)
    e = Experiment(d=6, N=300, n_test=100, p0=0.3, q0=0.3, r=0.5, alpha_min=0.2, alpha_max=1.0, counts="random", m_W=2, m_V=2)
    found = 0
    for number in range(200):
        cases: list[Any] = []
        for seed in range(4 * number, 4 * number + 4):
            data, fresh = (Examples(**part) for part in numpy_simulator.Simulator(e, seed).draw_data())
            cases.append((e, SimpleNamespace(data=data, test=fresh, eps=2.0**-52)))
        found += refused(partial(data_law.examples_have_law, cases, test=test))
    assert 0 < found <= stats.binom.isf(1e-6, 200, 0.1)
