"""Parameters that have a slider, and an experiment that is moved by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of

__all__ = ["RANGES", "Slider", "get_sliders", "get_values", "move"]


@dataclass(frozen=True)
class Slider:
    """A parameter that the page moves.

    Attributes
    ----------
    name : str
        As in a file.
    meaning : str
    value, low, high : float
        Where it starts, and its ends.
    logarithmic : bool
        Whether equal ways multiply it by equal factors.
    whole : bool
        Whether it takes whole numbers alone.
    """

    name: str
    meaning: str
    value: float
    low: float
    high: float
    logarithmic: bool
    whole: bool


RANGES: Final[Mapping[str, tuple[float, float, bool]]] = {
    "d": (10.0, 10_000.0, True), "r": (0.05, 2.0, True), "lambda": (1e-6, 1e-2, True), "eta_1": (0.1, 64.0, True),
    "eta_2": (1e-4, 16.0, True), "kappa": (0.1, 1.0, False), "q0": (0.0, 0.9, False), "alpha_min": (0.0, 1.0, False),
    "alpha_max": (0.0, 1.0, False), "max_tau": (100.0, 100_000.0, True),
}
"""Lowest and highest value of each, and whether it is logarithmic; a start outside of them moves the end."""
_DERIVED: Final = {"kappa": "kappa_value"}  # given by N where it is not given itself


def get_sliders(start: Experiment) -> list[Slider]:
    """A slider for each parameter, at its value in an experiment."""
    sliders = []
    for name, value in get_values(start).items():
        low, high, logarithmic = RANGES[name]
        described = type(start).model_fields[attribute_of(name)]
        if logarithmic and value <= 0.0:  # a logarithm would have no place for it
            low, logarithmic = 0.0, False
        sliders.append(Slider(name, described.description or "", value, min(low, value), max(high, value), logarithmic,
                              isinstance(getattr(start, attribute_of(name)), int)))
    return sliders


def get_values(experiment: Experiment) -> dict[str, float]:
    """Value of every parameter that has a slider; kappa also where the experiment gives N."""
    return {name: getattr(experiment, _DERIVED.get(name, attribute_of(name))) for name in RANGES}


def move(start: Experiment, values: Mapping[str, object]) -> Experiment:
    """The experiment with other parameters; those that have not moved stay as they are, bit by bit.

    Raises
    ------
    InputError
        If a name has no slider, or the experiment would not be valid.
    """
    if unknown := values.keys() - RANGES.keys():
        raise _unknown(unknown)
    before = get_values(start)
    return start.replace(**{name: value for name, value in values.items() if value != before[name]})


def _unknown(names: Iterable[str]) -> InputError:
    return InputError(f"the parameters {shown(repr_of(sorted(names)))}", f"of {', '.join(RANGES)}", "leave them out")
