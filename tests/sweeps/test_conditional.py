"""Fields that vary only where something reads them: cases, schedules with fields of their own, zip, and names with points."""

from __future__ import annotations

import gc
import math
import re
import tomllib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from tests.sweeps.tiny import TINY, finished
from theory_sim import Engine, Experiment
from theory_sim.cli.options import make_plan, parse_settings
from theory_sim.cli.sweeps import _two_labels
from theory_sim.errors import InputError
from theory_sim.experiment.field_kinds import find_field, takes_text
from theory_sim.sweeps.blocks import Product, Random, Zip
from theory_sim.sweeps.cases import Cases
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.compare import compare_sweep
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.expansion import expand
from theory_sim.terminal.expansion_table import expansion_table, list_of_runs

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "sweeps.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
STEPS = {"schedule": "step", "step_tau": [10.0, 20.0], "step_factor": [0.1, 0.5]}
CLOSURE = (Engine("closure"),)


def test_a_schedule_varies_with_its_own_fields_alone() -> None:
    late = {"schedule": "pieces", "label": "late", "pieces": [[[10.0, 4.0], [100.0, 1.0]], [[20.0, 4.0]]]}
    sweep = Sweep("x", Experiment(), (Product({"r": [0.3, 0.6]}),), compare=("S", STEPS, late), engines=CLOSURE)
    assert len(sweep) == 2 * (1 + 4 + 2) == len({run.id for run in sweep})
    assert [variant.label for variant in sweep.variants] == [
        "S", "step step_tau=10.0 step_factor=0.1", "step step_tau=10.0 step_factor=0.5", "step step_tau=20.0 step_factor=0.1",
        "step step_tau=20.0 step_factor=0.5", "late pieces=[[10.0,4.0],[100.0,1.0]]", "late pieces=[[20.0,4.0]]"]
    for run in sweep:
        e = run.experiment
        assert (e.step_tau is not None) == (e.schedule == "step") and (e.pieces is not None) == (e.schedule == "pieces")
    again = Sweep.of(tomllib.loads(sweep.to_toml()))
    assert again.to_toml() == sweep.to_toml() and [run.id for run in again] == [run.id for run in sweep]


def test_cases_follow_each_other() -> None:
    cases = Cases([{"optimiser": "gradient-descent"}, {"optimiser": "heavy-ball", "momentum": [0.5, 0.9]}, {"d": [10, 20]}])
    sweep = Sweep("x", Experiment(), (cases, Product({"r": [0.3, 0.6]})))
    assert len(sweep) == (1 + 2 + 2) * 2
    base = Experiment()
    assert [(run.experiment.optimiser, run.experiment.own_values.get("momentum"), run.experiment.d) for run in sweep][::2] == [
        ("gradient-descent", None, base.d), ("heavy-ball", 0.5, base.d), ("heavy-ball", 0.9, base.d),
        ("gradient-descent", None, 10), ("gradient-descent", None, 20)]
    assert Sweep.of(tomllib.loads(sweep.to_toml())).to_toml() == sweep.to_toml()


def test_two_blocks_of_cases_are_refused() -> None:
    """A declaration holds one list of cases: the sweep that is read from it would be another one."""
    with pytest.raises(InputError, match="2 blocks of the kind case"):
        Sweep("x", Experiment(), (Cases([{"d": [10, 20]}]), Cases([{"r": [0.3, 0.6]}])))


def test_zip_takes_a_value_again_but_no_point() -> None:
    (axis,) = Zip({"eta_1": [16.0, 16.0, 8.0], "r": [0.3, 0.4, 0.3]}).axes()
    assert axis.points == ((16.0, 0.3), (16.0, 0.4), (8.0, 0.3))
    with pytest.raises(InputError, match="each point once"):
        Zip({"eta_1": [16.0, 8.0, 16.0], "r": [0.3, 0.4, 0.3]}).axes()
    with pytest.raises(InputError, match="each value once"):
        Product({"eta_1": [16.0, 16.0]}).axes()


def test_names_with_points_vary_one_value_of_a_table() -> None:
    table = tomllib.loads("""
        name = "x"
        [fields.observe.kernels]
        probes = 7
        [product]
        observe.kernels.every_tau = [5.0, 10.0]
        [random]
        count = 3
        "observe.patterns.probes" = [1, 9]
    """)
    runs = [run.experiment.observe for run in Sweep.of(table)]
    assert {(o["kernels"].every_tau, o["kernels"].probes) for o in runs} == {(5.0, 7), (10.0, 7)} and len(runs) == 6
    assert all(type(o["patterns"].probes) is int for o in runs)
    plan = make_plan(None, None, ["observe.kernels.every_tau=5", "observe.kernels.probes=3"], None, None)
    assert plan.experiment.fields()["observe"] == {"kernels": {"every_tau": 5.0, "probes": 3}}
    for wrong, said in (("observe.kernels.every=5", "every_tau"), ("observe.kernles.probes=5", "set observe.kernles.probes: ")):
        with pytest.raises(InputError, match=said):
            make_plan(None, None, [wrong], None, None)
    with pytest.raises(InputError, match="as a whole or in part"):
        Experiment().replace(**{"observe": {}, "observe.kernels.probes": 3})


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True))
def test_text_stays_text(word: str) -> None:
    assert parse_settings([f"name={word}"]) == {"name": word}
    assert parse_settings([f"schedule={word}"]) == {"schedule": word}


@pytest.mark.parametrize("text", ["123E4", "true", "2024-01-01", "0x10", "1_000", "inf", "9" * 5000, "[1]", "{a = 1}"])
def test_what_looks_like_a_number_stays_text_in_fields_of_text(text: str) -> None:
    for field in ("name", "counts", "loss"):
        assert parse_settings([f"{field}={text}"]) == {field: text}
    assert parse_settings(["kind=1e4"], "--select", ("kind",)) == {"kind": "1e4"}
    assert parse_settings(['name="123E4"', "d=12", "tau_0=0.5"]) == {"name": "123E4", "d": 12, "tau_0": 0.5}


def test_fields_of_text_are_found_by_their_types() -> None:
    text = {name for name in Experiment.model_fields if takes_text(name)}
    several = {"tau_0", "noise_annealing"}  # a word or a number
    for name in set(Experiment.model_fields) - several:
        default = getattr(Experiment(), name)
        assert default is None or (name in text) == isinstance(default, str), name
    assert not text & several and not takes_text("nonesuch") and find_field("momentum") is not None


def test_a_summary_has_a_column_for_every_field(tmp_path: Path) -> None:
    """And of a run that has no such field a gap; schedules with fields are compared by their labels."""
    steps = {"schedule": "step", "step_tau": [10.0, 20.0]}
    sweep = Sweep("x", TINY, (Cases([{"r": 0.6}, {"g0": [0.5, 1.5]}]),), compare=("S", steps), engines=CLOSURE)
    summary = collect(finished(sweep, tmp_path / "x", 9))
    frame = summary.frame
    assert frame["r"].isna().tolist() == [False] * 3 + [True] * 6
    assert frame["step_tau"].isna().tolist() == [True, False, False] * 3
    assert summary.dataset["step_tau"].values[1:].tolist() == [10.0, 20.0] and math.isnan(summary.dataset["step_tau"].values[0])
    compared = compare_sweep(summary, "h", between=("S", "step step_tau=10.0"))
    assert len(compared) == 3 and (compared["decided"] == 1).all()


def test_labels_with_commas_are_parted_where_both_are_known() -> None:
    known = ["S", "late pieces=[[1,2],[3,4]]"]
    assert _two_labels("S,late pieces=[[1,2],[3,4]]", known) == ("S", known[1])
    assert _two_labels("late pieces=[[1,2],[3,4]],S", known) == (known[1], "S")
    with pytest.raises(InputError, match="two labels"):
        _two_labels("S", known)


def _headline(sweep: Sweep) -> str:
    return str(expansion_table(expand(sweep)).renderables[0])


def test_expansion_counts_runs_that_repeat_others() -> None:
    rates, step = {"eta_2": [0.5, 0.25, 0.125]}, {"schedule": "step", "step_tau": 9.0}
    sweep = Sweep("x", Experiment(), (Product(rates),), ("S", step), (0, 1), (Engine("limit"),))
    found = expand(sweep)
    assert (found.cells, found.runs, found.distinct) == (12, 12, 8)
    assert [axis.name for axis in found.axes] == ["eta_2", "schedule", "seed"]
    ((field, schedule, runs),) = [(each.field, each.schedule, each.runs) for each in found.unread]
    assert (field, schedule, runs) == ("eta_2", "step step_tau=9.0", 4)  # two seeds, of three rates two repeat the first
    own = Sweep("x", Experiment(), compare=({"schedule": "S", **rates}, step))
    assert expand(own).unread == () and expand(own).runs == expand(own).distinct == 4
    assert _headline(own) == "x: 4 runs, all distinct" and _headline(sweep) == "x: 12 runs, 8 of them distinct"
    shared = expand(replace(sweep, engines=CLOSURE))  # whose runs of two seeds are one
    assert (shared.cells, shared.runs, shared.distinct, [each.runs for each in shared.unread]) == (12, 6, 4, [2])
    assert _headline(shared.sweep).startswith("x: 6 runs, 4 of them distinct, in 12 cells: a run that cells share")
    assert _headline(Sweep("x", Experiment())) == "x: 1 run"
    rows = list(found.rows())
    assert [row["run"] for row in rows] == [run.id for run in sweep] and rows[0]["step_tau"] is None


def test_runs_are_listed_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """What a schedule's name says has no second column; what it does not say has one, and is not called distinct."""
    pieces = {"schedule": "pieces", "label": "late", "pieces": [[[10.0, 16.0], [300.0, 0.5]], [[20.0, 16.0], [300.0, 0.5]]]}
    sweep = Sweep("x", Experiment(), (Zip({"eta_2": [0.1, 0.2], "r": [0.3, 0.3]}),), ("S", STEPS, pieces), engines=CLOSURE)
    found = expand(sweep)
    Console(width=80).print(expansion_table(found), *list_of_runs(found))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80 and "all distinct" not in printed
    assert printed.count("step step_tau=10.0 step_factor=0.1  ") == 2 + 1
    head = next(line for line in printed.splitlines() if line.startswith("run "))
    assert head.split() == ["run", "schedule", "eta_2", "r"]


def test_a_field_has_a_column_unless_every_label_has_it() -> None:
    """What a label says is known from how it was made, and not read in its text."""
    def columns(*compare: object) -> list[str]:
        found = expand(Sweep("x", Experiment(), compare=("S", *compare), engines=CLOSURE))  # type: ignore[arg-type]
        (table,) = list_of_runs(found)
        assert isinstance(table, Table)
        assert [str(column.header) for column in table.columns[1:] if not column.no_wrap] == ["schedule"]
        return [str(column.header) for column in table.columns]

    factors = {"schedule": "step", "step_tau": [10.0, 20.0], "step_factor": 0.5}
    assert columns(factors) == ["run", "schedule"]
    assert columns(factors | {"label": "step_factor=large"}) == ["run", "schedule", "step_factor"]
    assert columns(factors, factors | {"label": "late", "step_factor": 0.1}) == ["run", "schedule", "step_factor"]


def test_a_million_combinations_are_counted_before_they_are_made() -> None:
    values = {"r": [0.1 + i * 1e-3 for i in range(101)], "lambda": [1e-6 * (1 + i) for i in range(100)],
              "g0": [0.5 + i * 1e-2 for i in range(100)]}
    with pytest.raises(InputError, match="1010000 runs"):
        Sweep("x", Experiment(), (Product(values),))


def test_many_runs_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = (Product({"r": [0.1, 0.2, 0.3]}), Random({"g0": [0.5, 1.0]}, 2))
    kept = Sweep("x", Experiment(), blocks, ("L-S", "S"), (0, 1), (Engine(), Engine("limit")))
    monkeypatch.setattr("theory_sim.sweeps.declaration._MOST_KEPT", 1)
    made = Sweep("x", Experiment(), blocks, ("L-S", "S"), (0, 1), (Engine(), Engine("limit")))
    assert made.__dict__["_places"] == () and len(made) == len(kept) == 48
    assert list(made) == list(kept) == [made.run_of(number) for number in range(48)] == [kept.run_of(n) for n in range(48)]
    assert list(made.ids()) == list(kept.ids()) == [run.id for run in kept]
    assert [run.index for run in made] == sorted(run.index for run in kept)
    with pytest.raises(IndexError):
        made.run_of(48)


def test_a_run_of_a_long_sweep_takes_a_few_hundred_bytes() -> None:
    """Its hash, and its point; a run itself takes 4 kB."""
    blocks = (Product({"g0": [0.5 + i * 1e-4 for i in range(2000)]}),)
    gc.collect()
    tracemalloc.start()
    sweep = Sweep("x", Experiment(), blocks, engines=(Engine("closure"),))
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 300 * len(sweep)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split('"')[1])
def test_examples_of_the_page(text: str) -> None:
    """Each declaration of docs/how-to/sweeps.md is valid, and counts what the page says of it."""
    found = expand(Sweep.of(tomllib.loads(text)))
    counted = re.search(r"# (\d+) runs", text)
    assert counted is not None and int(counted[1]) == found.runs, found.runs
    assert found.unread == ()


def test_a_table_that_holds_itself_is_refused() -> None:
    circle: dict[str, object] = {"name": "x"}
    circle["product"] = circle
    with pytest.raises(InputError, match="holds itself"):
        Sweep.of(circle)
    with pytest.raises(InputError, match="holds itself"):
        Experiment(pieces=circle)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    table = {"name": 3, "compare": [], "seeds": [], "engine": [], "adaptive": 1, "case": [3], "fields": [],
             "product": {"r": [], "observe": {"kernels": {"every_tau": 3}, "kernls": {"probes": [1]}}}}
    with pytest.raises(InputError) as refused:
        Sweep.of(table)
    told = " ".join(fault.found for fault in refused.value.faults)
    for part in ("name = 3", "compare = []", "seeds = []", "engine = []", "adaptive = 1", "case = 3", "fields = []", "r = []",
                 "observe.kernels.every_tau = 3", "unknown observer 'kernls'"):
        assert part in told, part
