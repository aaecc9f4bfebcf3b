"""Public names are found at the top, whatever was imported before, and importing costs little."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import proofs_check
import theory_sim


@pytest.mark.parametrize("name", theory_sim.__all__)
def test_public_names_are_not_modules(name: str) -> None:
    assert callable(getattr(theory_sim, name))


@pytest.mark.parametrize("package", [theory_sim, proofs_check])
def test_dir_shows_the_public_names_alone(package: ModuleType) -> None:
    assert [name for name in dir(package) if not name.startswith("__")] == sorted(package.__all__)


def test_no_module_hides_a_public_name() -> None:
    """Importing a submodule sets an attribute of its package: none may be a name that the package hands out."""
    import pkgutil

    modules = {module.name for module in pkgutil.iter_modules(theory_sim.__path__)}
    assert len(modules) > 20 and not modules & set(theory_sim.__all__)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, theory_sim, theory_sim.cli, theory_sim.engines.mean_field; "
        "heavy = {'numba', 'numpy', 'scipy', 'xarray', 'zarr', 'matplotlib', 'sympy'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        theory_sim.nonesuch  # noqa: B018
