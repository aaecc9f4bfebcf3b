"""Texts that users give: of files, values and seeds on the command line. Whatever is wrong with them is an InputError."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import ExperimentError, InputError, shown

__all__ = ["MOST_SEEDS", "parse_seeds", "parse_toml", "parse_value", "read_text"]

_LARGEST_FILE: Final = 8 * 2**20
_DEEPEST: Final = 32
_LONGEST_WORD: Final = 10_000
_LARGEST_INTEGER: Final = 2**64
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


def parse_seeds(text: str, where: str) -> list[int]:
    """Seeds of a list "0,1,2" or a range "0:5" without its end.

    Raises
    ------
    InputError
        If it is neither, a seed is not within 0 to 2^64 - 1, or there are more than 10 000.
    """
    bad = InputError(f"{where} {shown(text)}", "whole numbers from 0 to 2^64 - 1: 0,1,2 or a range 0:5", "fix the list")
    try:
        numbers = [int(part) for part in text.split(":" if ":" in text else ",")]
    except ValueError:
        raise bad from None
    if any(not 0 <= number < _LARGEST_INTEGER for number in numbers):
        raise bad
    if ":" in text:
        if len(numbers) != 2 or numbers[0] >= numbers[1]:
            raise bad
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
