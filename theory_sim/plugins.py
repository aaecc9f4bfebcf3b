"""Finding what registers itself: the modules of a package, and those that an installed distribution declares for it.

A thing that is chosen by name stands in a file of its own, which registers it when it is imported. Files inside the package are
found by looking; another distribution declares its module under an entry point whose group is the package's name:

    [project.entry-points."theory_sim.studies"]
    mine = "my_package.my_study"
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.metadata import entry_points

__all__ = ["load_plugins"]


def load_plugins(package: str) -> None:
    """Import every module below a package, and every entry point of the group that has its name.

    Parameters
    ----------
    package : str
        Dotted name, such as "theory_sim.studies"; a module that has been imported before costs nothing.
    """
    home = import_module(package)
    for module in pkgutil.walk_packages(home.__path__, f"{package}."):
        import_module(module.name)
    for entry in sorted(entry_points(group=package), key=lambda entry: entry.value):
        entry.load()
