"""Errors on fresh examples: outputs against 40 digits, counts and intervals against the engine, forged ones refused."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import stats

from proofs_check.order.certificate import certificate
from proofs_check.order.certify import CertifiedOrder, certify_order
from proofs_check.order.error_share import error_interval
from proofs_check.order.fresh import linear_error
from proofs_check.order.theorem import latex_lines, text_lines
from proofs_check.recheck.order import check
from proofs_check.recheck.order.check import check_order
from proofs_check.recheck.order.fresh import _error, check_fresh
from proofs_check.recheck.refusal import Refused
from tests.proofs.order_cases import small_case
from tests.proofs.order_examination import SMALL
from theory_sim import simulate
from theory_sim.errors import InputError

E = SMALL.replace(d=12, N=16, max_tau=40.0, n_test=40)


@cache
def _found() -> CertifiedOrder:
    return certify_order(E, ["L-S", "S"], fresh=40, threads=1)


def test_counts_and_the_linear_part_are_those_of_the_engine() -> None:
    for each in _found().fresh:
        end = simulate(E.replace(schedule=each.schedule), "limit", threads=1).dataset.isel(record=-1)
        for place, kind in enumerate(each.wrong):
            assert each.unsure[kind] == 0
            assert each.wrong[kind] == round(40 * (1.0 - float(end.accuracy_test[place])))
        assert each.linear is not None and each.linear[1] - each.linear[0] < 1e-6
        assert each.linear[0] <= float(end.P_error) <= each.linear[1]


def test_a_second_look_accepts_them_and_refuses_forged_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = json.loads(json.dumps(certificate(_found())))
    looked_at: list[tuple[Any, Any]] = []
    monkeypatch.setattr(check, "check_fresh", lambda stated, run: looked_at.append((stated, run)))
    check_order(genuine)
    for stated, run in looked_at:
        check_fresh(stated, run)
    stated, run = looked_at[1]

    def forged(change: Any) -> None:
        content = copy.deepcopy(stated)
        change(content)
        with pytest.raises(Refused):
            check_fresh(content, run)

    forged(lambda each: each["wrong"].update({"P-only": each["wrong"]["P-only"] + 1}))
    forged(lambda each: each["wrong"].update({"Q-only": each["wrong"]["Q-only"] - 1}))
    forged(lambda each: each.update(n=39))
    forged(lambda each: each["interval"].update({"both": [each["interval"]["both"][0], each["interval"]["both"][1] - 1e-4]}))
    forged(lambda each: each["interval"].update({"Q-only": [each["interval"]["Q-only"][0] + 1e-4, 1.0]}))
    assert stated["linear"] is not None
    forged(lambda each: each.update(linear=[each["linear"][0] + 3e-7, each["linear"][1]]))
    forged(lambda each: each.update(linear=[each["linear"][0], each["linear"][1] - 3e-7]))
    forged(lambda each: each.update(seen=1))


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), *(
    pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 24))])
def test_every_option(seed: int) -> None:
    e = small_case(seed, most=8, steps=10)
    if e.shared_filters:
        with pytest.raises(InputError, match="fresh examples"):
            certify_order(e, fresh=20)
        return
    assert "enclosed" in check_order(json.loads(json.dumps(certificate(certify_order(e, fresh=20, threads=1)))))


def test_the_interval_is_exact() -> None:
    for least, most, n in ((0, 0, 50), (3, 5, 50), (50, 50, 50), (20, 21, 300)):
        low, high = error_interval(least, most, n)
        assert least == 0 or stats.binom.sf(least - 1, n, low) <= 0.0005 < stats.binom.sf(least - 1, n, low + 3e-6)
        assert most == n or stats.binom.cdf(most, n, high) <= 0.0005 < stats.binom.cdf(most, n, high - 3e-6)


def _density(a: float, g_0: float) -> Any:
    return lambda t: mpmath.npdf(t) * mpmath.ncdf(-a * (g_0 + t))


def test_the_linear_error_is_the_mean_over_the_law() -> None:
    for a, g_0 in ((0.3, 1.0), (1.7, 0.5)):
        with mpmath.workdps(20):
            exact = float(2 * mpmath.quad(_density(a, g_0), [0, 3, 12]))
        found, again = linear_error(np.array([a, 1.0]), 1e-12, np.array([1.0, 0.0]), g_0), _error(a, g_0)
        assert found is not None and found[0] < exact < found[1] < found[0] + 3e-7
        assert abs(float(again.mid) - exact) <= float(again.rad) < 1e-7
    assert linear_error(np.array([-0.1, 1.0]), 1e-9, np.array([1.0, 0.0]), 1.0) is None
    assert linear_error(np.array([0.1, 1.0]), 0.2, np.array([1.0, 0.0]), 1.0) is None


def test_the_theorem_says_it() -> None:
    text, latex = "\n".join(text_lines(_found())), "\n".join(latex_lines(_found()))
    assert "of 40 wrong" in text and "linear part of the output alone errs" in text and r"99.9\%" in latex


@pytest.mark.parametrize("n", [0, 10**7])
def test_a_number_of_examples_is_asked_for(n: int) -> None:
    with pytest.raises(InputError, match="fresh"):
        certify_order(SMALL, ["S"], fresh=n)


def test_more_patches_than_an_int8_counts() -> None:
    found = certify_order(SMALL.replace(d=40, N=200, max_tau=4.0), ["S"], fresh=5, threads=1)
    assert sum(found.counts[kind] for kind in ("P-only", "both")) > 127
    assert set(found.fresh[0].wrong) == {"P-only", "Q-only", "both"}
