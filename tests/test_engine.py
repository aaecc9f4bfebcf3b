"""Engines: names of runs, what is reused, what is gone on with, and summaries over all three."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, Plan, Trajectory, simulate
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.sweeps.run_plan import run_plan
from theory_sim.terminal.tables import summary_tables

TINY = Experiment(name="tiny", d=10, N=40, m_W=20, m_V=40, max_tau=40, n_test=5, epsilon_1=0.2)
LIMIT = Engine("limit", {"time": "flow", "spatial": "mean"})


def test_names_and_labels() -> None:
    full = Engine("limit", {"spatial": "mean", "time": "flow", "kernel": "frozen", "noise": "sampled", "tolerance": 1e-6})
    assert full.run_name(TINY) == "tiny-L-S-seed0-limit-frozen-sampled-flow-mean"
    assert full.label == "limit (frozen, sampled, flow, mean, tolerance 1e-06)"
    assert Engine().run_name(TINY) == "tiny-L-S-seed0" and Engine("closure").run_name(TINY) == "tiny-L-S-seed0-closure"
    assert Engine("limit", {"time": "steps", "tolerance": 1e-8}) == Engine("limit") and Engine("limit").label == "limit"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [("infinite", {}, "closure, finite, limit"), ("finite", {"time": "flow"}, "--engine limit"),
     ("limit", {"width": 3}, "width")],
)
def test_unknown_engines_and_options(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Engine(name, options)


@pytest.mark.parametrize("engine", [Engine(), LIMIT, Engine("limit"), Engine("closure")], ids=lambda engine: engine.label)
def test_an_engine_knows_its_runs(engine: Engine) -> None:
    assert Engine.of(engine.run(TINY)) == engine


def test_runs_are_reused_only_from_the_same_engine(tmp_path: Path) -> None:
    plan = Plan.of(TINY, ["L-S", "S"])
    first = run_plan(plan, tmp_path, engine=LIMIT)
    assert [path.name for path, _ in first] == ["tiny-L-S-seed0-limit-flow-mean", "tiny-S-seed0-limit-flow-mean"]
    again = run_plan(plan, tmp_path, engine=LIMIT, existing="reuse")
    assert again[0][1].dataset.attrs["seconds"] == first[0][1].dataset.attrs["seconds"]
    with pytest.raises(StoreError, match="exists"):
        run_plan(plan, tmp_path, engine=LIMIT)
    coarse = Engine("limit", {**LIMIT.options, "tolerance": 1e-3})  # the same name, other numbers
    with pytest.raises(StoreError, match="holds another experiment"):
        run_plan(plan, tmp_path, engine=coarse, existing="reuse")
    run_plan(plan, tmp_path, engine=coarse, existing="replace")
    assert Engine.of(Trajectory.load(first[0][0])) == coarse
    with pytest.raises(InputError, match="one seed"):
        run_plan(Plan.of(TINY, ["S"], [0, 1]), tmp_path, engine=Engine("closure"))


def stop(step: int, tau: float, loss: float) -> None:
    if tau > 15:
        raise KeyboardInterrupt


def test_an_unfinished_run_is_gone_on_with_or_refused(tmp_path: Path) -> None:
    plan = Plan.of(TINY, ["S"])
    [(path, run)] = run_plan(plan, tmp_path, progress=lambda e: stop)
    assert run.outcome == "interrupted" and unfinished_path(path).exists() and not path.exists()
    with pytest.raises(StoreError, match="theory-sim resume"):
        run_plan(plan, tmp_path)
    with pytest.raises(StoreError, match="holds another experiment"):
        run_plan(Plan.of(TINY.replace(r=0.4), ["S"]), tmp_path, existing="reuse")
    [(_, whole)] = run_plan(plan, tmp_path, existing="reuse")
    wanted = simulate(TINY.replace(schedule="S"))
    np.testing.assert_array_equal(whole.dataset["f_train"], wanted.dataset["f_train"])
    np.testing.assert_array_equal(whole.dataset["tau"], wanted.dataset["tau"])
    assert not unfinished_path(path).exists()


def test_summaries_keep_engines_apart() -> None:
    engines = (Engine(), Engine("limit"), LIMIT, Engine("closure"))
    runs = [engine.run(TINY.replace(schedule=schedule)) for engine in engines for schedule in ("L-S", "S")]
    runs.append(LIMIT.run(TINY.replace(schedule="S", seed=1)))
    summaries = summarise(runs)
    assert [(s.schedule, s.engine, len(s.seeds)) for s in summaries] == [
        ("L-S", "finite", 1), ("S", "finite", 1), ("L-S", "limit", 1), ("S", "limit", 1), ("L-S", "limit (flow, mean)", 1),
        ("S", "limit (flow, mean)", 2), ("L-S", "closure", 1), ("S", "closure", 1),
    ]  # fmt: skip
    by_label = {summary.label: summary for summary in summaries}
    assert {"spatial_error", "time_error", "kernel_error", "seconds"} <= by_label["S, limit (flow, mean)"].end.keys()
    assert not {"spatial_error", "time_error"} & by_label["S, limit"].end.keys()
    assert "error_test P-only" not in by_label["S, closure"].end
    json.dumps([summary.to_dict() for summary in summaries], allow_nan=False)
    assert summary_tables(summaries)


def test_repeated_runs_are_refused_by_what_each_engine_draws() -> None:
    with pytest.raises(InputError, match="independent runs"):  # the limit draws no initial weights: this is one data set twice
        summarise([simulate(TINY, "limit"), simulate(TINY.replace(seed_init=7, seed_noise=8), "limit")])
    loose = TINY.replace(neurons="independent", tau_0=0.1, tau_xi=0.001)
    assert len(summarise([simulate(loose.replace(seed_data=0, seed=k), "limit", noise="sampled") for k in (0, 1)])) == 1
    with pytest.raises(InputError, match="independent runs"):
        summarise([Engine("closure").run(TINY), Engine("closure").run(TINY.replace(seed=1))])


def test_the_shared_network_is_summarised() -> None:
    runs = [engine.run(TINY.replace(network="shared")) for engine in (Engine(), Engine("limit"))]
    summaries = summarise(runs)
    assert all("tau_noise U" in summary.end for summary in summaries)
    assert summary_tables(summaries)
