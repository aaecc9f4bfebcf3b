"""What a class declares so that an Experiment can choose it by name, and the registry of such classes.

Nothing but the file of the class is touched to add one. A file inside its package is found by looking, a module of another
distribution by its entry point (`theory_sim.plugins`), and a class in a program or notebook by calling ``register``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar, TypeVar

import pydantic
from pydantic.fields import FieldInfo

from theory_sim.errors import Fault, InputError, repr_of, shown
from theory_sim.plugins import Registry
from theory_sim.reading.answers import Open, require_declared, require_named_class

__all__ = ["Choice", "Choices", "DescribedRun"]

DescribedRun = Any
"""An `Experiment`. It is made of what the classes here declare, so it stands above them; subclasses name it in full."""


class Choice(Open):
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
        (`theory_sim.scope.outside_of_theory`).
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
    def require_answers(cls, experiment: DescribedRun) -> None:
        """Raise InputError unless what a user's class says of an Experiment is as its base says; asked when one is made."""

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
    bases : str
        Module of that package, and its classes of one of which each is a subclass: "base:Schedule".
    """

    def __init__(self, kind: str, package: str, bases: str) -> None:
        super().__init__(kind, package, summary=lambda chosen: chosen.summary)
        self._bases = bases

    def register(self, chosen: type[T]) -> type[T]:
        """Make a class known by its name; returns it, so that it serves as a decorator.

        Raises
        ------
        InputError
            If it is no class of the kind, has not all that the kind declares, or has none of its own for a name or summary; or
            if another class has the name. The same class, defined again, replaces itself.
        """
        require_named_class(self.kind, chosen)
        self.require_name(chosen.name)
        if not self._in_package(chosen.__module__):
            self._require_kind(chosen)
        return self.add(chosen.name, chosen)

    def _require_kind(self, chosen: type[T]) -> None:
        """Raise InputError unless a user's class is one of this kind, with own fields that an Experiment can have."""
        what, (module, _, names) = f"{self.kind} {chosen.name!r}", self._bases.partition(":")
        home = import_module(f"{self._package}.{module}")
        require_declared(chosen, [getattr(home, name) for name in names.split()], what)
        for name, annotation in chosen.fields.items():
            try:
                info = FieldInfo.from_annotation(annotation)
                adapter = pydantic.TypeAdapter[object](annotation)
                if not info.is_required():
                    adapter.validate_python(info.default)
            except (pydantic.errors.PydanticUserError, pydantic.ValidationError, TypeError, AttributeError):
                raise InputError(f"{what}: field {name!r} of the type {shown(repr_of(annotation))}",
                                 "a type with rules and a default that keeps them",
                                 'such as Annotated[float, Field(50.0, gt=0, description="...")]') from None

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self.names()

    def in_every_process(self, name: str) -> bool:
        """Whether another process finds it by itself: it lies in the package, or in a module that is an entry point."""
        module = self[name].__module__
        if self._in_package(module):  # as mostly: all that is installed takes 10 ms to look through
            return True
        from importlib.metadata import entry_points

        homes = (entry.value.partition(":")[0] for entry in entry_points(group=self._package))
        return any(self._in_package(module, home) for home in homes)

    def readers(self, field: str) -> tuple[str, ...]:
        """Names of those that read a field."""
        return tuple(chosen.name for chosen in self if field in (*chosen.reads, *chosen.fields))
