"""The one exception tree: every message says what was found, the rule and the fix."""

from __future__ import annotations

import difflib
import errno
import json
import reprlib
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

__all__ = [
    "DamagedError", "ExperimentError", "Fault", "InUseError", "InputError", "StoreError", "TheorySimError",
    "UnreadFieldWarning", "WorkerError", "gathered", "get_reason", "installing", "nearest", "out_of_memory",
    "refused_by_system", "repr_of", "shown", "size_in_words", "system_error", "unreadable",
]

_LONGEST: Final = 120
_MOST_SHOWN: Final = 20
# Errors of a system that tell what lies in a place.
_OF_STORE: Final = (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO)
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def installing(extra: str) -> str:
    """The command that installs an extra where this process looks for it, in whichever environment the shell is."""
    return f"{shlex.quote(sys.executable)} -m pip install 'theory-sim[{extra}]'"


class TheorySimError(Exception):
    """Root of every error that theory_sim raises on purpose.

    Parameters
    ----------
    found : str
        What was found, with its value.
    rule : str
        What is allowed.
    fix : str
        What the caller can do about it.
    """

    def __init__(self, found: str, rule: str, fix: str) -> None:
        self.found = found
        self.rule = rule
        self.fix = fix
        super().__init__(f"{found}\n  rule: {rule}\n  fix: {fix}")

    def __reduce__(self) -> tuple[Callable[..., TheorySimError], tuple[Any, ...]]:
        # An exception is unpickled by its message alone, which is not how these are made.
        return _unpickled, (type(self), self.args, dict(self.__dict__))


def _unpickled(kind: type[TheorySimError], args: tuple[Any, ...], state: dict[str, Any]) -> TheorySimError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class Fault(NamedTuple):
    """One thing that is wrong with what a user gave.

    Attributes
    ----------
    found, rule, fix : str
        As in `TheorySimError`.
    fields : tuple of str
        Every field that it was read from, by the names in a file, those below a table with points: "observe.kernels.probes".
    """

    found: str
    rule: str
    fix: str
    fields: tuple[str, ...] = ()


class InputError(TheorySimError, ValueError):
    """An argument outside of what its function accepts.

    Parameters
    ----------
    found, rule, fix : str
        As in `TheorySimError`.
    fields : sequence of str
        Fields of a file that it is about, as in `Fault`.

    Attributes
    ----------
    faults : tuple of Fault
        Everything that was wrong; ``found``, ``rule`` and ``fix`` are those of the first, the message has them all.
    """

    def __init__(self, found: str, rule: str, fix: str, *, fields: Sequence[str] = ()) -> None:
        super().__init__(found, rule, fix)
        self.faults: tuple[Fault, ...] = (Fault(found, rule, fix, tuple(fields)),)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """Error of one or more faults; the same one twice is told once."""
        faults = tuple(dict.fromkeys(faults))
        error = cls(*faults[0][:3], fields=faults[0].fields)
        error.faults = faults
        if len(faults) > 1:
            lines = [f"{fault.found}\n  rule: {fault.rule}\n  fix: {fault.fix}" for fault in faults[:_MOST_SHOWN]]
            more = [f"and {len(faults) - _MOST_SHOWN} more"] if len(faults) > _MOST_SHOWN else []
            error.args = ("\n".join([f"{len(faults)} faults", *lines, *more]),)
        return error

    def within(self, where: Callable[[Fault], str]) -> Self:
        """The same error with a place before each fault, such as a file and line; an empty place is left out."""
        faults = []
        for fault in self.faults:
            place = where(fault)
            faults.append(fault._replace(found=f"{place}: {fault.found}") if place else fault)
        return self.of(faults)

    def about(self, *fields: str) -> Self:
        """The same error, its faults being about these fields where they name none."""
        return self.of([fault if fault.fields else fault._replace(fields=fields) for fault in self.faults])


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Add the faults of an `InputError` raised inside to a list, and continue."""
    try:
        yield
    except InputError as error:
        faults += error.faults


def out_of_memory(what: str, error: MemoryError) -> InputError:
    """What is raised in place of a MemoryError; ``what`` was under way."""
    found = str(error).rstrip(".")
    return InputError(f"out of memory in {what}{f': {found}' if found else ''}",
                      "data (N x d), weights (m x d), probes and records are held in memory",
                      "lower d, N, m_W, m_V, n_test, probes or threads, or raise record_every")


class ExperimentError(InputError):
    """A description of a run that cannot be simulated as it stands."""


class UnreadFieldWarning(UserWarning):
    """A field of a file that changes nothing, since nothing that the file chooses reads it."""


class StoreError(TheorySimError):
    """A stored result that is missing, broken, or in the way."""


class DamagedError(StoreError):
    """A stored result that is not as it was written: edited, truncated, or a byte of it has changed."""


class MemoryRefusedError(InputError):
    """A run that needs more memory than there is where it would be computed."""


class InUseError(StoreError):
    """A stored result that another process is at."""


class WorkerError(TheorySimError):
    """A worker that cannot start, or cannot compute; no fault of a run."""


def shown(text: str, longest: int = _LONGEST) -> str:
    """A text as an error message shows it: shortened."""
    return text if len(text) <= longest else f"{text[: longest - 20]}... ({len(text)} letters)"


def nearest(value: object, choices: Iterable[object], otherwise: str = "choose one of these") -> str:
    """Fix of a value that is none of the choices: the one that it may have been meant to be, if one is close.

    Examples
    --------
    >>> nearest("preset", ["presets", "studies"])
    "did you mean 'presets'?"
    >>> nearest(7, ["presets", "studies"])
    'choose one of these'
    """
    close = difflib.get_close_matches(value, map(str, choices), n=1) if isinstance(value, str) else []
    return f"did you mean {close[0]!r}?" if close else otherwise


def get_reason(error: BaseException) -> str:
    """Why something stored or typed cannot be read, in words: a user has no use for the names of Python's exceptions.

    Examples
    --------
    >>> get_reason(KeyError("schema"))
    "it lacks 'schema'"
    >>> get_reason(AttributeError("'list' object has no attribute 'items'"))
    'an entry of the wrong type'
    """
    if isinstance(error, RecursionError):
        return "it nests too deep"
    if isinstance(error, KeyError):
        return f"it lacks {shown(repr_of(error.args[0] if error.args else ''))}"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error}"
    if isinstance(error, UnicodeError):
        return "no text in UTF-8"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, (ValueError, TheorySimError)) and str(error):
        return shown(str(error), 10 * _LONGEST)
    if isinstance(error, ImportError):
        return str(error)
    if isinstance(error, IndexError):
        return "fewer entries than there should be"
    return "too little memory" if isinstance(error, MemoryError) else "an entry of the wrong type"


def unreadable(path: object, error: BaseException) -> StoreError | None:
    """What is raised in place of an error that says nothing of what is stored; None if it tells of damage.

    That is a missing right, a failing disk, too many open files, too little memory or a library that is not there: what is
    stored may be as it was written.

    Examples
    --------
    >>> unreadable("a-run", PermissionError(errno.EACCES, "Permission denied")).found
    'a-run cannot be read: Permission denied'
    >>> unreadable("a-run", ValueError("no JSON")) is None
    True
    """
    of_store = error.errno in _OF_STORE if isinstance(error, OSError) else not isinstance(error, (MemoryError, ImportError))
    if of_store:
        return None
    return StoreError(f"{path} cannot be read: {get_reason(error)}", "a store that can be read, and memory for it",
                      "see to that and try again: nothing says that it is damaged")


def system_error(error: OSError) -> StoreError:
    """What is raised in place of an error of the system that nobody expected.

    Examples
    --------
    >>> system_error(PermissionError(errno.EACCES, "Permission denied", "runs")).found
    'runs: Permission denied'
    """
    where = "" if error.filename is None else f"{shown(str(error.filename))}: "
    return StoreError(f"{where}{error.strerror or error}",
                      "files and folders that can be read or written, on a disk with free space",
                      "check the path, your rights and the space there")


@contextmanager
def refused_by_system() -> Iterator[None]:
    """Raise StoreError in place of an OSError: around a function, or as its decorator."""
    try:
        yield
    except OSError as error:
        raise system_error(error) from error


def repr_of(value: Any) -> str:
    """Like repr, but short, and never an error itself: integers of many digits have none, nor has deep nesting."""
    return _SHORT.repr(value)


def size_in_words(count: float) -> str:
    """Bytes with three digits and the unit that suits them.

    Examples
    --------
    >>> size_in_words(4e15), size_in_words(3.2e9), size_in_words(1000)
    ('3.55 PiB', '2.98 GiB', '1000 B')
    """
    value, unit = float(count), 0
    while value >= 1023.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1024.0, unit + 1
    digits = 0 if value >= 99.95 or unit == 0 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {_UNITS[unit]}"


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 256 else f"an integer of {x.bit_length()} bits"


_SHORT: Final = _Short()
_SHORT.maxstring = _SHORT.maxother = _LONGEST
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 8
