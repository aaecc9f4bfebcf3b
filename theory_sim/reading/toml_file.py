"""A TOML file of the user's, and where in it a fault is."""

from __future__ import annotations

import os
import pathlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final

from theory_sim.errors import Fault, InputError, UnreadFieldWarning, nearest
from theory_sim.reading.lines import Path, key_lines
from theory_sim.reading.values import parse_toml, read_text

__all__ = ["TomlFile", "by_options"]

# Keys that list the values of a field.
_LISTED: Final = {"schedule": "compare", "seed": "seeds"}
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


_SAMPLE: Final = "theory-sim preset default prints an experiment to start from"


def _fix_of_missing(path: str | os.PathLike[str], sample: str) -> str:
    """What to do where there is no such file: the one whose name is nearest, if one is near."""
    name, found = pathlib.Path(path).name, []
    with suppress(OSError, ValueError):
        found = [each.name for each in pathlib.Path(path).parent.glob("*.toml")]
    return nearest(name, found, f"check the path; {sample}")


class TomlFile:
    """A TOML file that was read.

    Parameters
    ----------
    path : path
        The file.
    sample : str
        Where there is one to start from, for the message if this one is missing.

    Attributes
    ----------
    path : str
        Its name, as it was given.
    table : dict
        What it holds.

    Raises
    ------
    ExperimentError
        If it is missing or broken, or holds what no description needs: see `parse_toml`.
    """

    def __init__(self, path: str | os.PathLike[str], sample: str = _SAMPLE) -> None:
        self.path = str(path)
        self._text = read_text(path, fix=_fix_of_missing(path, sample))
        try:
            self.table: dict[str, Any] = parse_toml(self._text, self.path)
        except InputError as error:
            lines = key_lines(self._text) if any(fault.fields for fault in error.faults) else {}
            raise error.within(lambda fault: self._place(fault, lines, ("",), _NONE) if fault.fields else "") from None

    @contextmanager
    def located(self, *, under: Sequence[str] = ("",), options: Mapping[str, str] = _NONE) -> Iterator[None]:
        """Put the file's name, and the lines of the fields it is about, before each fault of an error raised inside.

        Parameters
        ----------
        under : sequence of str
            Tables in which a field is looked for; the top of the file by default.
        options : mapping of str to str
            Field to the option of the command line that gave it in the file's place.
        """
        try:
            yield
        except InputError as error:
            lines = key_lines(self._text)
            raise error.within(lambda fault: self._place(fault, lines, under, options)) from None

    def warn(self, faults: Sequence[Fault], *, under: Sequence[str] = ("",), options: Mapping[str, str] = _NONE) -> None:
        """Warn of fields that are set and not read, each with its line; ``options`` gave fields instead of the file."""
        lines = key_lines(self._text) if faults else {}
        for fault in faults:
            place = self._place(fault, lines, under, options)
            warnings.warn(f"{place}: {fault.found}: {fault.rule}; {fault.fix}", UnreadFieldWarning, stacklevel=3)

    def _place(self, fault: Fault, lines: Mapping[Path, int], under: Sequence[str], options: Mapping[str, str]) -> str:
        given = _options_of(fault, options)
        fields = [field for field in fault.fields if not any(_overlap(field, name) for name in options)]
        found = sorted({line for field in fields for line in _lines_of(field, lines, under)})
        if found:
            given.append(f"{self.path}, line{'s' if len(found) > 1 else ''} {' and '.join(map(str, found))}")
        return ", ".join(given or [self.path])


@contextmanager
def by_options(options: Mapping[str, str]) -> Iterator[None]:
    """Put the options of the command line before each fault of an error raised inside that is about fields they gave."""
    try:
        yield
    except InputError as error:
        raise error.within(lambda fault: ", ".join(_options_of(fault, options))) from None


def _options_of(fault: Fault, options: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(option for field in fault.fields for name, option in options.items() if _overlap(field, name)))


def _overlap(field: str, name: str) -> bool:
    """Whether two names are of one value, or of a table and what is in it."""
    return f"{field}.".startswith(f"{name}.") or name.startswith(f"{field}.")


def _lines_of(field: str, lines: Mapping[Path, int], under: Sequence[str]) -> Iterator[int]:
    """Lines of a field in each table that has it, or of the nearest table around it."""
    for table in under:
        for names in ([field], field.split("."), [_LISTED.get(field, field)]):
            found = _nearest(lines, table, names)
            if found:
                yield from found
                break


def _nearest(lines: Mapping[Path, int], table: str, names: list[str]) -> list[int]:
    """Lines of a key, or of the nearest table around it that has any; several where a list of tables has it more than once."""
    for length in range(len(names), 0, -1):
        wanted = [*([table] if table else []), *names[:length]]
        found = [line for path, line in lines.items() if [name for name in path if isinstance(name, str)] == wanted]
        if found:
            return found
    return []
