"""Texts that users give: of files, values and seeds on the command line. Whatever is wrong with them is an InputError."""

from __future__ import annotations

import codecs
import math
import os
import re
import shlex
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import ExperimentError, Fault, InputError, repr_of, shown

__all__ = [
    "MOST_SEEDS", "parse_listed_seeds", "parse_seeds", "parse_toml", "parse_value", "read_text", "real_number", "whole_number",
]

_LARGEST_FILE: Final = 8 * 2**20
_DEEPEST: Final = 32
_LONGEST_WORD: Final = 10_000
# A dotted key of more names than levels are read, where one can begin: tomllib keeps every beginning of it.
_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY: Final = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*{_NAME}(?:[ \t]*\.[ \t]*{_NAME}){{{_DEEPEST},}}")
_LARGEST_INTEGER: Final = 2**64
_DIGITS: Final = re.compile(r"[0-9]{1,40}")
_REAL: Final = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,4})?")
MOST_SEEDS: Final = 10_000


def read_text(path: str | os.PathLike[str], *, what: str = "a TOML file", fix: str = "check the path") -> str:
    """Text of a regular file of at most 8 MiB.

    Raises
    ------
    ExperimentError
        If there is no such file, it is a folder, a device or a pipe, too large, or not UTF-8.
    """
    unreadable = f"a readable file: {what}"
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ExperimentError(f"{shown(str(path))}: {getattr(error, 'strerror', error)}", unreadable, fix) from None
    if not stat.S_ISREG(found.st_mode):
        raise ExperimentError(f"{path} is {_kind(found.st_mode)}", f"{what}, a regular file", fix)
    if found.st_size > _LARGEST_FILE:
        raise ExperimentError(f"{path} has {found.st_size} bytes", f"{what} of at most {_LARGEST_FILE} bytes", fix)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}", unreadable, fix) from None
    return _decoded(content, str(path), what)


def _decoded(content: bytes, path: str, what: str) -> str:
    """Text in UTF-8; the mark that some editors put before it is no part of it."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise ExperimentError(f"{path} is text in UTF-16", f"{what} in UTF-8",
                              f"save it as UTF-8: iconv -f UTF-16 -t UTF-8 {shlex.quote(path)}")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ExperimentError(f"{path}, line {line}: the byte 0x{content[error.start]:02x} is not UTF-8", f"{what} in UTF-8",
                              f"save it as UTF-8; of text in Latin-1: iconv -f LATIN1 -t UTF-8 {shlex.quote(path)}") from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Table that a TOML text describes.

    Raises
    ------
    ExperimentError
        If it is not TOML, nests deeper than 32, or has integers from 2^64 on or texts of more than 10 000 letters; the last two
        name their keys, and ``where`` is then left to the caller.
    """
    try:
        _require_shallow_keys(text)
        table = tomllib.loads(text)
    except RecursionError:
        raise ExperimentError(f"{where} nests too deep to be read", f"at most {_DEEPEST} levels", "take tables apart") from None
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):
            raise ExperimentError(_too_long(where), "integers below 2^64", "make it smaller") from None
        raise ExperimentError(f"{where} is not TOML: {shown(str(error), 300)}",
                              "lines such as `d = 200` or `schedule = \"S\"`", "fix that line") from None
    _require_tame(table, where)
    return table


def parse_value(field: str, text: str, option: str, *, is_text: bool = False) -> Any:
    """Value of FIELD=VALUE: TOML where it is, else a bare word.

    Parameters
    ----------
    field, text : str
        What stands before and after the first ``=``.
    option : str
        Option of the command line, for messages.
    is_text : bool
        Whether the field holds text: it stays as it was typed, also where it looks like a number or a date, unless it is a text
        in quotation marks.

    Raises
    ------
    InputError
        If the text holds more than one value, or what `parse_toml` refuses.
    """
    where = f"{option} {shown(field)}"
    bare = is_text and text.strip()[:1] not in ('"', "'")
    try:
        _require_shallow_keys(text)
        table = tomllib.loads(f"value = {text}") if not bare or len(text.splitlines()) > 1 else {"value": text.strip()}
    except RecursionError:
        raise InputError(f"{where} nests too deep to be read", f"at most {_DEEPEST} levels", "take tables apart") from None
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):
            raise InputError(_too_long(where), "an integer below 2^64", "make it smaller") from None
        table = {"value": text.strip()}  # a bare word: --set schedule=S
        if len(text.splitlines()) > 1:
            raise InputError(f"{where} = {shown(repr(text))}", "one value", f"give each field an {option} of its own") from None
    if table.keys() != {"value"}:
        raise InputError(f"{where} = {shown(repr(text))}", "one value", f"give each field an {option} of its own")
    try:
        _require_tame({field: table["value"]}, where)
    except InputError as error:
        raise error.within(lambda fault: option if fault.fields else "") from None
    return table["value"]


def whole_number(text: str) -> int | None:
    """Whole number of at most 40 digits 0 to 9; None if a text is none."""
    digits = text.strip()
    # int() would take digits of other scripts, signs and underscores.
    return int(digits) if _DIGITS.fullmatch(digits) else None


def _too_long(where: str) -> str:
    return f"{where}: an integer of more than {sys.get_int_max_str_digits()} digits"


def real_number(text: str) -> float | None:
    """Finite number such as 25, 0.5 or 1e-3; None if a text is none."""
    digits = text.strip()
    if not _REAL.fullmatch(digits):  # float() would take digits of other scripts, underscores and nan
        return None
    return number if math.isfinite(number := float(digits)) else None


def parse_seeds(text: str, where: str) -> list[int]:
    """Seeds of a list "0,1,2" or a range "0:5" without its end.

    Raises
    ------
    InputError
        If it is neither, a seed is not within 0 to 2^64 - 1, or there are more than 10 000.
    """
    parts = text.split(":" if ":" in text else ",")
    numbers = [number for part in parts if (number := whole_number(part)) is not None and number < _LARGEST_INTEGER]
    if len(numbers) < len(parts):
        wrong = next(part for part in parts if (number := whole_number(part)) is None or number >= _LARGEST_INTEGER)
        raise InputError(f"{where} {shown(text)}: {shown(repr(wrong))} is no seed",
                         "whole numbers from 0 to 2^64 - 1, in the digits 0 to 9: a list 0,1,2 or a range 0:5",
                         f"give seeds such as {where} 0:5")
    if ":" in text:
        if len(numbers) != 2:
            raise InputError(f"{where} {shown(text)}: {len(numbers)} numbers", "a range has two, begin:end",
                             "give two, or a list")
        if numbers[0] >= numbers[1]:
            low, high = min(numbers), max(numbers)
            raise InputError(f"{where} {text}: no seed from {numbers[0]} on is below {numbers[1]}",
                             "a range begin:end holds the seeds from begin to end - 1",
                             f"{where} {low}:{high + 1} for the seeds {low} to {high}")
        if numbers[1] - numbers[0] > MOST_SEEDS:
            raise InputError(f"{where} {shown(text)}", f"at most {MOST_SEEDS} seeds", "give fewer")
        return list(range(*numbers))
    if len(numbers) > MOST_SEEDS:
        raise InputError(f"{len(numbers)} seeds in {where}", f"at most {MOST_SEEDS}", "give fewer")
    return numbers


def parse_listed_seeds(value: Any) -> list[int]:
    """Seeds that a file lists: whole numbers, or the text of a list or a range as on the command line.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(value, str):
        try:
            return parse_seeds(value, "seeds")
        except InputError as error:
            raise error.about("seeds") from None
    if not (isinstance(value, list) and value and all(type(each) is int for each in value)):
        raise InputError(f"seeds = {shown(repr_of(value))}", "a list of whole numbers, not empty, or a range",
                         'such as seeds = [0, 1, 2] or seeds = "0:3"', fields=("seeds",))
    return value


def _require_shallow_keys(text: str) -> None:
    """RecursionError, as of what nests by brackets, if a key has too many names."""
    if _DEEP_KEY.search(text):
        raise RecursionError


def _require_tame(table: dict[str, Any], where: str) -> None:
    """Refuse what would stop the checks that follow, or their messages."""
    faults: list[Fault] = []
    level: list[tuple[str, Any]] = [(key, value) for key, value in _named(table)]
    for _ in range(_DEEPEST):
        below: list[tuple[str, Any]] = []
        for name, value in level:
            if isinstance(value, dict):
                below += [(f"{name}.{key}", each) for key, each in _named(value)]
            elif isinstance(value, list):
                below += [(name, each) for each in value]
            elif isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
                faults.append(Fault(f"{name} = {repr_of(value)}: {value.bit_length()} bits", "integers below 2^64",
                                    "write it as a number with a point or exponent, or make it smaller", (name,)))
            elif isinstance(value, str) and len(value) > _LONGEST_WORD:
                faults.append(Fault(f"{name} is a text of {len(value)} letters", f"at most {_LONGEST_WORD}", "shorten it",
                                    (name,)))
        if not below:
            break
        level = below
    else:
        raise ExperimentError(f"{where} nests deeper than {_DEEPEST} levels", f"at most {_DEEPEST} levels", "take tables apart")
    if faults:
        raise ExperimentError.of(faults)


def _named(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys, shortened, with their values; a key is a text too."""
    for key, value in table.items():
        yield shown(key), value
        if len(key) > _LONGEST_WORD:
            yield shown(key), key


def _kind(mode: int) -> str:
    for test, name in ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISCHR, "a device"),
                       (stat.S_ISBLK, "a device"), (stat.S_ISSOCK, "a socket")):
        if test(mode):
            return name
    return "no regular file"
