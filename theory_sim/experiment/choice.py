"""What a class declares so that an Experiment can choose it by name, and the registry of such classes.

Nothing but the file of the class is touched to add one. A file inside its package is found by looking, a module of another
distribution by its entry point (`theory_sim.plugins`), and a class in a program or notebook by calling ``register``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic.fields import FieldInfo

from theory_sim.errors import Fault, InputError
from theory_sim.experiment.section import LONGEST_NAME, NAME
from theory_sim.plugins import Registry

__all__ = ["Choice", "Choices", "DescribedRun"]

DescribedRun = Any
"""An `Experiment`. It is made of what the classes here declare, so it stands above them; subclasses name it in full."""


class Choice:
    """What a class declares so that it can be chosen by name.

    Attributes
    ----------
    name : str
        The value of the field that chooses it.
    summary : str
        One line for tables, in Markdown.
    reads : tuple of str
        Fields of an Experiment that it reads, beside those of its own.
    fields : mapping
        Fields that only it has: name to type with rules, such as ``Annotated[float, Field(50.0, gt=0, description="...")]``.
        One without a default must be given.
    in_theory : bool
        Whether closed forms, closure and predicted order (THEORY §8, §9, §16) can hold for an experiment that chooses it
        (`theory_sim.regimes.outside_of_theory`).
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[Mapping[str, Any]] = {}
    in_theory: ClassVar[bool] = True

    @classmethod
    def faults(cls, experiment: DescribedRun) -> Iterator[Fault]:
        """Whatever is wrong with an Experiment that chooses it."""
        yield from ()

    @classmethod
    def own_fields(cls) -> dict[str, FieldInfo]:
        """Rules, default and description of its own fields."""
        return {name: FieldInfo.from_annotation(annotation) for name, annotation in cls.fields.items()}


T = TypeVar("T", bound=Choice)


class Choices(Registry[type[T]]):
    """Classes that an Experiment chooses by name.

    Parameters
    ----------
    kind : str
        What one of them is, for messages: "schedule".
    package : str
        Dotted name of the package below which they are found.
    """

    def __init__(self, kind: str, package: str) -> None:
        super().__init__(kind, package, summary=lambda chosen: chosen.summary)
        self._loaded = False

    def register(self, chosen: type[T]) -> type[T]:
        """Make a class known by its name; returns it, so that it serves as a decorator.

        Raises
        ------
        InputError
            If it declares no name or summary, or another class has the name. The same class, defined again, replaces itself.
        """
        for attribute in ("name", "summary"):
            if not isinstance(getattr(chosen, attribute, None), str) or not getattr(chosen, attribute):
                raise InputError(f"{chosen.__qualname__} without {attribute}", f"a {self.kind} declares name and summary",
                                 f"add {attribute} = \"...\" to the class")
        if not re.fullmatch(NAME, chosen.name) or len(chosen.name) > LONGEST_NAME:
            raise InputError(f"{self.kind} {chosen.name!r}", f"at most {LONGEST_NAME} letters, digits, points, lines _ and "
                             "hyphens, the first a letter or digit", "choose another name")
        if not self._in_package(chosen.__module__):
            self.names()  # all that the package has: its names are taken, whether they were asked for or not
        other = self._things.get(chosen.name)
        if other is not None and (other.__module__, other.__qualname__) == (chosen.__module__, chosen.__qualname__):
            del self._things[chosen.name]
        return self.add(chosen.name, chosen)

    def names(self) -> list[str]:
        """Every name, sorted; the package is looked through once."""
        if self._loaded:
            return sorted(self._things)
        self._loaded = True  # before, since what is loaded may ask for a name
        try:
            return super().names()
        except BaseException:
            self._loaded = False
            raise

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self.names()

    def in_every_process(self, name: str) -> bool:
        """Whether another process finds it by itself: it lies in the package, or in a module that is an entry point."""
        from importlib.metadata import entry_points  # slow to import

        homes = (self._package, *(entry.value.partition(":")[0] for entry in entry_points(group=self._package)))
        return any(self._in_package(self[name].__module__, home) for home in homes)

    def _in_package(self, module: str, home: str = "") -> bool:
        home = home or self._package
        return module == home or module.startswith(f"{home}.")

    def readers(self, field: str) -> tuple[str, ...]:
        """Names of those that read a field."""
        return tuple(chosen.name for chosen in self if field in (*chosen.reads, *chosen.fields))
