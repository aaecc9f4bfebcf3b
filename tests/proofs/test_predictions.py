"""predictions.md: the page is that of its table, the table that of its experiments, and its rules can say no."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.proofs import prediction_experiments as protocol
from tests.proofs.prediction_experiments import Row, compare, experiments, findings, load
from tests.proofs.prediction_page import page, tables
from theory_sim import Experiment

ROWS = load()
LIMIT = [row for row in ROWS if row.engine == "limit"]


def row(experiment: str, *, factor: float = 1.0, order: str = "P first", actual: str = "P first") -> Row:
    """Both times 100 and 200 on four data sets, predicted with a factor; orders as given."""
    return Row("limit", experiment, "S", order, True, "", 200.0 * factor, 100.0 * factor,
               (200.0,) * 4, (100.0,) * 4, (actual,) * 4, (True,) * 4)  # fmt: skip


def test_the_page_is_that_of_its_table() -> None:
    assert page(ROWS) == protocol.PAGE.read_text(encoding="utf-8")
    for name, text in tables(ROWS).items():
        assert text == protocol.PAGE.with_name(name).read_text(encoding="utf-8"), name
    assert [(r.experiment, r.schedule) for r in LIMIT] == [(e.name, s) for e in experiments() for s in protocol.SCHEDULES]
    assert {r.experiment for r in ROWS if r.engine == "width"} <= {e.name for e in protocol.chosen_for_width()}


def test_every_experiment_is_as_the_law_says() -> None:
    drawn = experiments()
    assert len(drawn) == 30 and drawn == experiments()
    for e in drawn:
        assert 60 <= e.d <= 500 and 0.12 <= e.r <= 1 and 3e-5 <= e.lambda_ <= 2e-3 and e.max_tau == 8 * e.d
        assert 9.9 <= e.eta_1 / e.eta_2 <= 303 and 0.1 <= e.q0 <= 0.55 and 0.5 <= e.g0 <= 1.5
        if e.tau_0 == "stationary" and e.tau_0_rate is None:
            assert e.tau_0_value == pytest.approx(1.0, rel=1e-4)


def check(
    experiment: Experiment, stored: dict[tuple[str, str], Row], engine: str = "limit",
    schedules: tuple[str, ...] = protocol.SCHEDULES,
) -> None:
    for schedule in schedules:
        found, expected = compare(engine, experiment, schedule), stored[experiment.name, schedule]
        for times in ("Q", "P"):
            assert getattr(found, times) == pytest.approx(getattr(expected, times), rel=2e-3)
        assert (found.order, found.robust) == (expected.order, expected.robust)
        assert (found.predicted_order, found.predicted_robust, found.verdict) == (
            expected.predicted_order, expected.predicted_robust, expected.verdict)  # fmt: skip
        assert [found.predicted_Q, found.predicted_P] == pytest.approx([expected.predicted_Q, expected.predicted_P], rel=1e-5)


@pytest.mark.tier2
def test_the_smallest_experiment_anew() -> None:
    smallest = min(experiments(), key=lambda e: e.max_tau / e.eta_2)
    check(smallest, {(r.experiment, r.schedule): r for r in LIMIT}, schedules=("L-S",))


@pytest.mark.slow
def test_all_anew() -> None:
    for engine, which in (("limit", experiments()), ("width", protocol.chosen_for_width())):
        stored = {(r.experiment, r.schedule): r for r in ROWS if r.engine == engine}
        for experiment in (e for e in which if (e.name, "S") in stored):
            check(experiment, stored, engine)


def test_a_time_is_a_hit_a_miss_or_none() -> None:
    late, within = row("a", factor=1.16).times(), row("a", factor=1.14).times()
    assert [t.hit for t in late + within] == [False, False, True, True]
    q, p = replace(row("a"), predicted_Q=math.inf, P=(100.0, 100.0, math.inf, math.inf)).times()
    assert not q.hit and q.there  # learnt by one alone
    assert math.isinf(p.simulated) and not p.hit and p.there  # half the data sets do not learn
    neither = replace(row("a"), predicted_Q=math.inf, Q=(math.inf,) * 4).times()[0]
    assert not neither.there
    one = replace(row("a"), P=(100.0, 102.0, 104.0, math.inf)).times()[1]
    assert one.hit and one.simulated == 103.0


def test_an_order_is_robust_on_three_data_sets_at_every_level() -> None:
    assert row("a").robust_order == "P first"
    assert replace(row("a"), robust=(True, True, True, False)).robust_order == "P first"
    assert replace(row("a"), robust=(True, True, False, False)).robust_order == ""
    assert replace(row("a"), order=("P first", "P first", "Q first", "Q first")).robust_order == ""
    assert replace(row("a"), order=("neither learnt",) * 4).robust_order == ""


@pytest.mark.parametrize(("right", "verdict"), [(30, "supported"), (29, "undecided"), (24, "undecided"), (20, "refuted")])
def test_the_decisions_on_made_tables(right: int, verdict: str) -> None:
    times = [row(str(k), factor=1.0 if k < right else 1.3) for k in range(30)]
    orders = [row(str(k), order="P first" if k < right else "Q first") for k in range(30)]
    assert [found.verdict for found in findings(times)] == [verdict, "supported"]
    assert [found.verdict for found in findings(orders)] == ["supported", verdict]


def test_two_schedules_of_one_experiment_count_once() -> None:
    both = [replace(row(str(k)), schedule=s) for k in range(15) for s in protocol.SCHEDULES]
    assert [found.verdict for found in findings(both)] == ["undecided", "undecided"]  # 30 rows, 15 experiments


def test_false_twins_of_the_predictions() -> None:
    """Times a quarter late are no hit anywhere, and turned orders are right nowhere: on the stored simulations."""
    late = [replace(r, predicted_Q=1.25 * r.predicted_Q, predicted_P=1.25 * r.predicted_P) for r in LIMIT]
    turned = {"P first": "Q first", "Q first": "P first", "neither learnt": "neither learnt"}
    assert findings(late)[0].verdict == "refuted"
    assert findings([replace(r, predicted_order=turned[r.predicted_order]) for r in LIMIT])[1].verdict == "refuted"
