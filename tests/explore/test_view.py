"""What the explorer shows: the closure's own curves and the words of `theory-sim check`, with nothing lost on the way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from theory_sim import simulate
from theory_sim.cli import app
from theory_sim.closure import predicted
from theory_sim.closure.of_experiment import get_closure
from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.explore.page import Page
from theory_sim.explore.plane import Plane, get_extent, trace
from theory_sim.explore.saving import Target, to_toml
from theory_sim.explore.sliders import RANGES, get_sliders, get_values, move
from theory_sim.explore.view import SCHEDULES, Explorer, View
from theory_sim.explore.wording import say_apart, say_view
from theory_sim.regimes import regime
from theory_sim.sweeps.phase_boundaries import BOUNDARIES, margins_of
from theory_sim.sweeps.plan import Plan
from theory_sim.terminal.regime_tables import order_lines
from theory_sim.theory.closure.accuracy import RANGE

SMALL = Experiment(name="small", d=60, r=0.6, max_tau=250.0)
# Drawn from the range of the closure's accuracy.
MOVED = ("d", "kappa", "q0", "r", "lambda", "eta_1")
# Losses of the coarse closure against the exact one, nats: what the page says.
STATED = 0.02


def refined(explorer: Explorer) -> View:
    for _ in explorer.refine():
        pass
    return explorer.view


def distance(view: View) -> float:
    """Largest difference of a loss from that of `simulate`, at the times of the latter."""
    apart = []
    for name, course in view.courses.items():
        run = simulate(view.experiment.replace(schedule=name), "closure")
        tau = run.dataset["tau"].values
        within = tau <= course.tau[-1]
        for kind, loss in (("P-only", course.loss_P), ("Q-only", course.loss_Q)):
            apart.append(np.abs(np.interp(tau, course.tau, loss) - run.history("loss_train", kind=kind))[within].max())
    return float(max(apart))


def test_at_rest_the_curves_are_those_of_simulate() -> None:
    explorer = Explorer(SMALL)
    assert not explorer.move({"r": 0.5, "q0": 0.4}).exact
    view = refined(explorer)
    assert view.exact and view.experiment == SMALL.replace(r=0.5, q0=0.4)
    for name, course in view.courses.items():
        run = simulate(view.experiment.replace(schedule=name), "closure")
        assert np.array_equal(course.tau, run.dataset["tau"].values)
        assert np.array_equal(course.loss_P, run.history("loss_train", kind="P-only"))
        assert np.array_equal(course.loss_Q, run.history("loss_train", kind="Q-only"))
    assert view.judged == regime(view.experiment)


def test_at_rest_the_words_are_the_mean_fields() -> None:
    """First the closure's, coarse and then exact; the curves stay the closure's."""
    explorer = Explorer(SMALL)
    seen = [explorer.view, *(view for view in explorer.refine() if view is not None)]
    assert [(view.judged.engine, view.exact) for view in seen[:3]] == [
        ("closure", False), ("closure", True), ("mean-field", True)]  # fmt: skip
    assert all(view.judged == seen[2].judged for view in seen[3:])
    assert seen[1].judged == regime(SMALL, engine="closure") != regime(SMALL) == seen[2].judged
    assert seen[2].courses is seen[1].courses
    told = [say_view(view) for view in seen[:3]]
    assert "by the closure. The mean field follows" in told[1]["by"] and told[2]["by"] == "Predicted by the mean field."
    assert told[1]["verdict"] != told[2]["verdict"] and "mean field" in str(told[2]["verdict"])


@pytest.mark.tier2
def test_while_a_slider_moves_losses_are_as_near_as_the_page_says() -> None:
    generator = np.random.default_rng(22)
    explorer, apart = Explorer(Experiment.preset("quick").replace(schedule="L-S")), []
    for _ in range(12):
        drawn = {name: float(np.exp(generator.uniform(*np.log(RANGE[name])))) for name in MOVED}
        drawn |= {"d": round(drawn["d"]), "alpha_min": float(generator.uniform(0.0, 0.6))}
        drawn["eta_2"] = drawn["eta_1"] / float(generator.uniform(8.0, 100.0))
        apart.append(distance(explorer.move(drawn)))
    assert max(apart) <= STATED, apart
    assert max(apart) > 1e-4, "they are coarse"


def test_a_coarser_closure_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = Explorer(Experiment.preset("quick").replace(schedule="L-S"))
    near = distance(explorer.view)
    monkeypatch.setattr("theory_sim.explore.view.COARSE", 0.03)
    monkeypatch.setattr("theory_sim.theory.closure.grid._PER_DECAY", 1.5)  # which alone would have enough blocks
    assert near <= STATED < distance(explorer.move({}))


def test_times_that_are_not_added_up_are_off_by_rounding_alone() -> None:
    tiny = SMALL.replace(eta_2=0.001)
    added, multiplied = (get_closure(tiny, "S", fineness=0.3, adds_up=each) for each in (True, False))
    assert np.array_equal(added.step, multiplied.step) and not np.array_equal(added.tau, multiplied.tau)
    for name in ("tau", "loss_P", "loss_Q"):
        np.testing.assert_allclose(getattr(multiplied, name), getattr(added, name), rtol=1e-8)


def test_it_says_what_check_says(tmp_path: Path) -> None:
    explorer = Explorer(SMALL)
    view = refined(explorer)
    (tmp_path / "saved.toml").write_text(to_toml(view.experiment))
    printed = CliRunner(env={"COLUMNS": "1000"}).invoke(app, ["check", str(tmp_path / "saved.toml")]).output
    told = say_view(view)
    assert "--verbose" not in str(told), "a hint for a terminal"
    lines = [*told["orders"], *(line for block in told["verdict"] for line in block.get("lines", ()))]
    assert len(lines) >= 3 and all(line in printed for line in lines)
    for block in (*told["verdict"], *told["conditions"]):
        for row in block.get("rows", ()):
            for cell in row:
                assert all(line.strip() in printed for line in cell.split("\n")), cell
    assert len(told["standing"]) == len(BOUNDARIES)


def test_the_table_has_the_losses_of_the_curves() -> None:
    explorer = Explorer(SMALL)
    view = refined(explorer)
    told = say_view(view)["losses"]
    assert len(told["head"]) == 5 and len(told["rows"]) == 9
    for row in told["rows"]:
        curves = [(course.tau, loss) for course in view.courses.values() for loss in (course.loss_P, course.loss_Q)]
        for cell, (tau, loss) in zip(row[1:], curves, strict=True):
            assert float(cell) == pytest.approx(np.interp(float(row[0]), tau, loss), abs=3e-3)


def test_what_is_no_experiment_is_refused_and_the_view_stays() -> None:
    explorer = Explorer(SMALL)
    before = explorer.view
    for values in ({"kappa": 1.0, "q0": 0.9}, {"alpha_min": 0.9, "alpha_max": 0.1}, {"r": -1.0}, {"d": 0}):
        with pytest.raises(ExperimentError):
            explorer.move(values)
    with pytest.raises(InputError, match="rate"):
        explorer.move({"eta_1": 60.0, "lambda": 0.5, "eta_2": 50.0})
    with pytest.raises(InputError, match="seed"):
        explorer.move({"seed": 3})
    assert explorer.view is before
    with pytest.raises(InputError, match="split"):
        Explorer(Experiment(network="shared"))


def test_what_has_not_moved_stays_bit_by_bit() -> None:
    start = Experiment(N=777, d=61, tau_0=0.3)
    assert move(start, get_values(start)) == start
    moved = move(start, {"r": 0.123, "d": 62})
    assert moved == start.replace(r=0.123, d=62) and moved.N == 777
    assert move(start, {"kappa": 0.4}) == start.replace(kappa=0.4)


def test_sliders_reach_the_start_wherever_it_is() -> None:
    far = Experiment(d=20_000, r=3.0, max_tau=10.0, tau_0=0.3, **{"lambda": 0.0})
    sliders = {each.name: each for each in get_sliders(far)}
    assert sliders.keys() == RANGES.keys()
    assert all(each.low <= each.value <= each.high and each.meaning for each in sliders.values())
    assert not sliders["lambda"].logarithmic and sliders["d"].whole and not sliders["r"].whole


@pytest.fixture(scope="module")
def plane() -> Plane:
    *_, last = trace(SMALL, get_extent(SMALL, RANGES))
    assert last is not None
    return last


def test_boundaries_lie_where_the_conditions_change(plane: Plane) -> None:
    found = 0
    for line in plane.lines:
        for r, lambda_ in line.pieces:
            for x, y in list(zip(r, lambda_, strict=True))[::4]:
                found += 1
                assert abs(margins_of(SMALL.replace(**{"r": x, "lambda": y}))[line.id]) < 0.02
                assert abs(margins_of(SMALL.replace(**{"r": 1.1 * x, "lambda": y}))[line.id]) > 0.05, "a shifted line"
    assert found > 10


def test_boundaries_are_kept_while_r_and_lambda_move_alone() -> None:
    explorer = Explorer(SMALL)
    refined(explorer)
    assert explorer.move({"r": 0.2, "lambda": 1e-4}).plane is not None
    assert explorer.move({"r": 0.2, "d": 61}).plane is None


def test_a_saved_file_gives_the_same_curves(tmp_path: Path) -> None:
    explorer = Explorer(SMALL.replace(seed=4))
    explorer.move({"r": 0.123456789012345, "eta_2": 0.3})
    Target(tmp_path / "new" / "saved.toml", False).save(explorer.view.experiment)
    plan = Plan.from_toml(tmp_path / "new" / "saved.toml")
    assert [each.schedule for each in plan] == list(SCHEDULES) and plan.seeds == (4,)
    for run, name in zip(plan, SCHEDULES, strict=True):
        assert run == explorer.view.experiment.replace(schedule=name)


def test_a_file_is_replaced_only_if_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    with pytest.raises(StoreError, match="already"):
        Target(path, False).save(SMALL)
    assert path.read_text() == "mine"
    Target(path, True).save(SMALL)
    assert path.read_text() == to_toml(SMALL)
    with pytest.raises(StoreError, match="already"):
        Target(tmp_path, True).save(SMALL)


def test_the_limit_of_other_parameters_is_said_to_be_one() -> None:
    assert say_apart(None, SMALL) == say_apart(SMALL, SMALL.replace(seed=3)) == ""
    assert say_apart(SMALL, SMALL.replace(r=0.25)) == "What was computed was started at other parameters: r = 0.6 (now 0.25)."


def test_a_course_that_ends_early_is_blank_after_its_end() -> None:
    view = Explorer(SMALL.replace(max_steps=300)).view
    ends = {course.final_tau for course in view.courses.values()}
    assert len(ends) == 2 and any(math.isnan(loss) for _, losses in view.losses(5) for loss in losses)
    assert any("-" in row for row in say_view(view)["losses"]["rows"])


def test_a_move_is_told_in_one_message_that_has_all_that_is_drawn() -> None:
    pytest.importorskip("bokeh", reason="the extra 'explore' is not installed")
    from bokeh.document import Document
    from bokeh.document.events import DocumentPatchedEvent

    document = Document()
    page = Page(document, SMALL, None, "", "")
    changes: list[Any] = []
    document.on_change(changes.append)
    page._hear("data", None, {"words": [json.dumps({"number": 7, "act": "move", "values": {"r": 0.55, "q0": 0.0}})]})
    assert sum(isinstance(each, DocumentPatchedEvent) for each in changes) == 1, "and what else changes stays on the server"
    told = json.loads(page._told.data["words"][0])
    assert told["answers"] == 7 and told["kind"] == "view"
    curves, plane = told["drawn"]
    for name, course in Explorer(SMALL.replace(r=0.55, q0=0.0)).view.courses.items():
        drawn = curves["sources"][f"closure-{name}"]
        assert (drawn["tau"], drawn["P"]) == (course.tau.tolist(), course.loss_P.tolist())
        assert set(drawn["Q"]) == {None}, "no example of Q alone"
    assert plane["sources"]["here"] == {"r": [0.55], "lambda": [SMALL.lambda_]}
    assert plane["ranges"]["plane"]["x_range"] == list(get_extent(SMALL, RANGES)["r"])


@pytest.fixture
def page_and_calls(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Callable[[], None]], list[dict[str, Any]]]:
    """A page, the calls that wait for their turn, and what the page is told; a part of a refinement is a block or two."""
    pytest.importorskip("bokeh", reason="the extra 'explore' is not installed")
    from bokeh.document import Document

    waiting: list[Callable[[], None]] = []
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(Document, "add_timeout_callback", lambda self, callback, ms: waiting.append(callback))
    monkeypatch.setattr(Document, "add_next_tick_callback", lambda self, callback: waiting.append(callback))
    monkeypatch.setattr("theory_sim.explore.view._PART_SECONDS", 1e-5)
    monkeypatch.setattr("theory_sim.explore.view.trace", lambda experiment, extent: iter(()))
    monkeypatch.setattr(predicted, "_known", {})
    page = Page(Document(), SMALL, None, "", "")
    monkeypatch.setattr(page, "_tell", lambda kind, **more: kind != "heard" and told.append({"kind": kind, **more}))
    waiting.clear()
    return page, waiting, told


def _move(page: Any, **values: float) -> None:
    page._hear("data", None, {"words": [json.dumps({"number": 1, "act": "move", "values": values})]})


def _finish(waiting: list[Callable[[], None]]) -> None:
    for _ in range(1000):
        waiting.pop(0)() if waiting else None


@pytest.mark.parametrize("parts", [0, 2, 9])
def test_after_a_move_nothing_of_the_parameters_before_is_told(
    parts: int, page_and_calls: tuple[Any, list[Callable[[], None]], list[dict[str, Any]]],
) -> None:
    """However far the refinement has come: by then it may have followed the mean field of the old parameters for a while."""
    page, waiting, told = page_and_calls
    _move(page, r=0.5)
    for _ in range(parts):
        waiting.pop(-1)()
    _move(page, r=0.7)
    told.clear()
    _finish(waiting)
    views = [each for each in told if each["kind"] == "view"]
    assert [(each["drawn"][1]["sources"]["here"]["r"], each["engine"]) for each in views] == [([0.7], "closure"),
                                                                                            ([0.7], "mean-field")], parts
    assert views[-1]["orders"] == order_lines(regime(SMALL.replace(r=0.7))) != order_lines(regime(SMALL.replace(r=0.5)))


def test_the_view_that_a_refusal_leaves_is_refined_and_the_refusal_stays(
    page_and_calls: tuple[Any, list[Callable[[], None]], list[dict[str, Any]]],
) -> None:
    page, waiting, told = page_and_calls
    _move(page, r=0.7)
    _move(page, alpha_min=0.9, alpha_max=0.1)
    assert [each["kind"] for each in told] == ["view", "refused"]
    _finish(waiting)
    assert (told[-1]["kind"], told[-1]["engine"]) == ("view", "mean-field") and "alpha_min" in told[1]["message"]
    assert told[-1]["refused"] == told[1]["message"] and told[0]["refused"] == ""
    assert told[-1]["orders"] == order_lines(regime(SMALL.replace(r=0.7)))
    _move(page, r=0.6)
    assert told[-1]["kind"] == "view" and told[-1]["refused"] == ""


def test_every_preset_can_be_explored() -> None:
    from theory_sim.experiment.description import preset_names

    for name in preset_names():
        Engine("closure").require(Experiment.preset(name).replace(schedule="L-S"))
