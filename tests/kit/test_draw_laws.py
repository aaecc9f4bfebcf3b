"""Level and power of the statistical laws: right draws pass under many seeds, deviations of the stated size never do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from theory_sim.testing.simulator.draw_laws import (
    Broken,
    draws_are_gaussian,
    draws_are_independent,
    draws_have_level,
    smallest_level_found,
    smallest_share_found,
)

Array = np.ndarray[Any, Any]
SHAPE = (4, 20, 50, 4)  # runs, steps, neurons, coordinates: 16 000 draws a layer
SIZE = 16_000
# Each law refuses right draws with probability 1e-6 at most: 100 seeds of three laws are refused with probability 3e-4, and
# these seeds are fixed. A deviation of the stated size is missed with probability 1e-3: one of 20 seeds, with 0.02.
RIGHT, WRONG = range(100), range(20)


def draws(seed: int, change: Callable[[Array, np.random.Generator], Array] = lambda x, rng: x) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {"W": change(rng.standard_normal(SHAPE), rng), "V": rng.standard_normal(SHAPE)}


def refused(law: Callable[[dict[str, Array]], Any], drawn: dict[str, Array]) -> bool:
    try:
        law(drawn)
    except Broken:
        return True
    return False


def independent(drawn: dict[str, Array]) -> None:
    """As the battery lines them up: step after step, both layers of a step together."""
    lines = np.concatenate([array.reshape(4, 20, -1) for array in drawn.values()], axis=2).reshape(4, -1)
    found = draws_are_independent(list(lines))
    if found is not None:
        raise Broken(str(found))


@pytest.mark.tier2
@pytest.mark.parametrize("law", [draws_have_level, draws_are_gaussian, independent])
def test_right_draws_pass(law: Callable[[dict[str, Array]], Any]) -> None:
    assert [seed for seed in RIGHT if refused(law, draws(seed))] == []


def scaled(factor: float, where: Any = ...) -> Callable[[Array, np.random.Generator], Array]:
    def change(x: Array, rng: np.random.Generator) -> Array:
        x[where] *= factor
        return x

    return change


def shifted(by: float) -> Callable[[Array, np.random.Generator], Array]:
    return lambda x, rng: x + by


OFF = smallest_level_found(SIZE, 1e-8)
LEVELS = {
    "a layer's level": scaled(1 + OFF), "a layer's level, low": scaled(1 - OFF),
    "a step's level": scaled(1 + smallest_level_found(SIZE // 20, 1e-8), (slice(None), 3)),
    "a coordinate's level": scaled(1 + smallest_level_found(SIZE // 4, 1e-8), (..., 2)),
    "a mean": shifted(9.0 / SIZE**0.5),
}


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_that_is_off_is_found(name: str) -> None:
    assert OFF < 0.06
    assert [seed for seed in WRONG if not refused(draws_have_level, draws(seed, LEVELS[name]))] == []


# Of level 1: only the shape is wrong. The power of each is 0.999 or more at 16 000 draws, by these seeds.
SHAPES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "uniform": lambda x, rng: rng.uniform(-(3**0.5), 3**0.5, x.shape),
    "Laplace": lambda x, rng: rng.laplace(scale=2**-0.5, size=x.shape),
    "Student, 6 degrees": lambda x, rng: rng.standard_t(6, x.shape) * (4 / 6) ** 0.5,
    "sum of two uniforms": lambda x, rng: rng.uniform(-(1.5**0.5), 1.5**0.5, (2, *x.shape)).sum(axis=0),
    "signs": lambda x, rng: np.sign(x),
}


@pytest.mark.tier2
@pytest.mark.parametrize("name", SHAPES)
def test_another_distribution_is_found(name: str) -> None:
    assert [seed for seed in WRONG if not refused(draws_are_gaussian, draws(seed, SHAPES[name]))] == []


def test_draws_that_stand_twice_are_found() -> None:
    """The stated share of draws of one layer stands in the other layer too, in the same step, at one distance."""
    share = smallest_share_found(SIZE * 2 // 4, 1e-7)
    assert share < 0.12
    for seed in WRONG:
        drawn = draws(seed)
        count = int(share * 2 * 200) + 1  # of the 400 draws a step of a run
        W, V = (array.reshape(4, 20, 200) for array in drawn.values())
        V[..., :count] = W[..., :count]
        assert refused(independent, drawn), seed


@pytest.mark.parametrize("change", ["the next step's", "the neighbour's", "the other seed's", "with opposite signs"])
def test_whatever_is_shared_is_found(change: str) -> None:
    drawn = draws(0)
    W = drawn["W"]
    if change == "the next step's":
        W[:, 1::2] = W[:, ::2]
    elif change == "the neighbour's":
        W[:, :, 1::2] = W[:, :, ::2]
    elif change == "the other seed's":
        W[1] = W[0]
    else:
        drawn["V"] = -W
    assert refused(independent, drawn)
