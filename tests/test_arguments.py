"""Arguments of a wrong type to any public function: InputError with what was found, the rule and the fix."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import proofs_check
import theory_sim
from theory_sim import Engine, Experiment, Plan, Product, Sweep, SweepStore, Trajectory
from theory_sim.errors import InputError
from theory_sim.reading.arguments import fault_of_kind, native

# Functions that take nothing, or whose own arguments are fields, which have rules of their own.
WITHOUT: Final = {"engine_names", "study_names", "claims", "claim", "compare_paired"}
WRONG: Final = (None, "L-S", 1.5, 3, True, ["L-S"], {}, object(), b"x")
METHODS: Final[dict[str, Callable[..., Any]]] = {
    "Experiment.from_toml": Experiment.from_toml, "Experiment.to_toml": Experiment().to_toml, "Plan.of": Plan.of,
    "Plan.from_toml": Plan.from_toml, "Sweep.from_toml": Sweep.from_toml, "Sweep.of": Sweep.of, "SweepStore": SweepStore,
    "SweepStore.create": SweepStore.create, "Trajectory.load": Trajectory.load,
}


def functions() -> dict[str, Callable[..., Any]]:
    found = {name: getattr(package, name) for package in (theory_sim, proofs_check) for name in package.__all__}
    return {name: each for name, each in found.items() if not inspect.isclass(each) and name not in WITHOUT} | METHODS


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [each for each in inspect.signature(function).parameters.values()
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_wrong_type_is_told_by_the_name_of_the_parameter(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parameter with values of every type: most are refused, by name; some are what it takes."""
    monkeypatch.chdir(tmp_path)
    function = functions()[name]
    given = {each.name: object() for each in parameters(function) if each.default is each.empty}
    for parameter in parameters(function):
        told = 0
        for wrong in WRONG:
            if wrong is None and parameter.default is None:
                continue
            if isinstance(wrong, str) and set(given) == {parameter.name} and parameter.name in ("path", "store", "folder"):
                continue  # a path indeed
            # Something required is of a wrong type too, so that no call is ever carried out.
            with pytest.raises(InputError) as refused:
                function(**{**given, parameter.name: wrong})
            assert all(fault.rule and fault.fix for fault in refused.value.faults)
            told += any(fault.found.startswith(f"{parameter.name} = ") for fault in refused.value.faults)
        assert told >= 4, parameter.name
    assert list(tmp_path.iterdir()) == []


E_: Final = Experiment.preset("quick")


@pytest.mark.parametrize(("call", "found"), [
    (lambda: Sweep("x", E_, compare="L-S"), "compare = 'L-S', a str"),  # type: ignore[arg-type]
    (lambda: Sweep("x", E_, seeds="0:2"), "seeds = '0:2', a str"),  # type: ignore[arg-type]
    (lambda: Sweep("x", E_, seeds=3), "seeds = 3, an int"),  # type: ignore[arg-type]
    (lambda: Sweep("x", E_, engines=Engine()), "engines = "),  # type: ignore[arg-type]
    (lambda: Sweep("x", E_, engines=("limit",)), "one of engines = 'limit', a str"),  # type: ignore[arg-type]
    (lambda: Sweep("x", E_, ("r",)), "one of blocks = 'r', a str"),  # type: ignore[arg-type]
    (lambda: Sweep("x", "quick"), "experiment = 'quick', a str"),  # type: ignore[arg-type]
    (lambda: Plan.of(E_, "L-S"), "compare = 'L-S', a str"),
    (lambda: Plan.of(E_, ["L-S"], "0:2"), "seeds = '0:2', a str"),  # type: ignore[arg-type]
    (lambda: Engine("limit", ["flow"]), "options = ['flow'], a list"),  # type: ignore[arg-type]
    (lambda: Engine(["limit"]), "name = ['limit'], a list"),  # type: ignore[arg-type]
    (lambda: theory_sim.simulate("quick"), "experiment = 'quick', a str"),  # type: ignore[call-overload]
])
def test_what_would_be_read_letter_by_letter_is_refused(call: Callable[[], Any], found: str) -> None:
    with pytest.raises(InputError) as refused:
        call()
    assert refused.value.found.startswith(found) and refused.value.fix


@pytest.mark.parametrize("whole", [np.int64(5), np.int32(5), np.uint8(5), np.arange(6)[5]])
def test_whole_numbers_of_numpy_are_whole_numbers(whole: Any) -> None:
    e = E_.replace(d=whole, N=whole, p0=np.float64(0.2), q0=np.float32(0.5), observe={"kernels": {"probes": whole}})
    assert e == E_.replace(d=5, N=5, p0=0.2, q0=0.5, observe={"kernels": {"probes": 5}})
    assert type(e.d) is int and type(e.q0) is float
    assert Experiment(seed=whole).seed == 5 and Plan.of(E_, ["S"], [whole]).seeds == (5,)
    assert Plan.of(E_, ["S"], np.arange(2)).seeds == (0, 1)  # type: ignore[arg-type]
    engine = Engine("limit", {"tolerance": np.float64(1e-6)})
    sweep = Sweep("x", E_, (Product({"d": [np.int64(5), 6]}),), seeds=(whole,), engines=(engine,))
    assert sweep == Sweep.of(sweep.table())
    assert "5" in sweep.to_toml()
    with pytest.raises(InputError, match=r"d = 5\.0"):
        E_.replace(d=np.float64(5.0))


def test_native_values() -> None:
    found = native({"a": (np.bool_(True), [np.float64(0.5), np.str_("x")]), np.str_("b"): None})
    assert found == {"a": (True, [0.5, "x"]), "b": None}
    assert type(found["a"][0]) is bool and type(found["a"][1][0]) is float and type(found["a"][1][1]) is str


def test_the_rule_is_english() -> None:
    fault = fault_of_kind("noise", 3, "a table or a function or a text")
    assert fault is not None and (fault.found, fault.rule) == ("noise = 3, an int", "a table, a function or a text")
    assert fault_of_kind("x", np.zeros(2), "a text").found.endswith(", an ndarray")  # type: ignore[union-attr]
    assert fault_of_kind("x", "3", "a path or a list") is None
