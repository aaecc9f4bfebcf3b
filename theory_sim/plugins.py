"""Things that are chosen by name: each stands in a file of its own, which registers it when it is imported.

Files inside the package are found by looking. Another distribution declares its module under an entry point whose group is the
package's name:

    [project.entry-points."theory_sim.studies"]
    mine = "my_package.my_study"
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final, Generic, TypeVar

from theory_sim.errors import InputError, nearest, repr_of, shown

__all__ = ["LONGEST_NAME", "NAME", "Registry", "load_plugins"]

LONGEST_NAME: Final = 100
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""A name that stands in commands and in names of files, such as those of a run: together at most 255 letters."""

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
    home : callable
        Class or function whose definition makes a thing: where it is defined again, as in a cell that is run again, the new
        thing replaces the old one. By default the thing itself.

    Examples
    --------
    >>> numbers: Registry[int] = Registry("number", "theory_sim.statistics", summary=str)
    >>> numbers.add("one", 1)
    1
    >>> numbers["one"]
    1
    """

    def __init__(self, kind: str, package: str, summary: Callable[[T], str], fix: str = "choose one of these",
                 home: Callable[[T], object] = lambda thing: thing) -> None:
        self.kind, self._package, self._summary, self._fix, self._home = kind, package, summary, fix, home
        self._things: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, thing: T) -> T:
        """Make a thing known by a name; returns it. The same thing, defined again, replaces itself.

        Raises
        ------
        InputError
            If it is no name of a command, or another thing has it.
        """
        self.require_name(name)
        module, defined = self._definition(thing)
        if not self._in_package(module):
            self.names()  # all that the package has: its names are taken, whether they were asked for or not
        if name in self._things and not (defined and self._definition(self._things[name]) == (module, defined)):
            raise InputError(f"a second {self.kind} {name!r}", f"one {self.kind} a name", "choose another name")
        self._things[name] = thing
        return thing

    def require_name(self, name: object) -> None:
        """Raise InputError unless it is a name that commands and files can have."""
        if not isinstance(name, str) or not re.fullmatch(NAME, name) or len(name) > LONGEST_NAME:
            raise InputError(f"{self.kind} {shown(repr_of(name))}", f"at most {LONGEST_NAME} letters, digits, points, lines _ "
                             "and hyphens, the first a letter or digit", "choose another name")

    def _definition(self, thing: T) -> tuple[str, str]:
        """Module and name within it of what makes a thing; empty if it has none."""
        home: Any = self._home(thing)
        return str(getattr(home, "__module__", "")), str(getattr(home, "__qualname__", ""))

    def _in_package(self, module: str, home: str = "") -> bool:
        home = home or self._package
        return module == home or module.startswith(f"{home}.")

    def names(self) -> list[str]:
        """Every name, sorted; the package is looked through once."""
        if not self._loaded:
            self._loaded = True  # before, since what is loaded may ask for a name
            try:
                load_plugins(self._package)
            except BaseException:
                self._loaded = False
                raise
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
