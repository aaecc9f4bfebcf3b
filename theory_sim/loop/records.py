"""Records of a run in memory: one group for the run's own record times, one for each observer with times of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment.record_times import Recording
from theory_sim.observe.base import Observer, Snapshot, Variable
from theory_sim.reading.answers import require_answer, unchanged
from theory_sim.train.losses import Loss

__all__ = ["Group", "Records"]


class Group:
    """Observers that record together, and what they have recorded.

    Attributes
    ----------
    name : str
        Empty for the run's own record times.
    recording : Recording
        Record times.
    observers : list of Observer
        Those of the group.
    values : dict
        Variable to its list of records; ``step`` and ``tau`` among them.
    """

    def __init__(self, name: str, recording: Recording, observers: Sequence[Observer]) -> None:
        self.name, self.recording, self.observers = name, recording, list(observers)
        self.declared: dict[str, Variable] = {}
        for observer in self.observers:
            self.declared.update(observer.variables)
        self.values: dict[str, list[Any]] = {name: [] for name in ("step", "tau", *self.declared)}

    def __len__(self) -> int:
        return len(self.values["step"])

    def record(self, snapshot: Snapshot) -> None:
        """Add a record, once a step."""
        if len(self) and self.values["step"][-1] == snapshot.step:
            return
        found: dict[str, Any] = {"step": snapshot.step, "tau": snapshot.tau}
        for observer in self.observers:
            with unchanged(f"observe of {observer.called()}", **_shown(snapshot)) if observer.is_users() else nullcontext():
                values = observer.observe(snapshot)
            if not isinstance(values, Mapping) or values.keys() != observer.variables.keys():
                gave = sorted(map(str, values)) if isinstance(values, Mapping) else shown(repr_of(values))
                raise InputError(
                    f"observer {type(observer).__name__} gave {gave}, declared {sorted(observer.variables)}",
                    "each declared variable at each record, and no other", "fix its variables or its observe",
                )
            if observer.is_users():
                self._require_shapes(observer, values)
            found.update(values)
        for name, value in found.items():
            self.values[name].append(np.array(value))  # a copy: an observer may give a view of what changes later

    def _require_shapes(self, observer: Observer, values: Mapping[str, Any]) -> None:
        """Raise InputError unless each value has the declared dimensions, with the lengths of the record before."""
        for name, value in values.items():
            dims, before = observer.variables[name].dims, self.values[name]
            require_answer(type(observer), "observe", value, partial(_has_dims, len(dims)),
                           f"{name}: numbers with the {len(dims)} dimensions that it declares, {dims}")
            if before and _shape(value) != _shape(before[-1]):
                raise InputError(f"observe of {observer.called()} gives {name} of shape {_shape(value)[0]}",
                                 f"the shape of the record before, {_shape(before[-1])[0]}",
                                 "pad it with NaN, or record a number that has one shape")

    def arrays(self, start: int = 0) -> dict[str, Array]:
        """Records from ``start`` on, each variable stacked."""
        return {name: np.asarray(values[start:]) for name, values in self.values.items()}

    def dataset(self, loss: Loss) -> tuple[dict[str, Any], dict[str, Any]]:
        """Variables and coordinates for xarray, of a run with a loss."""
        suffix = f"_{self.name}" if self.name else ""
        dim = f"record{suffix}"
        arrays = self.arrays()
        variables = {
            name: ((dim, *variable.dims), arrays[name], variable.attributes(loss))
            for name, variable in self.declared.items()
        }
        coordinates: dict[str, Any] = {
            f"tau{suffix}": (dim, arrays["tau"].astype(np.float64), {"units": "1", "long_name": "learning-rate time"}),
            f"step{suffix}": (dim, arrays["step"].astype(np.int64)),
        }
        for observer in self.observers:
            coordinates.update(observer.coordinates())
        return variables, coordinates


def _shown(snapshot: Snapshot) -> dict[str, Array]:
    """Arrays of a snapshot with which the run goes on to compute."""
    sets = (("train", snapshot.train), ("test", snapshot.test))
    return {"network.f": snapshot.network.f} | {
        f"{name}.{part}": getattr(data, part) for name, data in sets for part in ("x1", "x2", "y", "kind")}


def _has_dims(count: int, value: Any) -> bool:
    return _shape(value)[1] == count


def _shape(value: Any) -> tuple[tuple[int, ...], int]:
    """Shape of numbers, and its length; TypeError if it holds what is none."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiubc":
        raise TypeError
    return array.shape, array.ndim


class Records:
    """Every group of a run.

    Parameters
    ----------
    observers : sequence of Observer
        Observers of the run; those with times of their own form a group each.
    every : float
        tau between two records of the others.

    Raises
    ------
    InputError
        If two observers declare one variable, or two with own times share a name.
    """

    def __init__(self, observers: Sequence[Observer], every: float) -> None:
        self.observers = list(observers)
        seen: set[str] = {"tau", "step", "record", "w_star", "f_train"}
        for observer in self.observers:
            clash = seen & observer.variables.keys()
            if clash:
                raise InputError(f"variables {sorted(clash)} declared twice", "one observer a variable", "rename them")
            seen |= observer.variables.keys()
        own = [observer for observer in self.observers if observer.own_times]
        names = [observer.name for observer in own]
        if len(set(names)) < len(names) or "" in names:
            raise InputError(f"observers with own record times named {names}", "a name for each, all different", "rename them")
        self.groups = [Group("", Recording(every_tau=every), [o for o in self.observers if not o.own_times])]
        for observer in own:
            assert observer.recording is not None
            self.groups.append(Group(observer.name, observer.recording, [observer]))

    @property
    def main(self) -> Group:
        """The group of the run's own record times."""
        return self.groups[0]

    def due(self, step: int, tau: float, before: float, *, end: bool) -> list[Group]:
        """Groups that record now; at the end the run's own group does in any case."""
        return [g for g in self.groups if g.recording.due(step, tau, before) or (end and g is self.main)]

    def next_tau(self, tau: float) -> float:
        """Next fixed record time of any group."""
        return min((group.recording.next_tau(tau) for group in self.groups), default=math.inf)

    def since(self, counts: Mapping[str, int]) -> dict[str, Array]:
        """Records of each group from a count on, as ``group/variable``."""
        return {
            f"{group.name}/{name}": values
            for group in self.groups
            for name, values in group.arrays(counts.get(group.name, 0)).items()
        }

    def counts(self) -> dict[str, int]:
        """Number of records of each group."""
        return {group.name: len(group) for group in self.groups}

    def extend(self, segment: Mapping[str, Array]) -> None:
        """Take back what `since` gave."""
        for group in self.groups:
            for name, values in group.values.items():
                values.extend(segment[f"{group.name}/{name}"])
