"""Arguments of public functions: one of a wrong type is an InputError that names it, and NumPy's numbers are numbers."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar

from theory_sim.errors import Fault, InputError, out_of_memory, repr_of, shown
from theory_sim.reading.answers import faults_of_user_code

__all__ = ["accepts", "fault_of_kind", "native", "require_fields", "require_kind"]

P = ParamSpec("P")
R = TypeVar("R")
Test = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_a_list(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes, Mapping))


# What a parameter can be, in the words of a message.
_KINDS: Final[Mapping[str, Test]] = {
    "a text": lambda value: isinstance(value, str),
    "a path": lambda value: isinstance(value, (str, os.PathLike)) and not isinstance(value, bytes),
    "a whole number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "a number": _is_number,
    "True or False": lambda value: isinstance(value, bool),
    "a list": _is_a_list,
    "a list of texts": lambda value: _is_a_list(value) and all(isinstance(each, str) for each in value),
    "a table": lambda value: isinstance(value, Mapping),
    "a function": callable,
}


def native(value: Any) -> Any:
    """A scalar of NumPy as the number, text or truth value of Python that it is; lists and tables of such; else the value."""
    try:
        return _native(value)
    except RecursionError:
        raise InputError(f"{shown(repr_of(value))} nests too deep, or holds itself", "values of a few levels",
                         "take it apart") from None


def _native(value: Any) -> Any:
    numpy = sys.modules.get("numpy")  # not imported: there are none
    if numpy is None:
        return value
    if isinstance(value, numpy.generic):
        return value.item()
    if type(value) in (list, tuple):
        return type(value)(_native(each) for each in value)
    if type(value) is dict:
        return {_native(key): _native(each) for key, each in value.items()}
    return value


def fault_of_kind(name: str, value: Any, kind: str) -> Fault | None:
    """What is wrong with an argument that is to be of a kind; None if it is.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
    kind : str
        A class's name, "Experiment", or such as "a text", "a path", "a whole number", "a list of texts"; several with " or ".
    """
    wanted = kind.split(" or ") if kind not in _KINDS else [kind]
    classes = [base.__name__ for base in type(value).__mro__]  # by name: most are imported where they are used alone
    if any(_KINDS[each](value) if each in _KINDS else each in classes for each in wanted):
        return None
    fix = "give one of these" if len(wanted) > 1 else f"give {kind if kind in _KINDS else f'an object of the class {kind}'}"
    return Fault(f"{name} = {shown(repr_of(value))}, {_with_article(type(value).__name__)}", _either(wanted), fix)


def _either(kinds: list[str]) -> str:
    """Such as "a table, a function or a text"."""
    return " or ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))


def _with_article(name: str) -> str:
    """Name of a class with its article, by the sound that it begins with."""
    return f"{'an' if name[:1].lower() in 'aeio' or name.startswith('nd') else 'a'} {name}"


def require_kind(name: str, value: Any, kind: str) -> None:
    """Raise InputError unless an argument is of a kind; as `fault_of_kind`."""
    fault = fault_of_kind(name, value, kind)
    if fault is not None:
        raise InputError.of([fault])


def require_fields(what: str, thing: object, kinds: Mapping[str, str]) -> None:
    """Raise InputError, with all faults, unless each of these attributes is of its kind; as `fault_of_kind`."""
    faults = [fault_of_kind(f"{what}: {name}", getattr(thing, name), kind) for name, kind in kinds.items()]
    found = [fault for fault in faults if fault is not None]
    if found:
        raise InputError.of(found)


def accepts(**kinds: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator of a public function: the kind of each named parameter, as for `fault_of_kind`.

    None is accepted where it is the default. Numbers of NumPy are given on as Python's. What a user's class raises inside is
    told as its fault, and a MemoryError becomes an InputError.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            faults = []
            for name in kinds.keys() & bound.arguments.keys():
                value = bound.arguments[name] = native(bound.arguments[name])
                if value is not None or signature.parameters[name].default is not None:
                    faults.append(fault_of_kind(name, value, kinds[name]))
            found = [fault for fault in faults if fault is not None]
            if found:
                raise InputError.of(found)
            try:
                with faults_of_user_code():
                    return function(*bound.args, **bound.kwargs)
            except MemoryError as error:  # NumPy's is one, too
                raise out_of_memory(function.__name__, error) from error

        return checked

    return decorate
