"""What is registered as a study, figure, executor or engine is checked at once: the message names what is wrong with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from theory_sim.engines import registry as engines
from theory_sim.engines.solver import Option as Setting
from theory_sim.engines.solver import Solver
from theory_sim.errors import InputError
from theory_sim.plots import registry as plots
from theory_sim.plots.registry import Option, Plot
from theory_sim.plugins import Registry
from theory_sim.studies import registry as studies
from theory_sim.studies.study import Study
from theory_sim.sweeps.executors import base as executors
from theory_sim.sweeps.executors.base import SweepExecutor

REGISTRIES: tuple[tuple[Callable[[Any], Any], Registry[Any]], ...] = (
    (studies.register, studies.STUDIES), (plots.register, plots.PLOTS), (executors.register, executors.EXECUTORS),
    (engines.register, engines.ENGINES))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, registry in REGISTRIES:
        monkeypatch.setattr(registry, "_things", {name: registry[name] for name in registry.names()})


def _nothing(*args: Any, **more: Any) -> Any:
    raise AssertionError("not called when it is registered")


STUDY = Study(
    name="mine", question="?", source="?", statement="?", hypothesis="?", statistic="?", rule="?", limits="?",
    seconds={"small": 1, "default": 1, "full": 1}, plan=_nothing, tabulate=_nothing, decide=_nothing, figure=_nothing,
)
FIGURE = Plot("mine", "?", "runs", lambda runs, *, feature: _nothing(), (Option("feature", str, "Q", "?"),))


def _engine(**changed: Any) -> type[Solver]:
    return type("Mine", (Solver,), {"name": "mine", "summary": "?", "unsupported": _nothing, "run": _nothing, **changed})


def _executor(**changed: Any) -> type[SweepExecutor]:
    own = {"name": "mine", "summary": "?", "require": _nothing, "of": _nothing, "submit": lambda self: Future(), **changed}
    return type("Mine", (SweepExecutor,), own)


RIGHT = (STUDY, FIGURE, _executor(), _engine())


def test_a_right_one_is_known_and_replaces_itself_where_it_is_defined_again() -> None:
    for (register, registry), thing in zip(REGISTRIES, RIGHT, strict=True):
        register(thing)
        register(thing)
        assert "mine" in registry.names(), registry.kind


@pytest.mark.parametrize("wrong", [3, None, "text", int, object(), Study, Plot, SweepExecutor, Solver],
                         ids=lambda each: getattr(each, "__name__", type(each).__name__))
def test_what_is_no_such_thing_is_refused_by_each(wrong: Any) -> None:
    for register, registry in REGISTRIES:
        with pytest.raises(InputError, match=registry.kind) as caught:
            register(wrong)
        assert caught.value.rule and caught.value.fix, registry.kind


def _with(thing: Any, **wrong: Any) -> Any:
    return replace(thing, **wrong)


def _parts() -> Iterator[tuple[int, Any, str]]:
    """Of each registry, by its index: a wrong thing, and what the message says."""
    for name in ("question", "plan", "decide", "figure", "metrics", "seconds"):
        yield 0, _with(STUDY, **{name: 3}), f"study 'mine': {name} = 3"
    yield 0, _with(STUDY, seconds={"small": 1}), "seconds of small"
    yield 1, _with(FIGURE, draw=3), "draw = 3"
    yield 1, _with(FIGURE, source="run"), "source = 'run'"
    yield 1, _with(FIGURE, options=[]), "options"
    yield 1, _with(FIGURE, options=("feature",)), "an option = 'feature'"
    yield 1, _with(FIGURE, options=()), "missing a required argument: 'feature'"
    yield 1, _with(FIGURE, source="nothing"), "missing a required argument: 'runs'"
    yield 1, _with(FIGURE, options=(*FIGURE.options, Option("time", float, 1.0, "?"))), "unexpected keyword argument 'time'"
    yield 1, _with(FIGURE, numbers=lambda runs: None), "unexpected keyword argument 'feature'"
    yield 2, _executor(summary=""), "without summary"
    yield 2, _executor(in_this_process="no"), "in_this_process = 'no'"
    for name in ("require", "of", "submit"):
        yield 2, _executor(**{name: inspect.getattr_static(SweepExecutor, name)}), f"without {name}"
    yield 3, _engine(name=3), "without name"
    yield 3, _engine(run=Solver.run), "without run"
    yield 3, _engine(unread="m_W"), "unread = 'm_W'"
    yield 3, _engine(options=(Setting("steps", 0.5, "?", least=1.0, most=2.0),)), "steps = 0.5"
    yield 3, _engine(__init__=lambda self, width: None), "cannot be made"
    for index, thing in enumerate((_with(STUDY, name="a/b"), _with(FIGURE, name="a b"), _executor(name="-a"),
                                   _engine(name="a" * 101))):
        yield index, thing, "at most 100 letters"


@pytest.mark.parametrize(("index", "thing", "says"), list(_parts()), ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_with_it_is_told(index: int, thing: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        REGISTRIES[index][0](thing)
    assert says in str(caught.value)


def test_a_name_of_the_package_is_taken_before_the_package_was_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's registration is refused, not the package's own file when it is imported later."""
    registry: Registry[Any] = Registry("number", "theory_sim.mine", str)

    def load(package: str) -> None:
        registry._things["one"] = 1

    monkeypatch.setattr("theory_sim.plugins.load_plugins", load)
    with pytest.raises(InputError, match="a second number 'one'"):
        registry.add("one", 2)


def test_another_thing_of_a_users_name_is_refused() -> None:
    register, _ = REGISTRIES[1]
    register(FIGURE)
    with pytest.raises(InputError, match="a second figure 'mine'"):
        register(_with(FIGURE, draw=_nothing, options=()))
