"""Laws of the data and of alpha: what they promise, what they refuse, and which streams they share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

from tests.test_terminal_tables import rendered
from theory_sim import Experiment, draw_data, draw_test_data, learning_order, simulate
from theory_sim.data import register_data_law
from theory_sim.data.alpha import AlphaLaw
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import ALPHA_LAWS, DATA_LAWS
from theory_sim.observe.learning_order import times_by_kind
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.terminal.tables import summary_tables

MANY = Experiment(d=4, N=4000, p0=0.0, q0=0.5, alpha_min=0.25, alpha_max=2.0, n_test=50)
SMALL = Experiment(d=8, N=40, m_W=20, m_V=20, n_test=6, max_tau=8.0, record_every=1.0, tau_0=0.2)


@pytest.mark.parametrize(("fields", "cdf"), [
    ({}, lambda a: (a - 0.25) / 1.75),
    ({"alpha_law": "power", "alpha_power": 3.0}, lambda a: (a**4 - 0.25**4) / (2.0**4 - 0.25**4)),
    ({"alpha_law": "power", "alpha_power": -0.5}, lambda a: (a**0.5 - 0.5) / (2.0**0.5 - 0.5)),
], ids=["uniform", "power 3", "power -1/2"])
def test_alpha_has_the_distribution_function_of_its_law(fields: dict[str, Any], cdf: Any) -> None:
    """Kolmogorov and Smirnov, 4000 draws, level 1e-4; and another law's function is refuted."""
    alpha = draw_data(MANY.replace(**fields)).alpha
    assert kstest(alpha, cdf).pvalue > 1e-4 and kstest(alpha, lambda a: np.clip((a - 0.25) / 1.75, 0, 1) ** 1.3).pvalue < 1e-4


def test_fixed_and_two_point_lengths() -> None:
    assert set(draw_data(MANY.replace(alpha_law="fixed")).alpha) == {2.0}
    alpha = draw_data(MANY.replace(alpha_law="two-point", alpha_share=0.2)).alpha
    assert set(alpha) == {0.25, 2.0} and abs((alpha == 2.0).mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / 4000)


def test_a_law_of_alpha_changes_nothing_that_is_drawn_before_it() -> None:
    one, other = draw_data(SMALL), draw_data(SMALL.replace(alpha_law="fixed"))
    for name in ("x1", "y", "kind", "w_star"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert not (other.alpha[other.kind == 0]).any()


def test_xor() -> None:
    """Each half of the labels on its own axis, the rest signs, all over sqrt(d); no linear classifier beats chance."""
    e = Experiment(data_law="xor", d=6, N=6000)
    data = draw_data(e)
    x = data.x1 * np.sqrt(6.0)
    np.testing.assert_allclose(np.abs(x[:, :2]), np.where(data.y[:, None] > 0, [1.0, 0.0], [0.0, 1.0]), atol=1e-6)
    np.testing.assert_allclose(np.abs(x[:, 2:]), 1.0, atol=1e-6)
    assert np.abs((x * data.y[:, None]).mean(axis=0)).max() < 5 / math.sqrt(6000)
    turned = np.stack([x[:, 0] + x[:, 1], x[:, 0] - x[:, 1]])
    np.testing.assert_array_equal(np.sign(turned[0] * turned[1]), data.y)
    assert data.kinds == ("xor",) and data.x2.shape == (6000, 0)


def test_weak_everywhere_strong_in_some() -> None:
    e = Experiment(data_law="weak-and-strong", d=50, N=4000, weak_norm=0.4, strong_norm=3.0, strong_share=0.3, patch_noise=0.5)
    data, fresh = draw_data(e), draw_test_data(e)
    assert data.counts.tolist() == [2800, 1200] and fresh.counts.tolist() == [200, 200]
    weak = (data.x1 * data.y[:, None]).mean(axis=0)
    assert np.linalg.norm(weak) == pytest.approx(0.4, abs=0.02)
    noise = data.x1 - np.outer(data.y, weak)
    assert np.sqrt((noise**2).sum(axis=1).mean()) == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(np.linalg.norm(data.x2, axis=1), np.where(data.kind == 1, 3.0, 0.0), rtol=1e-5)
    own, other = (set_.x2[set_.kind == 1] * set_.y[set_.kind == 1, None] for set_ in (data, fresh))
    np.testing.assert_allclose(own - other[0], 0, atol=1e-5)  # one direction, the same in training set and fresh examples


def test_learning_order_of_named_groups() -> None:
    """Both features add up: examples that have both are learnt first. The default groups are not there."""
    run = simulate(SMALL.replace(data_law="weak-and-strong", max_tau=60.0, tau_xi=0.0))
    order = learning_order(run, groups=("both", "weak-only"))
    assert order.order == "both first" and order.tau_P < order.tau_Q
    assert learning_order(run, groups=("weak-only", "both")).tau_P == order.tau_Q
    with pytest.raises(InputError, match="no P and Q but the kinds weak-only, both") as refused:
        learning_order(run)
    assert refused.value.fix == "name two of them: groups=('weak-only', 'both')"
    assert times_by_kind(run) == {"weak-only": order.tau_Q, "both": order.tau_P}
    (summary,) = summarise([run])
    assert summary.orders == {} and summary.per_seed[0]["tau both"] == order.tau_P
    text = rendered(summary_tables([summary]), 80)
    cells = {cell.strip() for line in text.splitlines() for cell in re.split("  +", line)}
    assert {"weak-only", "both", "error_test both"} <= cells
    assert not re.search("tau_P|P_error|P-only|no examples|exact 95% interval of the share", text)
    with pytest.raises(InputError, match="two kinds of the run: weak-only, both"):
        learning_order(run, groups=("weak", "both"))


def test_a_function_is_a_law_and_what_it_gives_is_checked() -> None:
    given: dict[str, Any] = {"bad": False}

    def blobs(experiment: Experiment, kind: Any, y: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        x = generator.standard_normal((len(y), experiment.d)) + y[:, None] * (1.0 + kind[:, None])
        return x, (np.full((len(y), 2), np.nan) if given["bad"] else x[:, :2])

    try:
        register_data_law("blobs", blobs, kinds=("near", "far"), shares=(0.25, 0.75), k=2)
        e = SMALL.replace(data_law="blobs")
        data = draw_data(e)
        assert data.counts.tolist() == [10, 30] and data.x2.shape == (40, 2) and data.x1.dtype == np.float32
        assert simulate(e, threads=1).dataset["kind"].values.tolist() == ["near", "far"]
        given["bad"] = True
        with pytest.raises(InputError, match="x2 of data_law 'blobs': 80 NaN and 0 infinite of 80"):
            simulate(e)
        with pytest.raises(InputError, match="a probability for each"):
            register_data_law("more", blobs, kinds=("near", "far"), shares=(0.25,))
    finally:
        DATA_LAWS._things.pop("blobs", None)


@pytest.mark.parametrize(("drawn", "words"), [
    (lambda n: np.full(n, -1.0), "least -1"), (lambda n: 0.5, r"shape \(\)"), (lambda n: [0.5] * (n + 1), r"shape \(41,\)"),
    (lambda n: np.full(n, np.nan), "40 NaN and 0 infinite of 40 numbers"),
    (lambda n: np.full(n, np.inf), "0 NaN and 40 infinite of 40"),
    (lambda n: ["long"] * n, "not real numbers"), (lambda n: None, "None, not real numbers"),
])
def test_a_users_law_of_alpha_is_checked(drawn: Callable[[int], Any], words: str) -> None:
    class Negative(AlphaLaw):
        name, summary = "negative", "below zero"

        @classmethod
        def draw(cls, experiment: Experiment, rng: np.random.Generator, n: int) -> Any:
            return drawn(n)

    try:
        ALPHA_LAWS.register(Negative)
        with pytest.raises(InputError, match=f"alpha of alpha_law 'negative': .*{words}"):
            draw_data(SMALL.replace(alpha_law="negative"))
    finally:
        ALPHA_LAWS._things.pop("negative", None)


def test_fields_of_other_laws_are_unread_or_refused() -> None:
    xor = SMALL.replace(data_law="xor")
    assert [fault.fields[0] for fault in xor.unread({"q0": 0.2, "alpha_law": "fixed", "d": 3})] == ["q0", "alpha_law"]
    assert not SMALL.unread({"q0": 0.2, "alpha_min": 0.3})
    assert SMALL.replace(alpha_law="fixed").unread({"alpha_min": 0.3})[0].fields[0] == "alpha_min"
    with pytest.raises(ExperimentError, match="only alpha_law 'power' reads it"):
        SMALL.replace(alpha_power=2.0)
