"""Things that are chosen by name: each stands in a file of its own, which registers it when it is imported.

Files inside the package are found by looking. Another distribution declares its module under an entry point whose group is the
package's name:

    [project.entry-points."theory_sim.studies"]
    mine = "my_package.my_study"
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Generic, TypeVar

from theory_sim.errors import InputError, nearest

__all__ = ["Registry", "load_plugins"]

T = TypeVar("T")


def load_plugins(package: str) -> None:
    """Import every module below a package, and every entry point of the group that has its name.

    Parameters
    ----------
    package : str
        Dotted name, such as "theory_sim.studies"; a module that has been imported before costs nothing.
    """
    from importlib.metadata import entry_points  # slow to import

    home = import_module(package)
    for module in pkgutil.walk_packages(home.__path__, f"{package}."):
        import_module(module.name)
    for entry in sorted(entry_points(group=package), key=lambda entry: entry.value):
        try:
            entry.load()
        except Exception as error:
            distribution = entry.dist.name if entry.dist is not None else "a distribution without a name"
            raise InputError(f"the plug-in {entry.value} of {distribution} cannot be loaded: {type(error).__name__}: {error}",
                             f"a module that imports and registers what it has ({package})",
                             f"fix or update {distribution}, or uninstall it") from error


class Registry(Generic[T]):
    """What is chosen by name, of one kind.

    Parameters
    ----------
    kind : str
        What the things are called in messages, such as "study".
    package : str
        Package whose modules register them.
    summary : callable
        What lists say of a thing, in a line.
    fix : str
        What a message says to do about an unknown name.

    Examples
    --------
    >>> numbers: Registry[int] = Registry("number", "theory_sim.statistics", summary=str)
    >>> numbers.add("one", 1)
    1
    >>> numbers["one"]
    1
    """

    def __init__(self, kind: str, package: str, summary: Callable[[T], str], fix: str = "choose one of these") -> None:
        self.kind, self._package, self._summary, self._fix = kind, package, summary, fix
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Make a thing known by a name; returns it.

        Raises
        ------
        InputError
            If another one has the name.
        """
        if name in self._things:
            raise InputError(f"a second {self.kind} {name!r}", f"one {self.kind} a name", "choose another name")
        self._things[name] = thing
        return thing

    def names(self) -> list[str]:
        """Every name, sorted."""
        load_plugins(self._package)
        return sorted(self._things)

    def rows(self) -> list[tuple[str, str]]:
        """Name and summary of each, for help texts and the documentation."""
        return [(name, self._summary(self._things[name])) for name in self.names()]

    def __iter__(self) -> Iterator[T]:
        return iter([self._things[name] for name in self.names()])

    def __getitem__(self, name: str) -> T:
        """The thing of a name; InputError if there is none."""
        if name not in self._things:
            names = self.names()
            if name not in self._things:
                raise InputError(f"{self.kind} {name!r}", f"one of {', '.join(names)}", nearest(name, names, self._fix))
        return self._things[name]
