"""The rule of a field in words, read off its declaration: for messages, and for the table in the documentation."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from theory_sim.errors import ExperimentError, repr_of, shown
from theory_sim.experiment.choices import OneOf

__all__ = ["attribute_of", "choices_of", "get_rule", "named_once"]


def get_rule(field: FieldInfo) -> str:
    """What values a field takes, such as "a whole number from 1 to 1e9"."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "rule" in extra:
        return str(extra["rule"])
    kinds = _kinds(field.annotation)
    words = []
    if int in kinds or float in kinds:
        words.append(("a whole number" if int in kinds else "a number") + _bounds(field))
    words += [repr(choice) for choice in choices_of(field)]
    if not words:
        words = ["a table" if dict in kinds else "a list of numbers" if tuple in kinds else "a text"]
    if len(words) == 1:
        return words[0]
    start = "one of " if len(words) > 2 and not (int in kinds or float in kinds) else ""
    return f"{start}{', '.join(words[:-1])} or {words[-1]}"


def named_once(fields: Mapping[str, object]) -> dict[str, object]:
    """Fields by the names that a file has: ``lambda`` for ``lambda_``.

    Raises
    ------
    ExperimentError
        If one is given by both names.
    """
    if "lambda" in fields and "lambda_" in fields:
        raise ExperimentError(f"lambda = {shown(repr_of(fields['lambda']))} and lambda_ = {shown(repr_of(fields['lambda_']))}",
                              "two names of one field", "leave one out", fields=("lambda", "lambda_"))
    return {("lambda" if name == "lambda_" else name): value for name, value in fields.items()}


def attribute_of(name: str) -> str:
    """Name in Python of a field, given by either of its names: ``lambda_`` for ``lambda``."""
    return "lambda_" if name == "lambda" else name


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Words that a field takes."""
    for rule in field.metadata:
        if isinstance(rule, OneOf):
            return rule.names()
    return tuple(word for part in _parts(field.annotation) if get_origin(part) is Literal for word in get_args(part))


def _parts(annotation: object) -> tuple[object, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _kinds(annotation: object) -> set[object]:
    return {get_origin(part) or part for part in _parts(annotation)}


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(rule, name) for rule in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(rule, name)}
    low, above, high = found.get("ge"), found.get("gt"), found.get("le")
    if low is not None and "lt" in found:
        return f" from {_number(low)} to below {_number(found['lt'])}"
    if above is not None:
        return f" above {_number(above)}" + (f" and at most {_number(high)}" if high is not None else "")
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    return f" of at least {_number(low)}" if low is not None else ""


def _number(value: float) -> str:
    from theory_sim.theory.conditions import in_words

    if isinstance(value, int):
        return "2^64 - 1" if value == 2**64 - 1 else str(value) if value < 10**8 else in_words(float(value), "g")
    return in_words(value, "g")
