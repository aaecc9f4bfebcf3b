"""What a user's class or function does wrong: that it raises, or answers with something else than its base class says."""

from __future__ import annotations

import inspect
import math
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, get_origin, get_type_hints

from theory_sim.errors import InputError, TheorySimError, repr_of, shown

if TYPE_CHECKING:
    from theory_sim.arrays import Array

__all__ = [
    "Open", "faults_of_function", "faults_of_user_code", "is_named", "is_number", "is_size", "require_answer",
    "require_declared", "require_named_class", "require_numbers", "unchanged",
]

_PACKAGE: Final = __name__.partition(".")[0]
# What a mistake in code raises; exceptions of the user's own, raised to end a run, are none of these.
_MISTAKES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, NotImplementedError, TypeError,
                    ValueError)


_ABSENT: Final = object()


class Open:
    """Base of the classes of which a user may write one."""

    @classmethod
    def is_users(cls) -> bool:
        """Whether it stands outside of this package."""
        return cls.__module__.partition(".")[0] != _PACKAGE

    @classmethod
    def called(cls) -> str:
        """What messages call it, such as "the Loss 'mine'": the class that it is a kind of, with its own name."""
        base = next(base for base in cls.__mro__ if base.__module__.partition(".")[0] == _PACKAGE)
        return f"the {base.__name__} {(getattr(cls, 'name', '') or cls.__qualname__)!r}"


@contextmanager
def faults_of_user_code() -> Iterator[None]:
    """Tell a mistake that a method of a user's class raises as an InputError; the exception itself is its cause.

    What this package raises on purpose stays as it is, and so does whatever did not pass through such a method.
    """
    try:
        yield
    except TheorySimError:
        raise
    except _MISTAKES as error:
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        asked = next(filter(None, map(_asked, reversed(frames))), None)
        if asked is None:
            raise
        kind, method = asked
        raise InputError(f"{kind.called()} raises {shown(f'{type(error).__name__}: {error}')}{_place(error)}",
                         _rule(kind, method), f"change {method}; the exception's cause has the traceback") from error


@contextmanager
def faults_of_function(what: str, rule: str) -> Iterator[None]:
    """Tell a mistake that a user's function raises as an InputError; ``what`` it is asked for, and the rule of its answer."""
    try:
        yield
    except TheorySimError:
        raise
    except _MISTAKES as error:
        raise InputError(f"{what}: {shown(f'{type(error).__name__}: {error}')}{_place(error)}", rule,
                         "change the function; the exception's cause has the traceback") from error


@contextmanager
def unchanged(whose: str, **shown_arrays: Array) -> Iterator[None]:
    """Raise InputError if a user's method changes an array that it is shown; ``whose`` method, and the arrays by name."""
    import numpy as np

    before = {name: zlib.crc32(np.ascontiguousarray(array).data) for name, array in shown_arrays.items()}
    yield
    for name, array in shown_arrays.items():
        if zlib.crc32(np.ascontiguousarray(array).data) != before[name]:
            raise InputError(f"{whose} changes {name}", "it changes nothing that it is shown: the run computes with it",
                             f"work on a copy, {name}.copy()")


def _asked(frame: FrameType) -> tuple[type[Open], str] | None:
    """The user's class whose method a frame is of, and the method's name; inherited methods count too."""
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames
    if code.co_argcount:
        first = values.get(names[0])
    else:  # *args
        first = next(iter(values.get(names[code.co_kwonlyargcount], ())), None) if code.co_flags & inspect.CO_VARARGS else None
    kind = first if isinstance(first, type) else type(first)
    return (kind, frame.f_code.co_name) if issubclass(kind, Open) and kind.is_users() else None


def _place(error: Exception) -> str:
    """Where in the user's own code it was raised."""
    stack = traceback.extract_tb(error.__traceback__)
    own = [(frame, line) for frame, line in zip(traceback.walk_tb(error.__traceback__), stack, strict=True)
           if frame[0].f_globals.get("__name__", "").partition(".")[0] not in (_PACKAGE, "contextlib", "functools")]
    return f", at line {own[-1][1].lineno} of {own[-1][1].filename}" if own else ""


def _rule(kind: type, method: str) -> str:
    """What the classes above say of a method: the first paragraph of its docstring, or of the class's."""
    for base in kind.__mro__:
        found = base.__dict__.get(method)
        text = inspect.getdoc(found) or ""
        if base.__module__.partition(".")[0] == _PACKAGE and text:
            return f"{base.__name__}.{method}: {' '.join(text.partition(chr(10) * 2)[0].split())}"
    return f"{method} is called with what {kind.__mro__[1].__name__} says, and returns what it says"


def require_named_class(kind: str, chosen: Any) -> None:
    """Raise InputError unless what is registered as a kind of thing is a class with a name and a summary."""
    if not isinstance(chosen, type):
        raise InputError(f"{kind} {shown(repr_of(chosen))}", "a class, not an object of it", "register the class")
    for attribute in ("name", "summary"):
        if not isinstance(getattr(chosen, attribute, None), str) or not getattr(chosen, attribute):
            raise InputError(f"{kind} {chosen.__qualname__} without {attribute}", f"each {kind} declares name and summary",
                             f"add {attribute} = \"...\" to the class")


def require_declared(kind: type, bases: Sequence[type], what: str) -> None:
    """Raise InputError unless a user's class has every abstract method of its base, and attributes of the declared types.

    Parameters
    ----------
    kind : type
        The user's class.
    bases : sequence of type
        It has to be a subclass of one of these.
    what : str
        What messages call it.
    """
    base = next((base for base in bases if issubclass(kind, base)), None)
    if base is None:
        names = " or ".join(base.__name__ for base in bases)
        raise InputError(f"{what} is no {names}", f"a subclass of {names} of {bases[0].__module__}",
                         f"class {kind.__name__}({bases[0].__name__}): ...")
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    if missing:
        raise InputError(f"{what} without {' and '.join(missing)}", _rule(kind, missing[0]), f"define {missing[0]}")
    for name, value, hint in _declared(kind, base):
        if not _is_of(value, hint):
            raise InputError(f"{what}: {name} = {shown(repr_of(value))}", f"{_named(hint)}, as {base.__name__} declares it",
                             f"change {name}")


def _declared(kind: type, base: type) -> Iterator[tuple[str, Any, Any]]:
    """Attributes of a class that its base declares, with their types; what is computed for each object is none of them."""
    for name, hint in get_type_hints(base).items():
        value = inspect.getattr_static(kind, name, _ABSENT)
        if value is not _ABSENT and (inspect.isfunction(value) or not hasattr(value, "__get__")):
            yield name, value, hint


def _is_of(value: Any, hint: Any) -> bool:
    import pydantic

    hint = hint.__args__[0] if str(get_origin(hint)) == "typing.ClassVar" else hint
    scalar = hint in (bool, int, float, str)
    try:
        pydantic.TypeAdapter(hint, config=pydantic.ConfigDict(arbitrary_types_allowed=True)).validate_python(
            value, strict=scalar)
    except pydantic.ValidationError:
        return False
    return True


def _named(hint: Any) -> str:
    words = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}
    hint = hint.__args__[0] if str(get_origin(hint)) == "typing.ClassVar" else hint
    return words.get(hint, str(hint).replace("typing.", "").replace("collections.abc.", ""))


def require_answer(of: type[Open], method: str, answer: Any, holds: Callable[[Any], bool], rule: str) -> None:
    """Raise InputError unless what a user's method gave is as its base says.

    Parameters
    ----------
    of : type
        The user's class.
    method : str
        Its method.
    answer : object
        What it gave.
    holds : callable
        Whether it is right; it may raise TypeError, ValueError, AttributeError or LookupError where it is not.
    rule : str
        What is right, in words.
    """
    try:
        right = bool(holds(answer))
    except (TypeError, ValueError, AttributeError, LookupError):
        right = False
    if not right:
        raise InputError(f"{method} of {of.called()} gives {shown(repr_of(answer))}", rule, f"change {method}")


def is_number(value: Any) -> bool:
    """Whether it is a real number of Python or NumPy, NaN and infinity among them, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_size(value: Any) -> bool:
    """Whether it is a finite number of at least 0."""
    return is_number(value) and 0.0 <= value < math.inf


def is_named(value: Any, holds: Callable[[Any], bool]) -> bool:
    """Whether it is a table with texts as keys of which each value is right."""
    return isinstance(value, Mapping) and all(isinstance(key, str) and holds(each) for key, each in value.items())


def require_numbers(values: Any, shape: tuple[int, ...], what: str, *, least: float = -math.inf, fix: str = "fix the law"
                    ) -> Array:
    """A copy of an array that was given, of finite numbers of this shape, none below ``least``; else InputError says why."""
    import numpy as np

    try:
        array = np.array(values)
    except ValueError:  # rows of different lengths
        array = np.array([], object)
    if array.dtype.kind not in "fiub":
        found = f"{shown(repr_of(values))}, not real numbers"
    elif array.shape != shape:
        found = f"shape {array.shape}"
    elif not np.isfinite(array).all():
        found = f"{int(np.isnan(array).sum())} NaN and {int(np.isinf(array).sum())} infinite of {array.size} numbers"
    elif np.min(array, initial=math.inf) < least:
        found = f"least {array.min():g}"
    else:
        return array
    bound = f" of at least {least:g}" if least > -math.inf else ""
    raise InputError(f"{what}: {found}", f"finite numbers{bound}, in an array of shape {shape}", fix)
