"""Declarations: axes and points of each kind of block, the file format, hashes, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, qmc

from theory_sim import Experiment
from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, InputError
from theory_sim.sweeps.blocks import Law, Product, Random, Sobol, Zip
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.sweep_run import run_hash

TEXT = """
name = "all-kinds"
compare = ["L-S", "S"]
seeds = "2:4"
engine = ["finite", {name = "limit", time = "flow"}, "closure"]

[fields]
d = 12
N = 40
m_W = 20
m_V = 40
max_tau = 30.0

[product]
r = [0.3, 0.5]
counts = ["exact", "random"]

[zip]
eta_1 = [16.0, 8.0, 4.0]
lambda = [5e-4, 1e-3, 2e-3]

[sobol]
count = 4
seed = 3
g0 = [0.5, 1.5]
n_test = {low = 5, high = 50, scale = "log"}

[[random]]
count = 2
q0 = {values = [0.3, 0.5]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "sweep.toml"
    path.write_text(text)
    return path


def test_axes_of_a_file(tmp_path: Path) -> None:
    sweep = Sweep.from_toml(written(tmp_path, TEXT))
    axes = sweep.axes()
    assert [(axis.name, len(axis)) for axis in axes] == [
        ("r", 2), ("counts", 2), ("zip", 3), ("sobol", 4), ("random", 2), ("engine", 3), ("schedule", 2), ("seed", 2),
    ]  # fmt: skip
    assert len(sweep) == 2 * 2 * 3 * 4 * 2 * 3 * 2 * 2
    for run in sweep:
        for axis, at in zip(axes[:-3], run.index, strict=False):
            for field, value in zip(axis.fields, axis.points[at], strict=True):
                assert run.experiment.fields()[field] == value
        assert (run.engine.label, run.experiment.schedule, run.experiment.seed) == tuple(
            axis.points[at][0] for axis, at in zip(axes[-3:], run.index[-3:], strict=True)
        )
        assert run.experiment == Experiment(**run.experiment.fields())  # validated, seeds too
        assert 5 <= run.experiment.n_test <= 50 and isinstance(run.experiment.n_test, int)
    again = Sweep.of(tomllib.loads(sweep.to_toml()))
    assert again.table() == sweep.table() and [run.id for run in again] == [run.id for run in sweep]


def test_runs_that_cannot_differ_share_a_hash(tmp_path: Path) -> None:
    runs = list(Sweep.from_toml(written(tmp_path, TEXT)))
    by_engine = {name: {run.id for run in runs if run.engine.name == name} for name in ("finite", "limit", "closure")}
    # Sobol's points and the drawn ones may coincide in no field, the values drawn for q0 may: then runs are shared.
    drawn = {run.experiment.q0 for run in runs}
    assert len(by_engine["finite"]) == len(by_engine["limit"]) == len(runs) // 3 // 2 * len(drawn)
    assert len(by_engine["closure"]) == len(by_engine["limit"]) // 2  # two seeds, one closure
    e = Experiment()
    limit, finite, closure = Engine("limit"), Engine(), Engine("closure")
    assert run_hash(limit, e) == run_hash(limit, e.replace(m_V=10, name="other"))
    assert run_hash(finite, e) != run_hash(finite, e.replace(m_V=10))
    assert run_hash(closure, e) == run_hash(closure, e.replace(seed=3, seed_data=9))
    assert run_hash(limit, e) != run_hash(limit, e.replace(seed=3))
    assert run_hash(limit, e) != run_hash(Engine("limit", {"time": "flow"}), e)
    assert run_hash(limit, e) != run_hash(limit, e.replace(r=e.r * (1 + 1e-15)))


def test_runs_keep_the_names_that_they_had_before_a_field_existed() -> None:
    """Names as version 0.2.0 gave them: what was stored then is still found. A field that was added since declares so."""
    e = Experiment()
    assert [run_hash(Engine(name), e) for name in ("finite", "limit", "closure")] == [
        "a664174b7d7a8486ee69", "72582215b2396afb8440", "b2a1af02d708efad22ae"]
    later = {name for name, info in Experiment.model_fields.items()
             if isinstance(info.json_schema_extra, dict) and "since" in info.json_schema_extra}
    assert len(Experiment.model_fields) - len(later) == 45 and "loss" in later
    assert run_hash(Engine(), e.replace(loss="squared")) != run_hash(Engine(), e)
    assert "loss" in e.fields() and "loss" not in e.identity()


@pytest.mark.parametrize("kind", [Random, Sobol])
def test_more_points_extend_fewer(kind: Any) -> None:
    laws = {"r": [0.1, 0.9], "eta_1": {"low": 0.1, "high": 10.0, "scale": "log"}}
    few, many = (kind(laws, count, seed=5).axes()[0].points for count in (8, 32))
    assert many[:8] == few and len(set(many)) == 32
    assert kind(laws, 8, seed=6).axes()[0].points != few


def test_drawn_points_follow_their_laws() -> None:
    laws = {"r": {"low": 0.1, "high": 10.0, "scale": "log"}, "g0": [1.0, 3.0], "d": {"values": [10, 20]}}
    points = Random(laws, 2000, seed=1).axes()[0].points
    logs = np.log10([point[0] for point in points])
    # Level 1e-3 each; seeded.
    assert kstest(logs, "uniform", args=(-1, 2)).pvalue > 1e-3
    assert kstest([point[1] for point in points], "uniform", args=(1, 2)).pvalue > 1e-3
    assert kstest(logs, "uniform", args=(-1, 2.2)).pvalue < 1e-3
    assert {point[2] for point in points} == {10, 20}
    sobol = np.array(Sobol({"r": [0.0, 1.0], "g0": [0.0, 1.0]}, 64, seed=1).axes()[0].points)
    random = np.array(Random({"r": [0.0, 1.0], "g0": [0.0, 1.0]}, 64, seed=1).axes()[0].points)
    assert qmc.discrepancy(sobol) < 0.2 * qmc.discrepancy(random)
    assert Law.of("d", [10, 20]).at(0.499) == 15 and Law.of("m_W", [10, 20]).whole and not Law.of("r", [10, 20]).whole


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compare = ['S']", "a sweep has a name"),
        ("name = 'x'\nrr = 3", "one of name, preset"),
        ("name = 'x'\n[fields]\nseed = 3", "use seeds"),
        ("name = 'x'\n[product]\nschedule = ['S']", "use compare"),
        ("name = 'x'\n[product]\nr = [0.3, 0.3]", "each value once"),
        ("name = 'x'\n[product]\nr = []", "not empty"),
        ("name = 'x'\n[product]\nr = [0.3]\n[zip]\nr = [0.1]", "r varied twice"),
        ("name = 'x'\n[product]\nradius = [0.3]", "unknown field 'radius'"),
        ("name = 'x'\n[product]\nr = [0.3, -1.0]", "at r = -1.0, schedule = L-S: r = -1.0"),
        ("name = 'x'\n[zip]\nr = [0.3]\nd = [10, 20]", "lists of one length"),
        ("name = 'x'\n[sobol]\ncount = 3\nr = [0.1, 0.2]", "count = 2 or 4"),
        ("name = 'x'\n[random]\nr = [0.1, 0.2]", "without count"),
        ("name = 'x'\n[random]\ncount = 2\nr = [0.2, 0.1]", "low < high"),
        ("name = 'x'\n[random]\ncount = 2\nr = {low = -1, high = 1, scale = 'log'}", "low above 0"),
        ("name = 'x'\nseeds = []", "not empty"),
        ("name = 'x'\nseeds = '3:3'", "range"),
        ("name = 'x'\nseeds = [0, 0]", "each named once"),
        ("name = 'x'\ncompare = ['S', 'S']", "each named once"),
        ("name = 'x'\nengine = 'infinite'", "closure, finite, limit"),
        ("name = 'x'\nengine = {time = 'flow'}", "a name, or a table"),
        ("name = '../x'", "name"),
        ("name = 'x'\npreset = 'none'", "preset 'none'"),
        ("name = 'x", "is not TOML"),
    ],
)  # fmt: skip
def test_bad_declarations_are_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        Sweep.from_toml(written(tmp_path, text))
    assert said in str(error.value) and "fix:" in str(error.value)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("name = 'x'\n\nrr = 3\nseeds = []\n[fields]\nm_W = 7\nlamda = 3", ["line 3: unknown key 'rr'", "line 4: seeds = []",
         "line 7: unknown field 'lamda'", "line 6: m_W = 7"]),
        ("name = 'x'\n[fields]\nseed = 3\n[product]\nd = [10]", ["line 3: seed under [fields]"]),
        ("name = 'x'\n[product]\nschedule = ['S']", ["line 3: schedule varied"]),
        ("name = 'x'\n[[product]]\nd = [10]\n[[product]]\nr = [0.3, 0.3]", ["line 5: r = [0.3, 0.3]"]),
        ("name = 'x'\n[product]\nr = [0.3, -1.0]", ["line 3: at r = -1.0, schedule = L-S: r = -1.0"]),
        ("name = 'x'\n[fields]\nlambda = 0.1\n[product]\neta_1 = [1.0, 30.0]",
         ["lines 3 and 5: at eta_1 = 30.0, schedule = L-S: eta_1 x lambda"]),
        ("name = 'x'\n[zip]\nr = [0.3]\nd = [10, 20]", ["lines 3 and 4: zip of"]),
        ("name = 'x'\n[zip]\nr = [0.3, 0.3]\nd = [10, 10]", ["lines 3 and 4: zip has r = 0.3, d = 10 twice"]),
        ("name = 'x'\n[[case]]\nd = 10\n[[case]]\nd = [10, 20]", ["lines 3 and 5: case d = 10 twice"]),
        ("name = 'x'\n[cases]\nd = 10", ["line 2: unknown key 'cases'"]),
        ("name = 'x'\ncompare = ['S', {schedul = 'S'}]", ["line 2: {'schedul': 'S'} in compare"]),
        ("name = 'x'\ncompare = ['pieces']\n[product]\npieces = [[10, 16], [100, 1]]",
         ["line 4: pieces = [[10, 16], [100, 1]]"]),
        ("name = 'x'\ncompare = ['S', {schedule = 'step', step_tua = [1.0]}]",
         ["line 2: at schedule = step, step_tua = 1.0: unknown field 'step_tua'",
          "line 2: at schedule = step, step_tua = 1.0: schedule = 'step' without step_tau"]),
        ("name = 'x'\nseeds = [0, 0]\n[fields]\nlamda = 3\n[product]\nr = []\nradius = [3.0]\nd = [10, -3]",
         ["line 6: r = []", "line 4: unknown field 'lamda'", "line 2: seeds = [0, 0]",
          "line 7: at radius = 3.0, d = 10, schedule = L-S: unknown field 'radius'",
          "line 8: at radius = 3.0, d = -3, schedule = L-S: d = -3"]),
        ("name = 'x'\n[random]\nr = [0.1, 0.2]", ["line 2: [random] without count"]),
        ("name = 'x'\n[random]\ncount = 0\nr = {low = 1, high = 2}", ["line 3: random with count = 0"]),
        ("name = 'x'\nseeds = [0, 0]", ["line 2: seeds = [0, 0]"]),
        ("name = 'x'\nseeds = '3:3'", ["line 2: seeds 3:3"]),
        ("name = 'x'\nengine = ['finite', 'infinite']", ["line 2: "]),
        ("name = '../x'", ["line 1: name = '../x'"]),
        ("name = 'x'\npreset = 'none'", ["line 2: preset 'none'"]),
        ("name = 'x'\n[fields.observe.kernels]\nprobes = 0", ["line 3: observe.kernels.probes = 0"]),
        ("name = 'x'\ncompare = ['L-S', 'step']", ["line 2: at schedule = step: schedule = 'step' without step_tau"]),
    ],
)
def test_refusals_name_the_file_and_the_lines(text: str, places: list[str], tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        Sweep.from_toml(path)
    told = [fault.found for fault in error.value.faults]
    assert len(told) == len(places)
    for place, found in zip(places, told, strict=True):
        assert found.startswith(f"{path}, {place}"), told


def test_python_takes_what_files_cannot() -> None:
    pieces = [((10.0, 2.0), (20.0, 0.5)), ((20.0, 1.0),)]
    base = Experiment(d=10, N=20, schedule="pieces", pieces=pieces[0], max_tau=20.0)
    sweep = Sweep("pieces", base, (Product({"pieces": pieces}), Zip({"r": [0.2, 0.4]})))
    assert [run.experiment.pieces for run in sweep] == [pieces[0], pieces[0], pieces[1], pieces[1]]
    assert Sweep.of(tomllib.loads(sweep.to_toml())).to_toml() == sweep.to_toml()
    with pytest.raises(ExperimentError):
        Sweep("bad name!", base)


@pytest.mark.parametrize("table", [
    {"product": {"lambda": [1e-4, 2e-4], "lambda_": [1e-3, 2e-3]}}, {"fields": {"lambda": 1e-2, "lambda_": 1e-3}},
])
def test_two_names_of_one_field_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"lambda = .*and lambda_ = (.|\n)*two names of one field"):
        Sweep.of({"name": "twice", **table})
    with pytest.raises(InputError, match="two names of one field"):
        Experiment().replace(**{"lambda": 1e-3, "lambda_": 1e-2})


def test_both_names_of_a_field_are_one_axis() -> None:
    sweep = Sweep.of({"name": "one", "product": {"lambda_": [1e-4, 2e-4]}})
    assert sweep.axes()[0].name == "lambda" and [run.experiment.lambda_ for run in sweep] == [1e-4, 2e-4]
    with pytest.raises(InputError, match="lambda varied twice"):
        Sweep("twice", Experiment(), (Product({"lambda": [1e-4]}), Product({"lambda_": [1e-3]})))


def test_a_sweep_without_an_engine_is_refused() -> None:
    with pytest.raises(InputError, match="at least one engine"):
        Sweep.of({"name": "none", "engine": []})
