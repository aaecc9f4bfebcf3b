"""Certified cells of a phase diagram: the sweep's places, the stored table, and the diagram that it marks."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proofs_check.cli import app
from proofs_check.cli.placing import place_rows
from proofs_check.order.places import certify_sweep, experiments_of, require_places
from theory_sim import Engine, Experiment, Product, Summary, Sweep, SweepStore, collect, phase_diagram, run_sweep
from theory_sim.errors import InputError

DOCS = Path(__file__).parents[2] / "docs" / "sweeps"
DECLARED, TABLE = DOCS / "certified.toml", DOCS / "certified.csv"
BASE = Experiment(d=10, N=20, max_tau=64.0, n_test=1)
SMALL = Sweep("small", BASE, (Product({"r": [0.3, 0.5], "lambda": [1e-4, 5e-4]}),), ("L-S", "S"), (0, 1), (Engine("limit"),))


def _stored() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


def test_the_stored_table_has_every_place_of_its_sweep_and_each_is_certified() -> None:
    sweep = Sweep.from_toml(DECLARED)
    rows = _stored()
    asked = [(str(place["r"]), str(place["lambda"]), str(e.seed), schedule, level) for place, e in experiments_of(sweep)
             for schedule in ("L-S", "S") for level in ("0.45", "0.5", "0.55")]
    assert [(row["r"], row["lambda"], row["seed"], row["schedule"], row["level"]) for row in rows] == asked
    assert all(row["order"] in ("P first", "Q first", "neither learnt") for row in rows if row["level"] == "0.45")
    assert max(float(row["width"]) for row in rows) < 1e-6


def _again(numbers: tuple[int, ...], rows: list[dict[str, str]]) -> None:
    """Certify some places of the stored table again; what is stored has to follow to the digit but for widths."""
    sweep = Sweep.from_toml(DECLARED)
    places = [place for place, _ in experiments_of(sweep)]
    for number in numbers:
        place = places[number]
        one = Sweep("one", sweep.experiment, (Product({name: [value] for name, value in place.items()}),), sweep.compare,
                    sweep.seeds, sweep.engines)
        found = _plain(place_rows(list(certify_sweep(one))))
        stored = [row for row in rows if (row["r"], row["lambda"]) == (str(place["r"]), str(place["lambda"]))]
        for row, kept in zip(found, stored, strict=True):
            assert {**row, "width": ""} == {**kept, "width": ""}, place
            assert float(row["width"]) == pytest.approx(float(kept["width"]), rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 13, 18, 29])
def test_cells_of_the_stored_table_are_certified_again(number: int) -> None:
    rows = _stored()
    _again((number,), rows)


@pytest.mark.tier2
def test_a_cell_is_certified_again_and_a_flipped_one_is_refused() -> None:
    rows = _stored()
    _again((18,), rows)
    place = [place for place, _ in experiments_of(Sweep.from_toml(DECLARED))][18]
    flipped = [{**row, "order": {"P first": "Q first", "Q first": "P first"}.get(row["order"], "P first")}
               if (row["r"], row["lambda"]) == (str(place["r"]), str(place["lambda"])) else row for row in rows]
    with pytest.raises(AssertionError):
        _again((18,), flipped)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    store = SweepStore.create(tmp_path_factory.mktemp("certified") / "small", SMALL)
    assert run_sweep(store, workers=0).failed == 0
    return collect(store)


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "small.toml"
    path.write_text(SMALL.to_toml(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def table(declared: Path) -> Path:
    path = declared.with_suffix(".csv")
    ran = CliRunner().invoke(app, ["order", str(declared), "--format", "csv", "--out", str(path)])
    assert ran.exit_code == 0, ran.output
    return path


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.sweeps.phase_boundaries._FINE", 3)  # of the lines nothing is asked here


@pytest.mark.tier2
@pytest.mark.usefixtures("coarse")
def test_a_diagram_marks_the_cells_whose_runs_are_all_certified(summary: Summary, table: Path, tmp_path: Path) -> None:
    whole = phase_diagram(summary, "r", "lambda", certified=table)
    assert whole.certified is not None and whole.certified.all() and phase_diagram(summary, "r", "lambda").certified is None
    lines = table.read_text(encoding="utf-8").splitlines()
    fewer = tmp_path / "fewer.csv"
    # All levels of one run of one data set at r = 0.5, lambda = 0.0001.
    fewer.write_text("\n".join(line for line in lines if not line.startswith("0.5,0.0001,1,S,")) + "\n", encoding="utf-8")
    assert phase_diagram(summary, "r", "lambda", certified=fewer).certified.tolist() == [  # type: ignore[union-attr]
        [True, False], [True, True]]


@pytest.mark.tier2
@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(("forge", "what"), [
    (lambda text: text.replace("0.3,0.0001,0,S,0.45,P first", "0.3,0.0001,0,S,0.45,Q first"), "where P first is simulated"),
    (lambda text: text.replace("r,lambda", "q,lambda", 1), "no column r"), (lambda text: "", "no column"),
    (lambda text: text.replace("0.3,0.0001,0,S", "x,0.0001,0,S", 1), "no numbers"),
    (lambda text: text + "0.3,0.0001,0,S,0.45,tie\n", "another order of the same run"),
])
def test_a_table_that_is_not_of_the_sweep_is_refused(
    summary: Summary, table: Path, tmp_path: Path, forge: Any, what: str
) -> None:
    forged = tmp_path / "forged.csv"
    text = table.read_text(encoding="utf-8")
    forged.write_text(forge(text), encoding="utf-8")
    assert forge(text) != text
    with pytest.raises(InputError, match=what):
        phase_diagram(summary, "r", "lambda", certified=forged)


@pytest.mark.tier2
@pytest.mark.usefixtures("coarse")
def test_certified_cells_of_another_quantity_or_of_no_table(summary: Summary, table: Path) -> None:
    with pytest.raises(InputError, match="the quantity error_ratio"):
        phase_diagram(summary, "r", "lambda", "error_ratio", certified=table)
    with pytest.raises(InputError, match="a table of certified orders"):
        phase_diagram(summary, "r", "lambda", certified="nowhere.csv")


@pytest.mark.parametrize(("change", "what"), [
    ({"engines": (Engine("limit", {"time": "flow"}),)}, "the limit in steps"),
    ({"engines": (Engine("closure"),)}, "the limit in steps"),
    ({"engines": (Engine("limit", {"kernel": "frozen", "tolerance": 1e-9}),)}, "the limit in steps"),
    ({"compare": ("S", {"schedule": "step", "step_tau": [10.0, 20.0]})}, "fields of their own"),
])
def test_a_sweep_that_is_not_covered(change: Any, what: str) -> None:
    settings = {"compare": ("L-S", "S"), "engines": (Engine("limit"),), **change}
    with pytest.raises(InputError, match=what):
        require_places(Sweep("other", BASE, (Product({"r": [0.3, 0.5]}),), seeds=(0,), **settings))


@pytest.mark.parametrize("more", [
    ["--seeds", "0"], ["--compare", "S"], ["--box", "r=0.3:0.31"], ["--minutes", "1"], ["--fresh", "5"],
    ["--certificates", "x"], ["--finite-width", "0.01"], ["--format", "latex"]])
def test_what_a_sweep_does_not_take(more: list[str], declared: Path) -> None:
    command = ["order", str(declared), *more]
    assert isinstance(CliRunner().invoke(app, command).exception, InputError)
