"""runs.csv: the table follows from it by the study's code and by other code; and studies on seeds of one's own."""

from __future__ import annotations

import csv
import json
import math
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.studies.made_up import summaries_of
from tests.studies.test_studies import _study
from theory_sim.cli import app
from theory_sim.errors import InputError, StoreError
from theory_sim.report.studies import describe_study
from theory_sim.studies import registry
from theory_sim.studies import run_study as module
from theory_sim.studies.fresh_seeds import get_seeds, option_of, seeds_label, with_seeds
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.run_study import read_runs, read_table, run_study, table_of_runs
from theory_sim.studies.runs_table import read_summaries, runs_text
from theory_sim.sweeps.sweep_run import SweepRun

FILES = ("runs.csv", "table.csv", "verdict.json")


def _outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
    """Numbers with all their digits, infinities and gaps, another one at each place."""
    own = int(run.id[:6], 16) / 2**24
    return {"tau_P": 100.0 + own / 3, "tau_Q": math.inf if own < 0.1 else 300.0 - 100.0 * own, "P_error": 0.1 / (1 + own),
            "robust": own < 0.5, "annealed_tau": math.nan if own < 0.3 else 50.0 + own, "outcome": "finished"}  # fmt: skip


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("name", study_names())
def test_the_file_holds_all_that_a_table_is_made_of(name: str) -> None:
    study = get_study(name)
    made = summaries_of(study, _outcome, "small")
    again = read_summaries(runs_text(made), study, study.plan("small"))
    assert list(again) == list(made)
    for part, summary in made.items():
        assert summary.dataset.identical(again[part].dataset), part
    assert study.tabulate(again).to_csv() == study.tabulate(made).to_csv()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("studies")
    run_study(_study(), size="default", out=out, workers=0, threads=1)
    return out / "tiny-default"


def test_other_code_finds_the_table_from_the_runs(folder: Path) -> None:
    """Python's csv and statistics alone: counts, and medians of learning times."""
    with (folder / "runs.csv").open(newline="") as file:
        runs = list(csv.DictReader(file))
    assert len(runs) == 9 and [row["seed"] for row in runs[:3]] == ["0", "1", "2"]
    with (folder / "table.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    cells = [[row for row in runs if (row["part"], row["r"]) == place] for place in (("a", "0.3"), ("a", "0.5"), ("b", ""))]
    for row, cell in zip(table, cells, strict=True):
        assert int(row["n"]) == len(cell) == 3 and {each["state"] for each in cell} == {"done"}
        assert float(row["P error"]) == pytest.approx(statistics.mean(float(each["P_error"]) for each in cell), rel=1e-14)
        assert float(row["tau_P"]) == statistics.median(float(each["tau_P 0.45"]) for each in cell)
        assert int(row["robust"]) == sum(each["robust"] == "True" for each in cell)
    read = read_runs(folder / "runs.csv")
    assert read["P_error"].tolist() == [float(row["P_error"]) for row in runs]
    assert table_of_runs(_study(), folder / "runs.csv").to_csv(index=False) == (folder / "table.csv").read_text()


def test_the_verdict_seals_the_runs(folder: Path, tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(folder / file, tmp_path / file)
    text = (tmp_path / "runs.csv").read_text()
    (tmp_path / "runs.csv").write_text(text.replace("0.3,", "0.4,", 1))
    for read in (read_runs, lambda path: table_of_runs(_study(), path)):
        with pytest.raises(StoreError, match=r"not the runs of verdict\.json"):
            read(tmp_path / "runs.csv")
    (tmp_path / "verdict.json").unlink()
    lines = text.splitlines(keepends=True)
    for wrong in ("".join(lines[:-1]), "".join([*lines[:1], *lines[2:], lines[1]]), text.replace("b,", "c,"),
                  text.replace("P_error", "p"), text.replace("True", "no").replace("False", "no"), ""):  # fmt: skip
        (tmp_path / "runs.csv").write_text(wrong)
        with pytest.raises(StoreError):
            table_of_runs(_study(), tmp_path / "runs.csv")


def test_an_edited_file_of_runs_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "tiny-default")
    runs = tmp_path / "tiny-default" / "runs.csv"
    before = runs.read_bytes()
    run_study(_study(), out=tmp_path, workers=0)
    assert runs.read_bytes() == before
    runs.write_bytes(before + b"\n")
    with pytest.raises(StoreError, match=r"runs\.csv was edited"):
        run_study(_study(), out=tmp_path, workers=0)


def test_a_report_holds_the_table_against_the_runs(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.report import studies as report

    monkeypatch.setattr(report, "get_study", lambda name: _study())
    assert describe_study(folder)[1] == []
    twin = _study()
    changed = type(twin)(**{**twin.__dict__, "tabulate": lambda summaries: twin.tabulate(summaries).assign(n=2)})
    monkeypatch.setattr(report, "get_study", lambda name: changed)
    assert "not what this version makes of the runs" in " ".join(problem.found for problem in describe_study(folder)[1])


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("name", study_names())
def test_any_study_takes_other_seeds(name: str) -> None:
    study = get_study(name)
    plan = study.plan("default")
    most = len(get_seeds(plan))
    fresh = with_seeds(plan, range(900, 900 + most))
    for part, sweep in fresh.items():
        assert sweep.seeds == tuple(range(900, 900 + len(plan[part].seeds))), "the design's own numbers of data sets"
        assert (sweep.experiment, sweep.blocks, sweep.engines) == (plan[part].experiment, plan[part].blocks, plan[part].engines)
    fewer = with_seeds(plan, range(900, 902))
    assert {len(sweep.seeds) for sweep in fewer.values()} <= {1, 2}
    made = summaries_of(type(study)(**{**study.__dict__, "plan": lambda size: fewer}), _outcome)
    assert len(study.tabulate(made))


@pytest.mark.parametrize(("seeds", "label", "option"), [
    (range(900, 910), "seeds-900-909", "900:910"), ([5], "seeds-5", "5"), ([3, 1, 2], "seeds-3_1_2", "3,1,2"),
])
def test_seeds_have_a_folder_of_their_own(seeds: list[int], label: str, option: str) -> None:
    assert seeds_label(seeds) == label and option_of(seeds) == option
    many = [2 * i for i in range(50)]
    assert seeds_label(many) != seeds_label(many[::-1]) and len(seeds_label(many)) < 40


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [0.5], ["a"]])
def test_bad_seeds_write_nothing(seeds: list[Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        run_study(_study(), seeds=seeds, out=tmp_path, workers=0)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_takes_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study()
    monkeypatch.setattr(module, "get_study", lambda name: study)
    monkeypatch.setattr(registry, "get_study", lambda name: study)
    found = CliRunner().invoke(app, ["study", "tiny", "--size", "default", "--seeds", "900:902", "--out", str(tmp_path),
                                     "--workers", "0", "--format", "json"])  # fmt: skip
    assert found.exit_code == 0, found.output
    place = tmp_path / "tiny-default-seeds-900-901"
    assert set(read_runs(place / "runs.csv")["seed"]) == {900, 901} and set(read_table(place / "table.csv")["n"]) == {2}
    assert json.loads((place / "verdict.json").read_text())["seeds"] == [900, 901]
    again = table_of_runs(study, place / "runs.csv", seeds=[900, 901])
    assert again.to_csv(index=False) == (place / "table.csv").read_text()
