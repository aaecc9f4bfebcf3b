"""What a user brings in is looked at before it is used: names, rates, activations, plug-ins; and what a run may lie in."""

from __future__ import annotations

import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, Trajectory, draw_data, simulate
from theory_sim.errors import ExperimentError, InputError, StoreError
from theory_sim.experiment.choices import ACTIVATIONS, ALPHA_LAWS, DATA_LAWS, LOSSES, OPTIMISERS, SCHEDULES
from theory_sim.network.activations import Activation
from theory_sim.plugins import load_plugins
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.train.losses import make_loss
from theory_sim.train.schedules import TimeSchedule, schedule_from

SMALL = Experiment(d=8, N=24, m_W=8, m_V=8, n_test=2, max_tau=20.0, tau_0=0.2, eta_1=1.0, eta_2=0.5, record_every=2.0)


def test_a_run_does_not_lie_in_another(tmp_path: Path) -> None:
    simulate(SMALL, store=tmp_path / "run")
    for inside in (tmp_path / "run" / "other", tmp_path / "run" / "deep" / "other"):
        with pytest.raises(StoreError, match="lies in the run"):
            simulate(SMALL, store=inside)
    assert Trajectory.load(tmp_path / "run").experiment == SMALL  # nothing was written into it
    (tmp_path / "run.json").write_text("a file of the user's, in a folder that is no run")
    simulate(SMALL, store=tmp_path / "beside" / "run")


@pytest.mark.parametrize("engine", ["limit", "finite"])
def test_schedules_with_fields_of_their_own_are_compared(engine: str) -> None:
    warm = SMALL.replace(schedule="warm-up", warm_up=5.0)
    cut = SMALL.replace(schedule="pieces", pieces=[[5.0, 1.0], [20.0, 0.5]])
    runs = [simulate(each, engine) for each in (warm, cut, SMALL.replace(schedule="S"))]
    assert [each.schedule for each in summarise(runs)] == ["warm-up", "pieces", "S"]
    with pytest.raises(InputError, match=r"differ in warm_up = 5\.0, 6\.0"):
        summarise([runs[0], simulate(warm.replace(warm_up=6.0, seed=1), engine)])


@pytest.mark.parametrize(("registry", "name"), [(LOSSES, "squared"), (OPTIMISERS, "adam"), (SCHEDULES, "cosine"),
                                                (ALPHA_LAWS, "fixed")])
def test_a_built_in_name_is_taken_before_anybody_asked_for_it(
    registry: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a program that registers first: what is loaded must not depend on the order of calls."""
    monkeypatch.setattr(registry, "_loaded", False)
    theirs = registry[name]
    with pytest.raises(InputError, match=f"a second {registry.kind} '{name}'"):
        registry.register(type("Mine", (theirs,), {"__module__": "mine", "name": name, "summary": "mine"}))
    assert registry[name] is theirs


@pytest.mark.parametrize("name", ["../../evil", "a/b", "nul\0", "", "x" * 101, "-a"])
def test_the_name_of_a_thing_is_one_of_a_folder(name: str) -> None:
    with pytest.raises(InputError):
        schedule_from(lambda tau: 1.0, name=name, rates=(1.0, 1.0))


@pytest.mark.parametrize("rate", [-1.0, 0.0, math.nan, math.inf])
@pytest.mark.parametrize("engine", ["finite", "limit"])
def test_a_rate_is_above_zero_at_every_step(rate: float, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wild(TimeSchedule):
        name, summary, reads = "wild", "turns bad", ("eta_1",)

        def rate_at(self, time: float) -> float:
            return 1.0 if time < 2.0 else rate

    monkeypatch.setattr(SCHEDULES, "_things", dict(SCHEDULES._things))
    SCHEDULES.register(Wild)
    with pytest.raises(InputError, match=r"the schedule 'wild' has the rate .* at tau = 2"):
        simulate(SMALL.replace(schedule="wild", max_tau=10.0), engine)


class Sine(Activation):
    """A right activation; its false twins below."""

    name, summary = "sine", "sin z"
    zero_at_zero = True

    def value(self, z: Any) -> Any:
        return np.sin(z)

    def slope(self, z: Any) -> Any:
        return np.cos(z)

    def bend(self, z: Any) -> Any:
        return -np.sin(z)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"slope": lambda self, z: 5.0 * np.cos(z)}, "has the slope"), ({"bend": lambda self, z: np.sin(z)}, "has the bend"),
    ({"homogeneous": True}, "declares homogeneous"), ({"two_lines": True}, "declares two_lines"),
    ({"value": lambda self, z: np.sin(z) + 1e-3}, "declares zero_at_zero"),
    ({"value": lambda self, z: float(np.sin(z).sum())}, r"shape \(\)"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_an_activation_is_what_it_declares(wrong: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIVATIONS, "_things", dict(ACTIVATIONS._things))
    ACTIVATIONS.register(Sine)
    e = SMALL.replace(activation="sine", max_tau=2.0)
    assert simulate(e).outcome == "budget_spent"
    ACTIVATIONS._things["sine"] = type("Sine", (Sine,), wrong)
    with pytest.raises(InputError, match=f"the activation 'sine':? {words}"):
        simulate(e)


def test_a_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    class Entry:
        value = "their_module"

        class dist:
            name = "their-distribution"

        def load(self) -> None:
            raise ImportError("no luck")

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Entry()])
    with pytest.raises(InputError, match="the plug-in their_module of their-distribution cannot be loaded: ImportError"):
        load_plugins("theory_sim.train.losses")


def test_other_data_may_have_fewer_examples_than_dimensions() -> None:
    assert len(draw_data(Experiment(data_law="xor", d=20, N=15))) == 15  # p0 = d/(2N) is the P/Q mixture's
    with pytest.raises(ExperimentError, match="d = 1 with data_law = 'xor'"):
        Experiment(data_law="xor", d=1, N=15)


def test_epsilon_is_a_number_of_the_precision() -> None:
    Experiment(optimiser="adam", tau_0=1.0, epsilon=1e-50, dtype="float64")
    with pytest.raises(ExperimentError, match="epsilon = 1e-50 in float32"):
        Experiment(optimiser="adam", tau_0=1.0, epsilon=1e-50, dtype="float32")


def test_a_power_near_minus_one_keeps_its_digits() -> None:
    """The law of log alpha is uniform there; a power of 1e-12 has rounded all but a few thousand values away."""
    e = Experiment(d=4, N=4000, p0=0.0, alpha_law="power", alpha_power=-1 + 1e-14, alpha_min=0.25, alpha_max=2.0)
    alpha = np.sort(draw_data(e).alpha)
    assert len(np.unique(alpha)) == 4000
    assert np.abs(np.log(alpha / 0.25) / math.log(8.0) - (np.arange(4000) + 0.5) / 4000).max() < 0.04  # Kolmogorov: 1e-5


@pytest.mark.parametrize("shape", ["triangle", "cosine"])
@pytest.mark.parametrize(("high", "low"), [(3.0, 0.5), (0.5, 3.0)])
def test_the_lowest_rate_of_a_span_of_cycles(shape: str, high: float, low: float) -> None:
    from theory_sim.train.schedules import make_schedule

    schedule: Any = make_schedule(Experiment(schedule="cyclic", eta_1=high, eta_2=low, cycle=10.0, cycle_shape=shape), 0.5)
    for start, end in ((0.0, 4.0), (1.0, 6.0), (6.0, 9.0), (8.0, 12.0), (2.0, 31.0)):
        seen = min(schedule.rate_at(time) for time in np.linspace(start, end, 4001))
        assert schedule.lowest(start, end) <= seen <= schedule.lowest(start, end) + 1e-2


def test_a_share_of_flips_is_rounded_to_the_nearest_number() -> None:
    clean = draw_data(SMALL)
    for share, count in ((0.05, 1), (0.07, 2), (0.1, 2), (0.11, 3)):  # of 24: 1.2, 1.68, 2.4, 2.64
        assert int((draw_data(SMALL.replace(label_flips=share)).y != clean.y).sum()) == count


def test_a_run_that_begins_below_the_loss_of_no_output_has_room_to_rise() -> None:
    """Diverged is ten times the larger of the loss at the start and l(0)."""
    from theory_sim.loop import Run

    run: Any = object.__new__(Run)
    run.loss = make_loss(SMALL)
    assert [run._loss_limit(loss) for loss in (0.01, 5.0, 1e9)] == pytest.approx([10 * math.log(2.0), 50.0, 1e6])


def test_hinge_is_flat_from_margin_one_on() -> None:
    loss: Any = LOSSES["hinge"](SMALL)
    assert loss.slope(np.array([1.0 - 1e-12, 1.0, 1.0 + 1e-12])).tolist() == [-1.0, 0.0, 0.0]


def test_a_run_continues_with_its_own_data_and_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A law or a function of the user's may be another one when the run is resumed, under the same name."""
    from theory_sim import resume
    from theory_sim.data import register_data_law

    monkeypatch.setattr(DATA_LAWS, "_things", dict(DATA_LAWS._things))
    monkeypatch.setattr(SCHEDULES, "_things", dict(SCHEDULES._things))

    def law(scale: float) -> Any:
        def draw(experiment: Any, kind: Any, y: Any, rng: Any) -> Any:
            return scale * rng.normal(size=(len(y), experiment.d)), rng.normal(size=(len(y), 2))

        draw.__qualname__ = "draw"
        return draw

    def begin(name: str) -> Any:
        register_data_law("scaled", law(0.3), k=2)
        schedule_from(lambda tau: 1.0, name="level", rates=(0.5, 1.0))
        e = Experiment(d=8, N=24, m_W=8, m_V=8, n_test=2, max_tau=40.0, tau_0=0.2, data_law="scaled", schedule="level")
        steps: list[int] = []

        def stop(step: int, tau: float, loss: float) -> None:
            steps.append(step)
            if len(steps) == 3:
                signal.raise_signal(signal.SIGINT)

        assert simulate(e, store=tmp_path / name, progress=stop).outcome == "interrupted"
        return e

    e = begin("same")
    assert resume(tmp_path / "same").dataset.equals(simulate(e).dataset)
    begin("data")
    register_data_law("scaled", law(0.4), k=2)
    with pytest.raises(StoreError, match="the training set is not the one that the run was begun with"):
        resume(tmp_path / "data")
    begin("schedule")
    schedule_from(lambda tau: 0.5, name="level", rates=(0.5, 1.0))
    with pytest.raises(StoreError, match=r"has the rate 0\.5 at tau = .*, where the run took a step of 1"):
        resume(tmp_path / "schedule")
