"""Functions of an imported module given the code of another text, in place: nothing needs to be imported again.

What holds a function (a name imported elsewhere, a registry, a class) then has its new code too. What an import has worked out
with the old code does not; the caller keeps to functions that no import runs.
"""

import functools
import gc
from collections import defaultdict
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

Key = tuple[str, int]
"""Qualified name and first line."""
PROJECT: Final = ("theory_sim", "proofs_check")


class Held:
    """The functions and the caches that there are; looked up once, since a look at every object takes a second."""

    def __init__(self) -> None:
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)
        self.caches: list[Any] = []
        for held in gc.get_objects():
            if type(held) is FunctionType:
                self.functions[held.__code__.co_filename].append(held)
            elif type(held) is functools._lru_cache_wrapper and str(held.__module__).split(".")[0] in PROJECT:
                self.caches.append(held)


def swap(path: Path, old: str, new: str, held: Held) -> bool:
    """Give the functions of the module at ``path`` the code of ``new``; return False if that would not be all of the change.

    So it is if a change is in a class's or the module's own code, which has also the functions' defaults, or in a function that
    nothing holds.
    """
    before, after = _codes(path, old), _codes(path, new)
    if before is None or after is None or before.keys() != after.keys():
        return False
    changed = {key for key in before if _own(before[key][0]) != _own(after[key][0])}
    if any(not after[key][0].co_flags & CO_OPTIMIZED for key in changed):
        return False
    swapped: set[Key] = set()
    for function in held.functions[str(path)]:
        key = (function.__code__.co_qualname, function.__code__.co_firstlineno)
        if key in after and function.__code__ != after[key][0]:
            function.__code__ = after[key][0]
            swapped.add(key)
    for cache in held.caches:
        cache.cache_clear()
    return all(key in swapped or swapped & after[key][1] for key in changed)


def _codes(path: Path, text: str) -> dict[Key, tuple[CodeType, set[Key]]] | None:
    """Return each code of a text with the codes around it, None if two have one key."""
    found: dict[Key, tuple[CodeType, set[Key]]] = {}
    pending: list[tuple[CodeType, set[Key]]] = [(compile(text, str(path), "exec", dont_inherit=True), set())]
    while pending:
        code, around = pending.pop()
        key = (code.co_qualname, code.co_firstlineno)
        if key in found:
            return None
        found[key] = code, around
        pending += [(part, {*around, key}) for part in code.co_consts if isinstance(part, CodeType)]
    return found


def _own(code: CodeType) -> CodeType:
    """Return a code without those within it, and without the columns that it and they stand in."""
    constants = tuple(None if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_consts=constants, co_linetable=b"")
