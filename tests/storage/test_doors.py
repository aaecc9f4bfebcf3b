"""Doors by which a file could run code: none of these calls is anywhere in the packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Calls that run or build what a text or a file says, by the last part of their name.
RUNNING = {
    "eval", "exec", "compile", "__import__", "sympify", "parse_expr", "parse_latex", "parse_mathematica", "lambdify",
    "system", "popen", "spawn", "unsafe_load", "full_load", "read_pickle", "open_group", "open_dataset", "load_extension",
}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "ctypes", "subprocess", "runpy"}
# Where a module is chosen by a name: from a table of the program's own, or from entry points of installed packages.
CHOSEN = {
    "theory_sim/__init__.py", "theory_sim/limit/__init__.py", "theory_sim/plugins.py", "theory_sim/experiment/choice.py",
    "proofs_check/__init__.py", "proofs_check/claims/__init__.py", "proofs_check/claim.py", "proofs_check/verify.py",
    "proofs_check/recheck/__init__.py", "theory_sim/loop/environment.py", "theory_sim/report/extra.py",
    "theory_sim/probe/__init__.py", "theory_sim/vision/__init__.py",
    "theory_sim/pytest_plugin.py",  # from the command line of pytest, which names the user's own module
}
# lambdify runs what sympy prints of an expression: of a claim's in the registry; recheck takes none from the file.
OF_CLAIMS = {"proofs_check/methods/search.py", "proofs_check/recheck/numbers.py"}
# The one place at which Zarr is opened, after its metadata were looked at; and the one that reads arrays.
ZARR, ARRAYS = "theory_sim/storage/zarr_store.py", "theory_sim/storage/arrays.py"
# CIFAR-10 comes as a pickle: read by an Unpickler that finds nothing but stand-ins (tests/vision plants a call).
STAND_INS = "theory_sim/vision/sources/cifar_pickle.py"


def doors(text: str, name: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [module for module in modules if module.partition(".")[0] in MODULES
                      and not (name == STAND_INS and module == "pickle")]
        if not isinstance(node, ast.Call):
            continue
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        called = ast.unparse(node.func)
        if name == STAND_INS and called.startswith("pickle.") and called not in ("pickle.Unpickler", "pickle.UnpicklingError"):
            found.append(called)
        # model.eval() of PyTorch, which takes nothing, sets a mode.
        mode = last == "eval" and called.endswith("model.eval") and not node.args
        allowed = mode or called == "re.compile" or (last == "lambdify" and name in OF_CLAIMS)
        if (last in RUNNING and not allowed) or (last == "import_module" and name not in CHOSEN):
            found.append(called)
        if (last == "open_zarr" and called.startswith("xarray") and name != ZARR) or called == "zarr.open":
            found.append(called)
        if called == "np.load" and "allow_pickle=False" not in ast.unparse(node):
            found.append(called)
        if last == "read_array" and (name != ARRAYS or "allow_pickle=False" not in ast.unparse(node)):
            found.append(called)
        # Of text with sympy: S("...") and Symbol arithmetic with a text evaluate it.
        if called in ("sympy.S", "S") and not all(isinstance(each, ast.Constant) and not isinstance(each.value, str)
                                                  for each in node.args):
            found.append(called)
    return found


def test_no_door_is_open() -> None:
    found = {}
    for path in [*(ROOT / "theory_sim").rglob("*.py"), *(ROOT / "proofs_check").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        if open_doors := doors(path.read_text(encoding="utf-8"), name):
            found[name] = open_doors
    assert found == {}


@pytest.mark.parametrize("planted", [
    "import pickle", "from joblib import load", "import yaml", "eval(text)", "sympy.sympify(text)", "np.load(path)",
    "xarray.open_zarr(path)", "import_module(name)", "np.lib.format.read_array(f)", "sympy.S(text)", "os.system(text)",
    "pandas.read_pickle(path)", "sympy.parsing.sympy_parser.parse_expr(text)",
])  # fmt: skip
def test_a_planted_one_would_be_found(planted: str) -> None:
    assert doors(planted, "theory_sim/x.py")
    assert not doors("re.compile('x'); np.lib.format.read_array(f, allow_pickle=False)", ARRAYS)
