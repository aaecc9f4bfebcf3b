"""Studies: rules of decision, the runs to table and verdict, continuing after a kill, and the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from theory_sim import Experiment, Product, Sweep
from theory_sim.cli import app
from theory_sim.errors import InputError, StoreError
from theory_sim.statistics.intervals import share_interval
from theory_sim.storage import failpoints
from theory_sim.studies import registry
from theory_sim.studies import run_study as module
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.groups import grid_cells, group_row
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.run_study import read_table, run_study
from theory_sim.studies.study import SIZES, Finding, Study, StudyVerdict

BASE = Experiment(d=8, N=24, m_W=8, m_V=12, n_test=4, tau_0=0.3, tau_xi=0.01, max_tau=8.0, eta_2=2.0, record_every=4.0)
VERDICTS = ("supported", "refuted", "undecided")


def _study(rule: str = "supported", tau_xi: float = 0.01) -> Study:
    def plan(size):
        seeds = tuple(range({"small": 1, "default": 3, "full": 4}[size]))
        return {"a": Sweep("a", BASE.replace(tau_xi=tau_xi), (Product({"r": [0.3, 0.5]}),), ("S",), seeds),
                "b": Sweep("b", BASE, (), ("constant",), seeds)}

    def tabulate(summaries):
        rows = [{"part": name, **group_row(runs)} for name, summary in summaries.items()
                for _, runs in grid_cells(summary.dataset)]
        return pandas.DataFrame(rows)

    def decide(table):
        return StudyVerdict.of([Finding("it holds", rule, f"{table['n'].sum()} runs")], 0.95)

    return Study("tiny", "Is it?", "F 1", "It is.", "it is", "how often", "by hand", "none", {size: 1.0 for size in SIZES},
                 plan, tabulate, decide, lambda table: Figure())


def test_a_share_is_judged_by_its_exact_interval() -> None:
    # By hand: of 10 of 10 the lower end at 95 % is 0.025^(1/10) = 0.6915.
    share = share_interval(10, 10, 0.95)
    assert (share.low, share.high) == pytest.approx((0.025**0.1, 1.0))
    assert judge_share("x", 10, 10, level=0.95).verdict == "supported"
    assert judge_share("x", 0, 10, level=0.95).verdict == "refuted"
    assert judge_share("x", 0, 10, level=0.95, expect="below").verdict == "supported"
    assert judge_share("x", 10, 10, level=0.95, expect="below").verdict == "refuted"
    assert judge_share("x", 5, 10, level=0.95).verdict == "undecided"
    assert judge_share("x", 5, 5, level=0.95).verdict == "undecided", "0.025^(1/5) = 0.478 is below 1/2"
    assert judge_share("x", 10, 10, level=0.95, border=0.7).verdict == "undecided"
    assert judge_share("x", 0, 0, level=0.95).verdict == "undecided"
    with pytest.raises(InputError):
        judge_share("x", 3, 2, level=0.95)


@pytest.mark.parametrize(("parts", "verdict"), [
    (["supported", "supported"], "supported"), (["supported", "undecided"], "undecided"),
    (["supported", "refuted", "undecided"], "refuted"), (["refuted"], "refuted"), (["undecided"], "undecided"),
])
def test_a_verdict_of_parts(parts: list, verdict: str) -> None:
    assert StudyVerdict.of([Finding(str(i), part, "r") for i, part in enumerate(parts)], 0.9).verdict == verdict
    with pytest.raises(InputError):
        StudyVerdict.of([], 0.9)


@pytest.mark.alternating
def test_a_study_on_workers_of_dask(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    for name, where in (("here", {"workers": 0, "threads": 1}), ("there", {"workers": 2, "executor": "dask"})):
        run_study(_study(), size="small", out=tmp_path / name, **where)
    for file in ("table.csv", "verdict.json"):
        here, there = ((tmp_path / name / "tiny-small" / file).read_bytes() for name in ("here", "there"))
        assert here == there


def test_a_study_from_runs_to_files(tmp_path: Path) -> None:
    result = run_study(_study(), size="small", out=tmp_path, workers=0, threads=1)
    assert (result.done, result.failed, result.pending) == (3, 0, 0)
    assert result.table["n"].tolist() == [1, 1, 1]
    stored = json.loads((tmp_path / "tiny-small" / "verdict.json").read_text())
    assert stored["verdict"] == "supported" and stored["runs"]["done"] == 3
    again = read_table(tmp_path / "tiny-small" / "table.csv")
    pandas.testing.assert_frame_equal(again, result.table, check_exact=True, check_dtype=False)
    with pytest.raises(StoreError, match="other runs"):
        run_study(_study(tau_xi=0.02), size="small", out=tmp_path, workers=0)


@pytest.mark.tier2
def test_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    run_study(_study(), size="small", out=tmp_path / "whole", workers=0, threads=1)
    begun = []

    class Killed(BaseException):
        pass

    def watch(name, total):
        if begun:
            raise Killed
        begun.append(name)
        from contextlib import nullcontext

        return nullcontext()

    with pytest.raises(Killed):
        run_study(_study(), size="small", out=tmp_path / "cut", workers=0, threads=1, watch=watch)
    assert not (tmp_path / "cut" / "tiny-small" / "table.csv").exists()

    def crash(point):
        if point == "rename table.csv":
            raise Killed

    failpoints.set_hook(crash)
    try:
        with pytest.raises(Killed):
            run_study(_study(), size="small", out=tmp_path / "cut", workers=0, threads=1)
    finally:
        failpoints.set_hook(None)
    assert not (tmp_path / "cut" / "tiny-small" / "table.csv").exists(), "nothing half written has the name"
    run_study(_study(), size="small", out=tmp_path / "cut", workers=0, threads=1)
    for name in ("table.csv", "verdict.json"):
        assert (tmp_path / "cut" / "tiny-small" / name).read_bytes() == (tmp_path / "whole" / "tiny-small" / name).read_bytes()


def test_names_and_sizes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="study 'no'"):
        run_study("no", out=tmp_path)
    with pytest.raises(InputError, match="size 'huge'"):
        run_study(_study(), size="huge", out=tmp_path)
    assert list(tmp_path.iterdir()) == []
    for name in study_names():
        study = get_study(name)
        assert study.name == name and all((study.question, study.statement, study.hypothesis, study.rule, study.limits))
        assert study.seconds["default"] <= 600 and study.seconds["small"] <= 60
        assert study.runs("small") < study.runs("default") <= study.runs("full")
        with pytest.raises(InputError, match="empty table"):
            study.plot(pandas.DataFrame())


@pytest.mark.parametrize(("rule", "status"), [("supported", 0), ("undecided", 0), ("refuted", 1)])
def test_the_command_line(rule: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(rule)
    monkeypatch.setattr(module, "get_study", lambda name: study)
    monkeypatch.setattr(registry, "get_study", lambda name: study)
    for form in ("json", "csv", "markdown", "text") if rule == "supported" else ("markdown",):
        found = CliRunner().invoke(app, ["study", "tiny", "--size", "small", "--out", str(tmp_path), "--workers", "0",
                                         "--format", form])
        assert found.exit_code == status, found.output
        if form == "json":
            (told,) = json.loads(found.stdout)["studies"]
            assert told["verdict"] == rule and len(told["table"]) == 3
        if form in ("markdown", "text"):
            assert rule in found.stdout and "tau_P" in found.stdout
    assert {path.name for path in (tmp_path / "tiny-small").iterdir()} == {
        "sweeps", "runs.csv", "table.csv", "verdict.json", "figure.svg", "figure.png"}


def test_the_list_and_refusals() -> None:
    told = json.loads(CliRunner().invoke(app, ["list", "studies", "--format", "json"]).stdout)["rows"]
    assert [each["name"] for each in told] == study_names()
    assert all(each["default seconds"] <= 600 for each in told)
    for line in (["study"], ["study", "no"], ["study", "all", "--size", "x"], ["study", "all", "--format", "x"],
                 ["study", "all", "--format", "csv"]):
        assert isinstance(CliRunner().invoke(app, line).exception, InputError), line


def test_missing_numbers_survive_the_file(tmp_path: Path) -> None:
    table = pandas.DataFrame({"way": ["a", "None"], "x": [0.1 + 0.2, math.inf], "y": [math.nan, 1.0], "k": [1, 2]})
    table.to_csv(tmp_path / "t.csv", index=False)
    pandas.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table, check_exact=True)
