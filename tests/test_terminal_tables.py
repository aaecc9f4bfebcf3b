"""Tables at 80 columns: no line is longer, and no word, number or interval is broken."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from theory_sim.engines import simulate
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.presets import PRESETS
from theory_sim.regimes import regime
from theory_sim.statistics.intervals import mean_interval
from theory_sim.sweeps.over_seeds import ScheduleSummary, summarise
from theory_sim.terminal.study_tables import studies_table
from theory_sim.terminal.tables import regime_table, shown_time, summary_tables

TINY = Experiment(name="tiny", d=10, m_W=20, m_V=40, max_tau=60.0, n_test=5)


def rendered(part: Any, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(part)
    return out.getvalue()


def fits(part: Any) -> str:
    """The text at 80 columns, which has every word of the text at 400."""
    text = rendered(part, 80)
    assert max(map(len, text.splitlines())) <= 80
    words = {word for word in rendered(part, 400).split() if set(word) != {"─"}}
    assert words - set(text.split()) == set()
    return text


@pytest.fixture(scope="module")
def summaries() -> list[ScheduleSummary]:
    runs = [TINY.replace(schedule=schedule, seed=seed) for schedule in ("L-S", "S") for seed in (0, 1)]
    return summarise([simulate(each, "limit") for each in runs])


@pytest.mark.parametrize("fields", [{}, {"tau_0": 1e12, "neurons": "independent", "lambda_": 0.0, "eta_2": 1e12}], ids=str)
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_the_regime(preset: str, fields: dict[str, Any]) -> None:
    found = regime(Experiment.preset(preset).replace(**fields))
    text = fits(regime_table(found))
    for each in found.conditions:
        formula, _, meaning = each.label.partition(": ")
        assert formula in text and meaning in text


def test_runs(summaries: list[ScheduleSummary]) -> None:
    text = fits(summary_tables(summaries))
    assert "1e+0" not in text  # times are whole, as in the table of learning times
    assert all(f"[{shown_time(each.low)}, {shown_time(each.high)}]" in text
               for summary in summaries for row in summary.levels.values() for each in (row["tau_P"], row["tau_Q"])
               if each.n > 1 and each.high > each.low)


def test_studies() -> None:
    assert len(fits(studies_table()).splitlines()) < 60


def test_a_long_name_is_the_only_word_that_may_be_broken(summaries: list[ScheduleSummary]) -> None:
    """That the comparison can fail: three columns of this width do not fit."""
    from theory_sim.terminal.tables import headed_table

    table = headed_table("t", ("a", "b", "c"))
    table.add_row("x" * 40, "y" * 30, "z" * 30)
    with pytest.raises(AssertionError):
        fits(table)


def test_no_interval_goes_below_zero(summaries: list[ScheduleSummary]) -> None:
    """Times, losses and errors are none of them negative; the interval is cut, which costs no coverage."""
    found = mean_interval([0.1, 0.9], least=0.0)
    whole = mean_interval([0.1, 0.9])
    assert whole.low < 0 == found.low and (found.value, found.high) == (whole.value, whole.high)
    intervals = [each for summary in summaries for row in (*summary.levels.values(), summary.end) for each in row.values()]
    assert intervals and not any(each.low < 0 for each in intervals)
    assert any(each.low == 0 < each.smallest for each in intervals)  # one is cut here


@pytest.mark.parametrize(("tau", "text"), [
    (1000.0, "1000"), (812.4, "812"), (38.54, "38.5"), (0.0312, "0.0312"), (123456.7, "123457"),
])  # fmt: skip
def test_times_have_at_least_three_digits(tau: float, text: str) -> None:
    assert shown_time(tau) == text


def test_runs_that_differ_are_told_apart_by_their_fields() -> None:
    runs = [simulate(each, "limit") for each in (TINY, TINY.replace(r=0.5, seed=1), TINY.replace(r=0.7, q0=0.25, seed=2))]
    with pytest.raises(InputError) as caught:
        summarise(runs)
    assert all(word in str(caught.value) for word in ("r = 0.3", "0.5", "0.7", "q0 = 0.5", "0.25")), str(caught.value)


def test_levels_are_those_of_the_loss() -> None:
    e = Experiment(d=6, N=20, m_W=8, m_V=8, n_test=2, max_steps=3, loss="squared")
    other, plain = (fits(summary_tables(summarise([simulate(e.replace(loss=loss))]))) for loss in ("squared", "logistic"))
    assert "nats" not in other and "level of the squared loss" in " ".join(other.split())
    assert "L-S  0.0946 " in other and "Order at 0.0946" in other
    assert "logistic loss is 0.45, 0.50 and 0.55" in " ".join(other.split())
    assert "level (nats)" in " ".join(plain.split()) and "margin" not in plain
