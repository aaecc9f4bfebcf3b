"""Whatever a user's class or function gives instead of what it should is told: what it was, the rule, the fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, Observer, Variable, draw_data, simulate
from theory_sim.data import AlphaLaw, DataLaw, register_data_law
from theory_sim.errors import InputError
from theory_sim.experiment.choices import (
    ACTIVATIONS,
    ALPHA_LAWS,
    CHOSEN,
    DATA_LAWS,
    LOSSES,
    OPTIMISERS,
    PLACEMENTS,
    SAMPLINGS,
    SCHEDULES,
)
from theory_sim.network.activations import Activation
from theory_sim.theory.linear_rules import Move
from theory_sim.train.losses import Loss
from theory_sim.train.noise import LabelNoise, OutputNoise, Placement, PreActivationNoise, WeightNoise
from theory_sim.train.optimisers import LinearOptimiser
from theory_sim.train.sampling import Sampling
from theory_sim.train.schedules import Schedule, TimeSchedule, schedule_from

SMALL = Experiment(d=4, N=12, m_W=4, m_V=4, n_test=2, max_tau=3.0, tau_0=0.2, eta_1=1.0, eta_2=0.5, record_every=1.0)
# A right class of each kind: registry, base, and what it has.
RIGHT: dict[str, tuple[Any, type, dict[str, Any]]] = {
    "loss": (LOSSES, Loss, {"value": lambda self, v: np.log1p(np.exp(-v)), "slope": lambda self, v: -1 / (1 + np.exp(v)),
                            "curvature": 0.25}),
    "activation": (ACTIVATIONS, Activation, {"value": lambda self, z: np.sin(z), "slope": lambda self, z: np.cos(z)}),
    "sampling": (SAMPLINGS, Sampling, {"at": lambda self, step: np.arange(3), "needs_batch": False}),
    "schedule": (SCHEDULES, Schedule, {"__init__": lambda self, e, q_hat: None, "rate": lambda self, tau, loss: 1.0,
                                       "reads": ("eta_1",)}),
    "time": (SCHEDULES, TimeSchedule, {"rate_at": lambda self, time: 1.0, "reads": ("eta_1",)}),
    "optimiser": (OPTIMISERS, LinearOptimiser, {"move": lambda self, step: Move()}),
    "alpha": (ALPHA_LAWS, AlphaLaw, {"draw": classmethod(lambda cls, e, rng, n: rng.random(n))}),
    "data": (DATA_LAWS, DataLaw, {"patches": classmethod(
        lambda cls, e, kind, y, rng, fixed: (rng.normal(size=(len(y), e.d)), rng.normal(size=(len(y), e.d))))}),
    "output": (PLACEMENTS, OutputNoise, {"draw": lambda self, rng, norm: rng.normal(size=len(norm))}),
    "labels": (PLACEMENTS, LabelNoise, {"residual": lambda self, rng, level, y, f, loss: y * loss.slope(y * f)}),
    "weights": (PLACEMENTS, WeightNoise, {"increment": lambda self, level, rate: level * rate}),
    "pre": (PLACEMENTS, PreActivationNoise, {
        "draw": lambda self, rng, rows, sites: rng.normal(size=(rows, len(sites.norm))).astype(sites.x.dtype)}),
}
NUMBERS: list[Any] = [None, "text", [1.0], np.array([np.nan]), {"a": 1}, object(), 1j]
# Method to what it must not give, by kind.
WRONG: dict[str, dict[str, list[Any]]] = {
    "loss": {"value": NUMBERS, "slope": [*NUMBERS, np.ones((2, 2))], "faults": [3, ["text"]]},
    "activation": {"value": NUMBERS, "slope": NUMBERS, "slopes": [3, (1.0,), "ab"], "faults": [None]},
    "sampling": {"at": [3, "text", [0, 1], np.array([0.5]), np.array([12]), np.array([-1]), np.array([True, False]),
                        np.array([], int), np.zeros((2, 2), int)]},
    "schedule": {"rate": [*NUMBERS, -1.0, 0.0, np.ones(2)], "rates": [None, {}, {"eta_1": "x"}, {3: 1.0}, 1.0],
                 "least_rate": [None, "x"], "most_steps": [None, "x"], "state": [None, 3, ["x"]]},
    "time": {"rate_at": [*NUMBERS, 0.0]},
    "optimiser": {"move": [None, (1.0, 0.0), Move(np.nan), Move(*"abcd")], "stationary_level": [None, "x"],
                  "buffers": [None, {"signal a": 3}, {"mine": np.zeros((4, 3))}, {"signal a": np.zeros(4)}],
                  "numbers_a_weight": [None, (1.0,)]},
    "alpha": {"draw": [*NUMBERS, np.full(12, -1.0)]},
    "data": {"patches": [*NUMBERS, (1, 2, 3)], "shares": [None, [0.5], "x", [-1.0]], "second_dimension": [None, -1, 2.5],
             "draw": NUMBERS},
    "output": {"draw": NUMBERS}, "labels": {"residual": NUMBERS}, "weights": {"increment": [*NUMBERS, -1.0]},
    "pre": {"draw": [*NUMBERS, np.ones((2, 3), int)]},
}
CASES = [(kind, method, value) for kind, methods in WRONG.items() for method, values in methods.items() for value in values]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in CHOSEN:
        registry.names()
        monkeypatch.setattr(registry, "_things", dict(registry._things))


def made(kind: str, **changed: Any) -> type:
    _, base, right = RIGHT[kind]
    return type("Mine", (base,), {"__module__": "mine", "name": "mine", "summary": "mine", **right, **changed})


def run_with(kind: str, chosen: type) -> None:
    registry, base, _ = RIGHT[kind]
    registry.register(chosen)
    placed = {"noise_level": 0.1} if issubclass(base, Placement) else {}
    simulate(SMALL.replace(**{registry.kind: "mine"}, **placed), threads=1)


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_class_runs(kind: str) -> None:
    run_with(kind, made(kind))


def method_of(kind: str, name: str, function: Any) -> Any:
    """As the base has it: a method, or a classmethod."""
    inherited = next(base.__dict__[name] for base in RIGHT[kind][1].__mro__ if name in base.__dict__)
    return classmethod(function) if isinstance(inherited, classmethod) else function


def test_a_wrong_answer_is_told() -> None:
    """All cases in one test: a case takes milliseconds, and the fixture as long."""
    for kind, name, value in CASES:
        wrong = made(kind, **{name: method_of(kind, name, lambda *args, value=value, **more: value)})
        for registry in CHOSEN:
            registry._things.pop("mine", None)
        with pytest.raises(InputError) as caught:
            run_with(kind, wrong)
        assert caught.value.rule and caught.value.fix, (kind, name, value)
        assert "mine" in str(caught.value), (kind, name, value, str(caught.value))


def test_what_a_method_raises_is_told_with_its_place_and_rule() -> None:
    def slope(self: Any, v: Any) -> Any:
        return v.no_such_thing

    for kind, methods in WRONG.items():
        for name in methods:
            def broken(*args: Any, **more: Any) -> Any:
                raise ZeroDivisionError("mine divides")

            for registry in CHOSEN:
                registry._things.pop("mine", None)
            with pytest.raises(InputError, match=r"mine.*raises ZeroDivisionError: mine divides"):
                run_with(kind, made(kind, **{name: method_of(kind, name, broken)}))
    LOSSES._things.pop("mine", None)
    with pytest.raises(InputError) as caught:
        run_with("loss", made("loss", slope=slope))
    assert re.search(r"the Loss 'mine' raises AttributeError: .*no_such_thing.*, at line \d+ of .*test_user_answers",
                     caught.value.found)
    assert caught.value.rule.startswith("Loss.slope: l'(v), the shape of")


def _value_in_place(self: Any, z: Any) -> Any:
    return np.sin(z, out=z)


def _residual_in_place(self: Any, rng: Any, level: float, y: Any, f: Any, loss: Any) -> Any:
    y *= -1.0
    return y * loss.slope(y * f)


def _patches_in_place(cls: Any, e: Any, kind: Any, y: Any, rng: Any, fixed: Any) -> Any:
    y *= -1.0
    return rng.normal(size=(len(y), e.d)), rng.normal(size=(len(y), e.d))


@pytest.mark.parametrize(("kind", "method", "function", "says"), [
    ("activation", "value", _value_in_place, "value of the activation 'mine' changes z"),
    ("loss", "slope", lambda self, v: np.negative(v, out=v), "slope of the loss 'mine' changes margin"),
    ("labels", "residual", _residual_in_place, "changes y"),
    ("output", "draw", lambda self, rng, norm: np.multiply(norm, 2.0, out=norm), "changes norm"),
    ("pre", "draw", lambda self, rng, rows, sites: np.negative(sites.x, out=sites.x), "changes sites.x"),
    ("data", "patches", _patches_in_place, "data_law 'mine' changes y"),
])
def test_what_it_is_shown_is_not_changed(kind: str, method: str, function: Any, says: str) -> None:
    """An activation that works in place once gave another run, without a word."""
    with pytest.raises(InputError, match=says):
        run_with(kind, made(kind, **{method: method_of(kind, method, function)}))


def test_an_observer_changes_neither_examples_nor_outputs() -> None:
    class Meddler(Observer):
        name = "meddler"
        summary = "?"
        def __init__(self, part: str) -> None:
            self.part, self.variables = part, {"it": Variable((), "1", "?")}

        def observe(self, snapshot: Any) -> dict[str, float]:
            array = snapshot.network.f if self.part == "network.f" else getattr(snapshot.train, self.part.partition(".")[2])
            array[:1] = 7
            return {"it": 0.0}

    for part in ("network.f", "train.x1", "train.y", "train.kind"):
        with pytest.raises(InputError, match=f"observe of the Observer 'meddler' changes {part}"):
            simulate(SMALL, observers=[Meddler(part)], threads=1)


def test_a_function_of_other_arguments_is_told_without_a_place() -> None:
    """The call itself fails: no line of the user's is at fault, and none of a library is named."""
    def named(*, tau: float) -> float:
        return tau

    wrong: Any = named
    schedule_from(wrong, name="mine", rates=(1.0, 2.0))
    with pytest.raises(InputError, match="raises TypeError") as caught:
        simulate(SMALL.replace(schedule="mine"), threads=1)
    assert "at line" not in caught.value.found


def test_an_exception_of_the_users_own_stays_what_it_is() -> None:
    class Enough(Exception):
        pass

    def stop(self: Any, step: int) -> Any:
        raise Enough

    with pytest.raises(Enough):
        run_with("sampling", made("sampling", at=stop))


@pytest.mark.parametrize(("kind", "changed", "words"), [
    ("loss", {"curvature": "much"}, "curvature = 'much'"), ("loss", {"slope_jumps": "no"}, "slope_jumps = 'no'"),
    ("activation", {"two_lines": 1}, "two_lines = 1"), ("schedule", {"reads": "eta_1"}, "reads = 'eta_1'"),
    ("schedule", {"fields": None}, "fields = None"), ("schedule", {"fields": {"a": 3}}, "field 'a' of the type 3"),
    ("data", {"kinds": None}, "kinds = None"), ("data", {"kinds": ("a", "a")}, "kinds = "),
    ("data", {"in_theory": True}, "in_theory"), ("activation", {"in_theory": True}, "in_theory"),
    ("activation", {"error_function": True}, "declares error_function"),
    ("activation", {"fast_networks": True}, "declares fast_networks"),
])
def test_what_a_class_declares_is_looked_at(kind: str, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run_with(kind, made(kind, **changed))


@pytest.mark.parametrize("kind", RIGHT)
def test_a_class_of_the_kind_with_all_its_methods_is_registered(kind: str) -> None:
    registry, base, right = RIGHT[kind]
    stranger = type("Mine", (), {"__module__": "mine", "name": "mine", "summary": "mine"})
    for wrong, words in ((stranger, "'mine' is no "), (made(kind)(SMALL) if kind == "loss" else 3, "a class, not an object")):
        with pytest.raises(InputError, match=words):
            registry.register(wrong)
    for name in getattr(base, "__abstractmethods__", ()):
        with pytest.raises(InputError, match=f"'mine' without {name}"):
            registry.register(type("Mine", (base,), {"__module__": "mine", "name": "mine", "summary": "mine", **{
                key: value for key, value in right.items() if key != name}}))


class Counter(Observer):
    """A right observer."""

    name = "counter"
    variables = {"count": Variable((), "1", "steps")}  # noqa: RUF012

    def observe(self, snapshot: Any) -> Any:
        return {"count": snapshot.step}


def watchers() -> Iterator[tuple[str, Any]]:
    def of(**changed: Any) -> Any:
        return type("Mine", (Counter,), {"__module__": "mine", **changed})()

    yield "3 as an observer", 3
    yield "the class Counter as an observer", Counter
    yield "variables of the Observer 'counter' gives", of(variables=None)
    yield "variables of", of(variables={"count": ((), "1", "steps")})
    yield "variables of", of(variables={"count": Variable("kind", "1", "steps")})  # type: ignore[arg-type]
    yield "variables of", of(variables={"count": Variable((), "1", "steps", "signs")})  # type: ignore[arg-type]
    yield "recording of", of(recording=3)
    for value in (None, 3, {"other": 1.0}):
        yield "gave .*, declared", of(observe=lambda self, snapshot, value=value: value)
    for value in (None, "text", [1.0], object(), {"a": 1}):
        yield "count: numbers with the 0 dim", of(observe=lambda self, snapshot, value=value: {"count": value})
    row = {"count": Variable(("kind",), "1", "m")}
    yield "cannot be labelled", of(variables=row, observe=lambda self, snapshot: {"count": [1.0, 2.0]})
    yield "the shape of the record before", of(variables={"count": Variable(("k",), "1", "m")},
                                               observe=lambda self, snapshot: {"count": [1.0] * (1 + snapshot.step)})
    for value in (None, 3, {"a": 3}, {"a": (("k",), [[1.0]], {})}):
        yield "final of", of(final=lambda self, value=value: value)
    yield "cannot be labelled", of(coordinates=lambda self: {"kind": [1, 2, 3, 4]})
    for method in ("start", "observe", "final"):
        yield "raises IndexError", of(**{method: lambda self, *snapshot: [][1]})


@pytest.mark.parametrize(("words", "watcher"), list(watchers()))
def test_an_observer_records_what_it_declares(words: str, watcher: Any) -> None:
    with pytest.raises(InputError, match=words):
        simulate(SMALL, observers=[watcher], threads=1)


def test_a_state_that_no_checkpoint_holds_is_told(tmp_path: Any) -> None:
    wrong = type("Mine", (Counter,), {"__module__": "mine", "state": lambda self: {"a": object()}})()
    with pytest.raises(InputError, match="state of the Observer"):
        simulate(SMALL, observers=[wrong], threads=1, store=tmp_path / "run", checkpoint_seconds=0.0)
    assert simulate(SMALL, observers=[Counter()], threads=1).dataset["count"].values[-1] == 3


def draw(experiment: Any, kind: Any, y: Any, rng: Any) -> Any:
    return rng.normal(size=(len(y), experiment.d)), rng.normal(size=(len(y), experiment.d))


@pytest.mark.parametrize("changed", [
    {"patches": 3}, {"patches": None}, {"kinds": "ab"}, {"kinds": []}, {"kinds": ["a", "a"]}, {"kinds": [1]},
    {"shares": [0.5]}, {"shares": "a"}, {"shares": ["a"]}, {"shares": [np.nan]}, {"k": -1}, {"k": 2.0}, {"summary": 3},
    {"name": 3}, {"name": "xor"}, {"patches": lambda: 3}, {"patches": lambda *args: args[0].no_such_field},
], ids=lambda changed: re.sub(r" at 0x\w+", "", str(changed)))
def test_a_data_law_of_a_function(changed: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        register_data_law(**{"name": "mine", "patches": draw, **changed})
        draw_data(SMALL.replace(data_law="mine"))


def test_other_functions() -> None:
    register_data_law("mine", partial(draw))  # without __module__ and __qualname__
    assert len(draw_data(SMALL.replace(data_law="mine"))) == 12
    schedule_from(lambda tau: [][1], name="mine", rates=(1.0, 2.0))
    with pytest.raises(InputError, match="'mine' raises IndexError"):
        simulate(SMALL.replace(schedule="mine"), threads=1)
    for noise in (lambda: None, lambda step: [][1], lambda step: None, lambda step: {"W": 1.0, "V": 2.0}):
        with pytest.raises(InputError, match="noise"):
            simulate(SMALL, noise=noise, threads=1)  # type: ignore[arg-type]
