"""Texts that users give: of files, values and seeds on the command line. Whatever is wrong with them is an InputError."""

from __future__ import annotations

import math
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import ExperimentError, InputError, shown

__all__ = ["MOST_SEEDS", "parse_seeds", "parse_toml", "parse_value", "read_text", "real_number", "whole_number"]

_LARGEST_FILE: Final = 8 * 2**20
_DEEPEST: Final = 32
_LONGEST_WORD: Final = 10_000
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
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}", unreadable, fix) from None
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path} is not text in UTF-8: {error}", what, fix) from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Table that a TOML text describes.

    Raises
    ------
    ExperimentError
        If it is not TOML, nests deeper than 32, or has an integer from 2^64 on or a text of more than 10 000 letters.
    """
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ExperimentError(f"{where} nests too deep to be read", f"at most {_DEEPEST} levels", "take tables apart") from None
    except ValueError as error:  # a TOMLDecodeError, or an integer of more digits than Python reads
        raise ExperimentError(f"{where} is not TOML: {shown(str(error), 300)}",
                              "lines such as `d = 200` or `schedule = \"S\"`", "fix that line") from None
    _require_tame(table, where)
    return table


def parse_value(field: str, text: str, option: str) -> Any:
    """Value of FIELD=VALUE: TOML where it is, else a bare word.

    Raises
    ------
    InputError
        If the text holds more than one value, or what `parse_toml` refuses.
    """
    where = f"{option} {shown(field)}"
    try:
        table = tomllib.loads(f"value = {text}")
    except RecursionError:
        raise InputError(f"{where} nests too deep to be read", f"at most {_DEEPEST} levels", "take tables apart") from None
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError):
            raise InputError(f"{where}: {shown(str(error))}", "an integer below 2^64", "make it smaller") from None
        table = {"value": text.strip()}  # a bare word: --set schedule=S
        if len(text.splitlines()) > 1:
            raise InputError(f"{where} = {shown(repr(text))}", "one value", f"give each field an {option} of its own") from None
    if table.keys() != {"value"}:
        raise InputError(f"{where} = {shown(repr(text))}", "one value", f"give each field an {option} of its own")
    _require_tame(table, where)
    return table["value"]


def whole_number(text: str) -> int | None:
    """Whole number of at most 40 digits 0 to 9; None if a text is none."""
    digits = text.strip()
    # int() would take digits of other scripts, signs and underscores.
    return int(digits) if _DIGITS.fullmatch(digits) else None


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


def _require_tame(table: dict[str, Any], where: str) -> None:
    """Refuse what would stop the checks that follow, or their messages."""
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
            elif isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
                raise ExperimentError(f"an integer of {value.bit_length()} bits in {where}", "integers below 2^64",
                                      "write it as a number with a point or exponent, or make it smaller")
            elif isinstance(value, str) and len(value) > _LONGEST_WORD:
                raise ExperimentError(f"a text of {len(value)} letters in {where}", f"at most {_LONGEST_WORD}", "shorten it")
        if not below:
            return
        level = below
    raise ExperimentError(f"{where} nests deeper than {_DEEPEST} levels", f"at most {_DEEPEST} levels", "take tables apart")


def _kind(mode: int) -> str:
    for test, name in ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISCHR, "a device"),
                       (stat.S_ISBLK, "a device"), (stat.S_ISSOCK, "a socket")):
        if test(mode):
            return name
    return "no regular file"
