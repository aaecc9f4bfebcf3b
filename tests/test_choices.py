"""Templates of the how-to guides: one file adds a schedule, a loss, an optimiser, a placement of noise or an observer."""

from __future__ import annotations

import importlib
import io
import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from pydantic import Field

from theory_sim import Experiment, draw_data, simulate
from theory_sim.cli import app
from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import (
    ACTIVATIONS,
    ALPHA_LAWS,
    DATA_LAWS,
    LOSSES,
    OBSERVERS,
    OPTIMISERS,
    PLACEMENTS,
    SAMPLINGS,
    SCHEDULES,
)
from theory_sim.experiment.tables import choice_table, field_table, observer_table, placement_table, schedule_table
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.plan import Plan
from theory_sim.terminal.program import run_program
from theory_sim.testing.noise_laws import noise_level_is_likely
from theory_sim.train.noise import matched_level
from theory_sim.train.sampling import make_sampling
from theory_sim.train.schedules import Schedule

ROOT = Path(__file__).resolve().parent.parent
TINY = Experiment(d=8, N=24, m_W=12, m_V=16, n_test=4, max_tau=8.0, record_every=1.0, eta_1=1.0, eta_2=0.25, lambda_=0.01,
                  tau_xi=0.05, epsilon_1=0.3)
PLACES = {"SCHEDULES": "theory_sim.train.schedules", "PLACEMENTS": "theory_sim.train.noise", "OBSERVERS": "theory_sim.observe",
          "LOSSES": "theory_sim.train.losses", "OPTIMISERS": "theory_sim.train.optimisers",
          "DATA_LAWS": "theory_sim.data", "ALPHA_LAWS": "theory_sim.data.alpha",
          "ACTIVATIONS": "theory_sim.network.activations", "SAMPLINGS": "theory_sim.train.sampling"}


def templates() -> dict[str, str]:
    """Code of the recipes by the registry that each uses: the first of its page, which what is refused builds on."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "how-to").glob("own_*.md")))
    codes = re.findall(r"```python\n(.*?)```", pages, flags=re.DOTALL)
    return {name: code for code in reversed(codes) for name in PLACES if f"@{name}.register" in code}


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files, as if they were in the packages' folders."""
    registries: dict[str, Any] = {"SCHEDULES": SCHEDULES, "PLACEMENTS": PLACEMENTS, "OBSERVERS": OBSERVERS,
                                  "LOSSES": LOSSES, "OPTIMISERS": OPTIMISERS, "DATA_LAWS": DATA_LAWS, "ALPHA_LAWS": ALPHA_LAWS,
                                  "ACTIVATIONS": ACTIVATIONS, "SAMPLINGS": SAMPLINGS}
    before = {name: (registry.names(), dict(registry._things)) for name, registry in registries.items()}
    for name, code in templates().items():
        folder = tmp_path / name.lower()
        folder.mkdir()
        (folder / "of_the_page.py").write_text(code, encoding="utf-8")
        package = importlib.import_module(PLACES[name])
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        monkeypatch.setattr(registries[name], "_loaded", False)
    yield
    for name, registry in registries.items():
        registry._things = before[name][1]
        sys.modules.pop(f"{PLACES[name]}.of_the_page", None)


def printed(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Standard output of the program, wide."""
    monkeypatch.setattr(sys, "argv", ["theory-sim", *arguments])
    monkeypatch.setenv("COLUMNS", "400")
    out = io.StringIO()
    with redirect_stdout(out):
        run_program(app, "theory-sim")
    return out.getvalue()


def test_the_guides_have_a_template_for_each() -> None:
    assert templates().keys() == PLACES.keys()


@pytest.mark.usefixtures("added")
def test_one_file_is_found_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed("run", "--help", monkeypatch=monkeypatch)
    for name in ("ramp", "langevin", "stragglers", "smooth-hinge", "spheres", "triangular", "silu"):
        assert name in text
    assert "| `ramp` | from half of `eta_1`" in schedule_table() and "`ramp_tau` |" in schedule_table()
    row = "| `ramp_tau` | `50.0` | a number from 1e-12 to 1e12 | tau at which the rate is eta_1 (read by `ramp`) |"
    assert row in field_table()
    assert "| `langevin` |" in placement_table() and "| `stragglers` |" in observer_table()
    for kind, name in (("loss", "smooth-hinge"), ("data_law", "spheres"), ("alpha_law", "triangular"), ("activation", "silu")):
        assert f"| `{name}` | " in choice_table(kind)
    path = tmp_path / "run.toml"
    path.write_text("schedule = 'ramp'\nramp_tau = 4\nnoise_placement = 'langevin'\nnoise_level = 0.1\n"
                    "[observe.stragglers]\nevery_tau = 2.0\n", encoding="utf-8")
    e = Plan.from_toml(path).experiment
    assert e.own_values == {"ramp_tau": 4.0} and e.fields()["ramp_tau"] == 4.0
    e.to_toml(tmp_path / "again.toml")
    assert Experiment.from_toml(tmp_path / "again.toml") == e and hash(Experiment(**e.fields())) == hash(e)


@pytest.mark.usefixtures("added")
def test_messages_know_it(tmp_path: Path) -> None:
    for fields, found, rule in (
        ({"schedule": "ram"}, "schedule = 'ram'", "'ramp'"),
        ({"noise_placement": "langevine", "noise_level": 1.0}, "noise_placement = 'langevine'", "'langevin'"),
        ({"observe": {"straglers": {}}}, "unknown observer 'straglers'", "one of the 6 known ones"),
        ({"schedule": "ramp", "ramp_tau": -1.0}, "ramp_tau = -1.0", "a number from 1e-12 to 1e12"),
        ({"schedule": "ramp", "ramp_tau": math.nan}, "ramp_tau = nan", "a number"),
        ({"ramp_tau": 3.0}, "ramp_tau given", "only schedule 'ramp' reads it"),
        ({"ramp_tua": 3.0}, "unknown field 'ramp_tua'", "only fields"),
        ({"observe": {"stragglers": {"probes": 3}}}, "probes for the observer 'stragglers'", "every training example"),
    ):
        with pytest.raises(ExperimentError) as refused:
            Experiment(**fields)
        assert found in refused.value.found and rule in refused.value.rule, str(refused.value)
    path = tmp_path / "bad.toml"
    path.write_text("schedule = 'ramp'\n\nramp_tau = 'x'\n", encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"bad\.toml, line 3: ramp_tau = 'x'"):
        Experiment.from_toml(path)
    with pytest.raises(InputError, match="piecewise constant"):
        simulate(TINY.replace(schedule="ramp"), "limit", time="flow")


@pytest.mark.usefixtures("added")
def test_the_schedule_and_the_observer_run() -> None:
    e = TINY.replace(schedule="ramp", ramp_tau=4.0, observe={"stragglers": {"every_tau": 2.0}})
    for run in (simulate(e, threads=1), simulate(e, "limit", threads=1), simulate(e.replace(observe={}), "closure")):
        tau, rate = run.history("tau")[:-1], run.history("rate")[:-1]
        np.testing.assert_allclose(rate, np.minimum(1.0, 0.5 + tau / 8.0), rtol=1e-12)
        assert math.isnan(run.annealed_tau) and run.dataset.attrs["outcome"] == "budget_spent"
    wrong = simulate(e, threads=1).dataset["wrong"]
    assert wrong.dims == ("record_stragglers", "kind") and int(wrong[0].sum()) > int(wrong[-1].sum()) >= 0


@pytest.mark.usefixtures("added")
def test_the_sampling_runs() -> None:
    """Every other example at even steps, the others at odd ones."""
    assert "| `in-turn` |" in choice_table("sampling")
    e = TINY.replace(sampling="in-turn", max_tau=2.0, schedule="S")
    assert len(simulate(e, threads=1).history("train_loss")) == len(simulate(e, "limit", threads=1).history("train_loss"))
    assert [make_sampling(e).at(step).tolist()[:2] for step in range(3)] == [[0, 2], [1, 3], [0, 2]]


@pytest.mark.usefixtures("added")
def test_the_loss_runs() -> None:
    """Margins stay below 1 in this short run, where it is the squared loss."""
    for engine in ("finite", "limit"):
        mine, squared = (simulate(TINY.replace(loss=name), Engine(engine), threads=1) for name in ("smooth-hinge", "squared"))
        np.testing.assert_array_equal(mine.history("train_loss"), squared.history("train_loss"))
    with pytest.raises(InputError, match=r"loss = 'smooth-hinge'\n.*closed forms"):
        simulate(TINY.replace(loss="smooth-hinge"), "closure")


@pytest.mark.usefixtures("added")
def test_the_optimiser_runs() -> None:
    """nu = 0 is gradient descent; nu = 1 is heavy ball at a tenth of the rate, but for the weight of its buffer."""
    e = TINY.replace(optimiser="quasi-hyperbolic", qh_nu=0.0, dtype="float64", tau_0=0.3)
    plain, same = simulate(e.replace(optimiser="gradient-descent"), threads=1), simulate(e, threads=1)
    np.testing.assert_allclose(same.history("train_loss"), plain.history("train_loss"), rtol=1e-9)
    first, again = (simulate(each, "limit", threads=1) for each in (e.replace(optimiser="gradient-descent"), e))
    np.testing.assert_allclose(again.history("train_loss"), first.history("train_loss"), rtol=1e-6)
    heavy = e.replace(optimiser="heavy-ball", schedule="constant", eta_1=0.1, max_tau=0.8, record_every=0.1)
    mean = simulate(e.replace(qh_nu=1.0, schedule="constant"), threads=1)
    same = simulate(heavy, threads=1)
    for name in ("train_loss", "tau_noise_exact"):
        np.testing.assert_allclose(mean.history(name), same.history(name), rtol=1e-9)
    assert "| `quasi-hyperbolic` | $" in choice_table("optimiser")
    with pytest.raises(InputError, match=r"optimiser = 'quasi-hyperbolic'\n.*closed forms"):
        simulate(e, "closure")


@pytest.mark.usefixtures("added")
def test_the_laws_of_the_data_and_the_activation_run() -> None:
    spheres = TINY.replace(data_law="spheres", activation="silu", biases=True)
    assert (simulate(spheres, threads=1).history("train_loss") > 0).all()
    radius = np.linalg.norm(draw_data(spheres).x1, axis=1)
    np.testing.assert_allclose(radius, np.where(draw_data(spheres).y > 0, 1.0, 0.5), rtol=1e-6)
    e = TINY.replace(alpha_law="triangular", alpha_min=0.2, N=4000, p0=0.0)
    alpha = draw_data(e).alpha
    assert alpha.min() >= 0.2 and alpha.max() <= 1.0 and abs(alpha.mean() - 0.6) < 5 * 0.8 / 24**0.5 / 4000**0.5
    small = e.replace(N=24)
    for engine in ("finite", "limit"):
        assert simulate(small, Engine(engine), threads=1).outcome == "budget_spent"
    with pytest.raises(InputError, match=r"alpha_law = 'triangular'\n.*closed forms"):
        simulate(small, "closure")


@pytest.mark.usefixtures("added")
def test_the_placement_runs() -> None:
    """The accumulated noise has the level that its kicks add up to: tau^2 <- (1 - gamma lambda)^2 tau^2 + gamma s^2."""
    noisy = TINY.replace(schedule="constant", noise_placement="langevin", noise_level=0.3, tau_xi=0.0, tau_0=0.1, d=60, N=240)
    run = simulate(noisy, threads=1)
    variance = 0.1**2
    for _ in range(8):
        variance = 0.99**2 * variance + 0.3**2
    noise = run.dataset["W_noise"].values[::2]
    noise_level_is_likely(math.sqrt(float(np.mean(noise**2))), math.sqrt(variance), noise.size, level=1e-6)
    assert matched_level("langevin", 2.0, rate=1.0, lambda_=0.1) == 2.0


@pytest.mark.usefixtures("added")
def test_own_fields_change_no_other_experiment() -> None:
    e = TINY.replace(schedule="ramp", ramp_tau=4.0)
    assert "ramp_tau" not in e.replace(schedule="S").fields()
    assert TINY.fields() == e.replace(schedule="L-S").fields()
    assert e.replace(seed=3).own_values == {"ramp_tau": 4.0}
    assert TINY.replace(schedule="ramp").own_values == {"ramp_tau": 50.0}
    assert e != e.replace(ramp_tau=5.0)
    sweep = Sweep.of({"name": "s", "compare": ["ramp"], "product": {"ramp_tau": [2.0, 4.0]}})
    assert len({run.id for run in sweep}) == 2 and {run.experiment.own_values["ramp_tau"] for run in sweep} == {2.0, 4.0}


def test_what_a_class_must_declare() -> None:
    class Nameless(Schedule):
        summary = "no name"

        def __init__(self, experiment: Experiment, q_hat: float) -> None: ...

        def rate(self, tau: float, training_loss: float) -> float:
            return 1.0

    with pytest.raises(InputError, match="without name"):
        SCHEDULES.register(Nameless)
    Nameless.name = "S"
    with pytest.raises(InputError, match="a second schedule 'S'"):
        SCHEDULES.register(Nameless)


def test_a_class_of_a_notebook_registers_itself_and_may_be_defined_again() -> None:
    before = dict(SCHEDULES._things), SCHEDULES.names()
    try:
        for times in (1.0, 2.0):
            class Mine(Schedule):
                """Defined twice, as when a cell is run again."""

                name, summary = "mine", "a rate of its own"
                fields: ClassVar = {"my_rate": Annotated[float, Field(gt=0, description="the rate")]}
                rate_fields = ("my_rate",)
                factor = times

                def __init__(self, experiment: Experiment, q_hat: float) -> None:
                    self._rate = experiment.own_values["my_rate"] * self.factor

                def rate(self, tau: float, training_loss: float) -> float:
                    return self._rate

            SCHEDULES.register(Mine)
        run = simulate(TINY.replace(schedule="mine", my_rate=0.25), threads=1)
        assert set(run.history("rate")) == {0.5}
        with pytest.raises(ExperimentError, match="'mine' without my_rate"):
            Experiment(schedule="mine")
    finally:
        SCHEDULES._things = before[0]


def test_own_fields_stand_in_the_order_of_their_declaration() -> None:
    """Whatever the order in which they are given: `replace` collects fields in a set, whose order differs between processes."""
    own = {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-6, "preconditioner": "pair", "decay": "decoupled"}
    texts = {json.dumps(TINY.replace(optimiser="adam", tau_0=1.0, **dict(order)).fields())
             for order in (own.items(), reversed(list(own.items())), sorted(own.items()))}
    assert len(texts) == 1
