"""The parameters of a phase diagram: a field that the sweep varies, or its ratio with another field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.sweeps.collect import Summary

__all__ = ["Parameter", "parameter_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A field that the sweep varies, or its ratio with another field."""

    label: str
    field: str
    other: str | None
    kind: Literal["field", "over", "under"]

    def change(self, value: float, base: Experiment) -> dict[str, float]:
        """What to set for the parameter to have a value."""
        if self.other is None:
            return {self.field: value}
        fixed = float(getattr(base, attribute_of(self.other)))
        return {self.field: value * fixed if self.kind == "over" else fixed / value}

    def value(self, swept: Array, base: Experiment) -> Array:
        """The parameter at values of the field."""
        if self.other is None:
            return swept
        fixed = float(getattr(base, attribute_of(self.other)))
        return swept / fixed if self.kind == "over" else fixed / swept


def parameter_of(summary: Summary, text: str) -> Parameter:
    """The parameter that a text asks for; raises InputError if the sweep does not vary it."""
    axes = summary.sweep.varied_axes()
    varied = [name for axis in axes if axis.name == "adaptive" or axis.fields == (axis.name,) for name in axis.fields]
    parts = [part.strip() for part in text.split("/")]
    known = {info.alias or name for name, info in Experiment.model_fields.items()}
    if len(parts) > 2 or any(part not in known for part in parts):
        raise InputError(f"parameter {text!r}", f"a varied field ({', '.join(varied)}), or its ratio with another field",
                         "such as r, or eta_2/eta_1")
    moving = [part for part in parts if part in varied]
    if len(moving) != 1:
        raise InputError(f"parameter {text!r}", f"one field that a product varies: {', '.join(varied) or 'there is none'}",
                         "vary it in the sweep, or choose another")
    if len(parts) == 1:
        return Parameter(text, parts[0], None, "field")
    return Parameter(text, moving[0], parts[1 - parts.index(moving[0])], "over" if parts[0] == moving[0] else "under")
