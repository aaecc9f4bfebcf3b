"""What a field holds, by the name that a user gives it: text, a whole number, a list."""

from __future__ import annotations

import types
from typing import Annotated, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from theory_sim.experiment.choices import CHOSEN
from theory_sim.experiment.description import Experiment
from theory_sim.experiment.record_times import Recording

__all__ = ["find_field", "fits_type", "takes_list", "takes_text", "takes_whole_number"]


def find_field(name: str) -> FieldInfo | None:
    """Declaration of a field of an Experiment, of one that a choice has of its own, or of "observe.kernels.probes"."""
    top, _, below = name.partition(".")
    if below:
        return Recording.model_fields.get(below.partition(".")[2]) if top == "observe" else None
    for attribute, info in Experiment.model_fields.items():
        if name in (attribute, info.alias):
            return info
    return next((chosen.own_fields()[name] for registry in CHOSEN for chosen in registry if name in chosen.fields), None)


def takes_text(name: str) -> bool:
    """Whether a field holds nothing but text."""
    kinds = _kinds(name)
    return bool(kinds) and all(kind is str or _is_word(kind) for kind in kinds)


def takes_whole_number(name: str) -> bool:
    """Whether a field holds nothing but whole numbers."""
    return _kinds(name) == [int]


def takes_list(name: str) -> bool:
    """Whether a field holds nothing but lists, such as pieces."""
    kinds = _kinds(name)
    return bool(kinds) and all(get_origin(kind) in (tuple, list) for kind in kinds)


def fits_type(name: str, value: object) -> bool:
    """Whether a value is of a field's type, whatever its range."""
    info = find_field(name)
    try:
        if info is not None:
            pydantic.TypeAdapter[object](info.annotation or object).validate_python(value)
    except pydantic.ValidationError:
        return False
    return info is not None


def _kinds(name: str) -> list[object]:
    """Types that a field takes, None left out."""
    info = find_field(name)
    return [] if info is None else [kind for kind in _parts(info.annotation) if kind is not type(None)]


def _is_word(kind: object) -> bool:
    return get_origin(kind) is Literal and all(type(word) is str for word in get_args(kind))


def _parts(annotation: object) -> list[object]:
    if get_origin(annotation) is Annotated:
        return _parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for each in get_args(annotation) for part in _parts(each)]
    return [annotation]
