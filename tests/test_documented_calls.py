"""What the pages say can be called can be called, and what a type allows is allowed when it is run."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any, Literal

import pandas
import pytest

import proofs_check
import theory_sim
from theory_sim import Engine, Experiment, Observer, Trajectory
from theory_sim.loop import Progress
from theory_sim.network.given_noise import NoiseSource

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(page for page in ROOT.glob("docs/**/*.md") if "results" not in page.parts)])
TINY = Experiment(d=6, N=16, m_W=8, m_V=8, n_test=4, max_tau=4.0, record_every=2.0)


def dotted_names() -> list[str]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(r"`((?:theory_sim|proofs_check)(?:\.[A-Za-z_]\w*)+)[^`]*`", text)
    return sorted({name for name in found if not name.endswith((".py", ".md"))})


def needs_torch(name: str) -> bool:
    """Whether PyTorch is needed and missing; then a module must say at least that it defines the name."""
    if not name.startswith("theory_sim.probe.") or importlib.util.find_spec("torch"):
        return False
    *module, defined = name.split(".")
    path = ROOT.joinpath(*module)
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
    if not re.search(rf"^class {defined}\b|^__all__ = .*\"{defined}\"", source, re.MULTILINE):
        raise AttributeError(f"{name} is not defined")
    return True


def reach(name: str) -> Any:
    """What a reader gets by importing the longest module of a dotted name and following the rest as attributes."""
    if needs_torch(name):
        return None
    parts = name.split(".")
    value: Any = importlib.import_module(parts[0])
    for number, part in enumerate(parts[1:], start=2):
        try:
            importlib.import_module(".".join(parts[:number]))
        except ModuleNotFoundError:
            pass
        value = getattr(value, part)
    return value


def test_every_dotted_name_of_the_pages_is_there() -> None:
    assert len(dotted_names()) >= 5, "the pattern finds names"
    for name in dotted_names():
        reach(name)
    with pytest.raises(AttributeError):  # a function is not hidden by the module of its name: so its module's path is no call
        reach("theory_sim.regime.regime")
    with pytest.raises(AttributeError):
        reach("theory_sim.probe.probe.Prob")


@pytest.mark.parametrize("package", [theory_sim, proofs_check])
def test_public_names_are_listed_and_never_modules(package: Any) -> None:
    code = (f"import {package.__name__} as p, importlib, pkgutil, types; names = set(p.__all__); assert names <= set(dir(p)); "
            "[importlib.import_module(f'{p.__name__}.{m.name}') for m in pkgutil.iter_modules(p.__path__) if m.name in names]; "
            "assert not [n for n in names if isinstance(getattr(p, n), types.ModuleType)]")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


_TYPES: dict[str, Any] = {"Array": Any, "Data": theory_sim.Data, "NoiseSource": NoiseSource,
                          "pandas": pandas, "Experiment": Experiment, "Observer": Observer, "Progress": Progress,
                          "Trajectory": Trajectory}


def literals(function: Any) -> list[tuple[str, Any]]:
    """Each value that a parameter's Literal allows."""
    hints = typing.get_type_hints(function, localns=_TYPES)  # which modules import for their types alone
    return [(name, value) for name, kind in hints.items() if typing.get_origin(kind) is Literal
            for value in typing.get_args(kind) if name != "return"]


def limit_options() -> list[tuple[str, Any]]:
    """What the overload of the limit allows."""
    found = [each for each in typing.get_overloads(theory_sim.simulate) if "kernel" in inspect.signature(each).parameters]
    return [(name, value) for name, value in literals(found[0]) if name != "engine"]


@pytest.mark.parametrize(("name", "value"), limit_options())
def test_every_option_of_the_limit_that_type_checks_runs(name: str, value: str) -> None:
    e = TINY.replace(neurons="independent") if value == "sampled" else TINY
    assert theory_sim.simulate(e, Engine("limit", {name: value}), threads=1).outcome == "budget_spent"


def test_the_options_are_found() -> None:
    assert {name for name, _ in limit_options()} == {"noise", "kernel", "time", "spatial"}
    declared = {(option.name, value) for option in Engine("limit").solver.options for value in option.choices}
    assert set(limit_options()) == declared
    elsewhere = ("solve_mean_field", "regime")  # in tests/limit/test_mean_field_flow.py and tests/test_predicted.py
    others = [name for name in theory_sim.__all__ if inspect.isfunction(getattr(theory_sim, name))
              and literals(getattr(theory_sim, name)) and name not in elsewhere]
    assert others in ([], ["compare_paired", "compare_sweep"], ["compare_sweep"], ["compare_paired"]), "tested there"
