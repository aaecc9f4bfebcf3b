"""Things that users choose by name: each a class in a file of its own, which declares what it is called and what it reads.

Nothing but that file is touched to add one. A file inside the package is found by looking, a module of another distribution by
its entry point (`theory_sim.plugins`), and a class in a program or notebook by calling ``register``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic.fields import FieldInfo

from theory_sim.errors import Fault, InputError, repr_of, shown
from theory_sim.plugins import load_plugins

__all__ = ["Choice", "Registry"]


class Choice:
    """What a class declares so that it can be chosen by name.

    Attributes
    ----------
    name : str
        The value of the field that chooses it.
    summary : str
        One line for tables and help texts, in Markdown.
    reads : tuple of str
        Fields of an Experiment that it reads, beside those of its own.
    fields : mapping
        Fields that only it has: name to type with rules, such as ``Annotated[float, Field(50.0, gt=0, description="...")]``.
        One without a default must be given.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def faults(cls, experiment: Any) -> Iterator[Fault]:  # an Experiment, which stands on a floor above
        """Whatever is wrong with an Experiment that chooses it."""
        yield from ()

    @classmethod
    def own_fields(cls) -> dict[str, FieldInfo]:
        """Rules, default and description of its own fields."""
        return {name: FieldInfo.from_annotation(annotation) for name, annotation in cls.fields.items()}


T = TypeVar("T", bound=Choice)


class Registry(Generic[T]):
    """Classes by name.

    Parameters
    ----------
    what : str
        What one of them is, for messages: "schedule".
    package : str
        Dotted name of the package below which they are found.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what: Final = what
        self._package, self._classes, self._loaded = package, dict[str, type[T]](), False

    def register(self, chosen: type[T]) -> type[T]:
        """Make a class known by its name; returns it, so that it serves as a decorator.

        Raises
        ------
        InputError
            If it declares no name or summary, or another class has the name. The same class, defined again, replaces itself.
        """
        for attribute in ("name", "summary"):
            if not isinstance(getattr(chosen, attribute, None), str) or not getattr(chosen, attribute):
                raise InputError(f"{chosen.__qualname__} without {attribute}", f"a {self.what} declares name and summary",
                                 f"add {attribute} = \"...\" to the class")
        other = self._classes.get(chosen.name)
        if other is not None and (other.__module__, other.__qualname__) != (chosen.__module__, chosen.__qualname__):
            raise InputError(f"a second {self.what} {chosen.name!r}", "one class a name", "choose another name")
        self._classes[chosen.name] = chosen
        return chosen

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        if not self._loaded:
            self._loaded = True  # before, since what is loaded may ask for a name
            load_plugins(self._package)
        return tuple(sorted(self._classes))

    def __iter__(self) -> Iterator[type[T]]:
        return iter([self._classes[name] for name in self.names()])

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def get(self, name: str) -> type[T]:
        """Class of a name.

        Raises
        ------
        InputError
            If there is none.
        """
        if name not in self:
            near = difflib.get_close_matches(str(name), self.names(), n=1)
            raise InputError(f"{self.what} {shown(repr_of(name))}", f"one of {', '.join(self.names())}",
                             f"did you mean {near[0]!r}?" if near else "choose one of these")
        return self._classes[name]

    def readers(self, field: str) -> tuple[str, ...]:
        """Names of those that read a field."""
        return tuple(chosen.name for chosen in self if field in (*chosen.reads, *chosen.fields))
