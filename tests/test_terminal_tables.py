"""Tables at 80 columns: no line is longer, and no word, number or interval is broken."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas
import pytest
from rich.console import Console

from theory_sim.cli.branches import _table
from theory_sim.engines import simulate
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.presets import PRESETS
from theory_sim.regimes import regime
from theory_sim.report.content import Grid
from theory_sim.report.tables import blocks_of
from theory_sim.statistics.intervals import Interval, mean_interval
from theory_sim.studies.registry import get_study, study_names
from theory_sim.sweeps.over_seeds import ScheduleSummary, summarise
from theory_sim.terminal.regime_tables import order_lines, regime_table, shown_margin
from theory_sim.terminal.study_tables import _in_brief, studies_lines, studies_table, study_table
from theory_sim.terminal.tables import headed_table, shown_mean_time, summary_tables
from theory_sim.theory.conditions import in_words
from theory_sim.theory.shown_times import shown_time
from theory_sim.vision.studies.base import IMAGE_STUDIES

TINY = Experiment(name="tiny", d=10, m_W=20, m_V=40, max_tau=60.0, n_test=5)


def rendered(part: Any, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(part, crop=False)
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
    short, text = fits(regime_table(found)), fits(regime_table(found, verbose=True))
    for each in found.conditions:
        formula, _, meaning = each.label.partition(": ")
        assert formula in text and meaning in text and formula in short
    assert all(f"note: {note}" in " ".join(text.split()) for note in found.notes) and len(short) < len(text)


def test_runs(summaries: list[ScheduleSummary]) -> None:
    text = fits(summary_tables(summaries))
    assert "1e+0" not in text  # times are whole, as in the table of learning times
    assert all(f"({shown_time(each.smallest)}-{shown_time(each.largest)})" in text  # two seeds have no interval
               for summary in summaries for row in summary.levels.values() for each in (row["tau_P"], row["tau_Q"])
               if each.n > 1 and each.high > each.low)


def test_studies() -> None:
    names = [*study_names(), *IMAGE_STUDIES.names()]
    whole, cited = fits(studies_table(list(IMAGE_STUDIES))).split("[F n] is")
    assert len(whole.splitlines()) < 12 * len(names) and len(cited.splitlines()) < 80
    text = rendered(studies_lines(list(IMAGE_STUDIES)), 80)
    assert max(map(len, text.splitlines())) <= 80
    lines = text.partition("(time of")[0].splitlines()
    assert [line.split()[0] for line in lines] == [*study_names(), "on", *IMAGE_STUDIES.names()], "a line each"
    briefs = [asked.brief for asked in (*map(get_study, study_names()), *IMAGE_STUDIES)]
    assert [brief for brief in briefs if f"  {brief}\n" not in text] == [], "none is cut"
    asked = [line.split("  ")[-1] for line in lines]
    assert "..." not in text and len(set(asked)) == len(asked), "each is told from the others"
    one = replace(get_study("width"), brief="")
    assert "How wide must a network" in _in_brief(one, 50) and len(_in_brief(replace(one, question="word " * 20), 50)) <= 50


def test_averages_are_of_no_seed() -> None:
    """Beside them a run of one seed keeps its own."""
    means, one = (summarise([simulate(TINY.replace(schedule="S"), engine)]) for engine in ("closure", "limit"))
    text = fits(summary_tables(means))
    assert "means over data sets" in text and "seed" not in text and "(1 of 1)" not in text and "(range)" not in text
    both = fits(summary_tables([*means, *one]))
    assert "one seed; means over data sets" in both and "schedule, seed" in both


def test_a_run_of_one_schedule_is_told_of_that_one() -> None:
    judged = regime(Experiment(r=0.7))
    assert not judged.warnings_of(["S"]) and judged.warnings_of(["L-S"]) == judged.warnings_of(["L-S", "S"]) != []
    assert order_lines(judged) == [*order_lines(judged, ["L-S"]), *order_lines(judged, ["S"])]


@pytest.mark.parametrize("words", ["alpha beta", "x"])
@pytest.mark.parametrize("over", [0, 1])
def test_a_table_without_room_is_wider_than_the_terminal(words: str, over: int) -> None:
    """At the least width, words and gaps, nothing is cut; one column less, it is not narrower."""
    table = headed_table("t", ("a", "b", "c"))
    table.add_row(words, "[0.123, 456]", "z" * 30)
    least = max(map(len, words.split())) + 2 + 12 + 2 + 30
    text = rendered(table, least - over)
    assert max(map(len, text.splitlines()[2:])) == least and "[0.123, 456]" in text and "z" * 30 in text


@pytest.mark.parametrize("name", [
    "tiny", "a-name-that-is-long-eta_2-0.25", "a_name_of_sixty_letters_without_a_hyphen_anywhere_in_it_at_all",
])  # fmt: skip
def test_continuations(name: str) -> None:
    """Seven columns of numbers, beside a run's name that is broken behind hyphens, or, without any, within."""
    row = {"run": f"{name}-warm-up-stable-decay-seed10", "outcome": "completed", "tau": 1000.0, "train_loss": 0.499,
           "loss_train P-only": 0.306, "loss_train Q-only": 0.669, "loss_train both": 0.337, "P_error": 1.07e-06,
           "tau_P": 1234.5, "tau_Q": math.inf, "order": "neither learnt"}
    text = rendered(_table([row], 20.0, simulate(TINY, "closure")), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert all(word in text for word in ("0.499", "0.306", "0.669", "1.07e-06", "1234", "> 1000"))
    named = "".join(line.split()[0] for line in text.splitlines() if line and line[0] not in "C─r n")
    assert named.startswith(name) and named.endswith("seed10")


@pytest.mark.parametrize(("number", "text"), [
    (999.6, "1000"), (1000.0, "1000"), (123456.0, "123456"), (1e7, "1e7"), (1.25e12, "1.25e12"), (-4321.0, "-4321"),
    (2.5e-7, "2.5e-07"), (math.nan, "not defined"), (math.inf, "infinite"), (-math.inf, "minus infinite"),
])  # fmt: skip
def test_numbers_in_words(number: float, text: str) -> None:
    assert in_words(number) == text


def test_no_interval_goes_below_zero(summaries: list[ScheduleSummary]) -> None:
    """Times, losses and errors are none of them negative; that of a time is cut, which costs no coverage."""
    found = mean_interval([0.1, 0.9], least=0.0)
    whole = mean_interval([0.1, 0.9])
    assert whole.low < 0 == found.low and (found.value, found.high) == (whole.value, whole.high)
    for summary in summaries:
        times = [each for row in summary.levels.values() for each in row.values()]
        assert times and not any(each.low < 0 for each in times)
        assert any(each.low == 0 < each.smallest for each in times), "one is cut here"
        ends = [each for name, each in summary.end.items() if each.n > 1 and not name.startswith("error_test")]
        assert all(0.0 <= each.low <= each.value <= each.high for each in ends)
        assert all(0.0 < each.low for each in ends if each.value > 0.0), "no interval reaches 0 where no value does"
        assert all(row["other_accuracy"].high <= 1.0 for row in summary.levels.values())


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
    assert "loss level" in " ".join(plain.split()) and "margin" not in plain


@pytest.mark.parametrize(("margin", "text"), [
    (1.26, "x1.3"), (99.4, "x99"), (120.0, "x120"), (999.0, "x999"), (1001.0, "x > 1000"), (5e-4, "x < 0.001"),
    (9.7, "x9.7"), (99.6, "x100"), (1000.0, "x1000"), (1e-3, "x0.001"), (math.inf, "x > 1000"), (0.0, "x < 0.001"),
    (math.nan, "-"),
])
def test_a_margin_has_no_power_of_ten(margin: float, text: str) -> None:
    assert shown_margin(margin) == text


def test_a_mean_time_says_how_many_runs_had_not_learnt() -> None:
    interval = Interval(10.0, 8.0, 12.0, 7.0, 13.0, n=5, censored=2)
    assert shown_mean_time(interval, 60.0).splitlines()[-1] == "2 not by 60"
    assert shown_mean_time(replace(interval, n=0), 60.0) == "> 60\n(2 of 2)"
    assert shown_mean_time(replace(interval, n=0, censored=0), 60.0) == "-"
    assert shown_mean_time(replace(interval, censored=0), 60.0) == "10\n[8, 12]"
    assert shown_mean_time(replace(interval, n=3, censored=0), 60.0) == "10\n[8, 12]"
    assert shown_mean_time(replace(interval, n=1, censored=0), 60.0) == "10"
    assert shown_mean_time(replace(interval, n=2, censored=1), 60.0) == "10\n(7-13)\n1 not by 60"


def test_a_title_takes_the_terminals_width_and_not_the_tables() -> None:
    title = "a-study: Which part of the effect is it [bold] that moving kernels carry?"
    table = headed_table(title, ("", "a"))
    table.add_row("n", "24")
    assert rendered(table, 80).splitlines()[0] == title
    lines = rendered(table, 40).splitlines()
    assert " ".join(lines[:2]) == title and max(map(len, lines)) <= 40


STUDIED = {
    "patterns": ["moving", "moving", "frozen", "frozen"], "n": [24] * 4, "schedule": ["L-S", "S"] * 2,
    "tau_P": [687.7, 777.8, 765.4, 700.1], "tau_P low": [663.8] * 4, "tau_P high": [713.6] * 4,
}  # fmt: skip


def shown_study(table: Mapping[str, Sequence[Any]], width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    verdict = SimpleNamespace(findings=[], verdict="supported", level=0.95, reason="made up")
    result = SimpleNamespace(study=get_study("kernel-change"), table=pandas.DataFrame(table), verdict=verdict)
    text = rendered(study_table(result), width)  # type: ignore[arg-type]
    return text[: text.index("\n\n[")].splitlines()


@pytest.mark.parametrize("width", [80, 40])
def test_a_row_of_a_study_is_headed_by_what_tells_it_from_the_others(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first lines, above the rule, whatever stands between; and it stands there once."""
    lines = shown_study(STUDIED, width, monkeypatch)
    title = "kernel-change: Which part of the effect do moving kernels carry?"
    assert " ".join(lines).startswith(title) and (lines[0] == title) == (width == 80)
    heads = [i for i, line in enumerate(lines) if line.startswith("patterns")]
    assert len(heads) == (2 if width == 80 else 4)
    words = [[word for i in heads for word in lines[i + row].split()[1:]] for row in range(3)]
    assert words == [STUDIED["patterns"], ["24"] * 4, STUDIED["schedule"]]
    for i in heads:
        assert set(lines[i + 3]) == {"─"} and lines[i + 4].startswith("tau_P")


def test_rows_that_numbers_alone_tell_apart_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown_study({**STUDIED, "schedule": ["S"] * 4}, 80, monkeypatch)
    heads = [line for line in lines if set(line) <= set(" 1234") and line.strip()]
    assert " ".join(heads).split() == ["1", "2", "3", "4"] and sum(line.startswith("schedule") for line in lines) == len(heads)


def test_a_report_has_a_tables_title_letter_by_letter() -> None:
    (grid,) = blocks_of(headed_table("Seeds [0, 1]", ("seed", "tau")))
    assert isinstance(grid, Grid) and (grid.title, list(grid.head)) == ("Seeds [0, 1]", ["seed", "tau"])
