"""Records of a probe: a table for its own times, one for each of those with times of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from theory_sim.errors import InputError, nearest, repr_of, shown
from theory_sim.experiment.record_times import Recording
from theory_sim.probe.watcher import Moment, Watcher
from theory_sim.train.losses import Loss

__all__ = ["RUN", "Table", "read_recordings"]

RUN: Final = "run"
_EVERY: Final = 100
"""Steps between two records unless others are asked for."""


def read_recordings(record: object, watchers: Sequence[type[Watcher]]) -> dict[str, Recording]:
    """Record times by what is recorded: those of ``run``, and of each of those that record and were asked for.

    Raises
    ------
    InputError
        If it is neither a number of steps nor such a mapping.
    """
    known = (RUN, *(each.name for each in watchers))
    if record is None:
        record = _EVERY
    if isinstance(record, int) and not isinstance(record, bool) and record >= 1:
        record = {RUN: {"every_steps": record}, **{each.name: {} for each in watchers if each.by_default}}
    if not isinstance(record, Mapping):
        raise InputError(f"record = {shown(repr_of(record))}", "steps between two records, a whole number from 1, or what to "
                         f"record: {', '.join(known)}, each with its times", 'such as record={"kernels": '
                         '{"every_steps": 500}}')
    found = {}
    for name, times in record.items():
        if name not in known:
            raise InputError(f"record[{name!r}]", f"one of {', '.join(known)}", nearest(name, known))
        if not isinstance(times, (Recording, Mapping)):
            raise InputError(f"record[{name!r}] = {shown(repr_of(times))}", "a theory_sim.Recording or its fields",
                             'such as {"every_steps": 500}, or {} for the times of the run')
        found[name] = times if isinstance(times, Recording) else _recording(name, times)
    run = found.get(RUN, Recording())
    return {**found, RUN: run if run.own_times else Recording(every_steps=_EVERY)}


def _recording(name: str, fields: Mapping[str, Any]) -> Recording:
    import pydantic

    try:
        return Recording(**fields)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or name
        raise InputError(f"record[{name!r}]: {field}: {first['msg']}", f"fields of a theory_sim.Recording: "
                         f"{', '.join(Recording.model_fields)}", f"change {field}") from None


class Table:
    """What some watchers recorded at common times.

    Parameters
    ----------
    name : str
        Empty for the run's own times.
    recording : Recording
    watchers : sequence of Watcher

    Attributes
    ----------
    suffix : str
        Of the dimension of its records.
    """

    def __init__(self, name: str, recording: Recording, watchers: Sequence[Watcher]) -> None:
        self.recording, self.watchers = recording, list(watchers)
        self.suffix = f"_{name}" if name else ""
        self._values: dict[str, list[Any]] = {"step": [], "tau": []}

    def record(self, moment: Moment) -> None:
        """Add a record, once a step."""
        if self._values["step"] and self._values["step"][-1] == moment.step:
            return
        found: dict[str, Any] = {"step": moment.step, "tau": moment.tau}
        for watcher in self.watchers:
            values = watcher.observe(moment)
            assert {*values, *watcher.of_steps} == {*watcher.variables}, f"{type(watcher).__name__} gives what it declares"
            found |= values
        for name, value in found.items():
            self._values.setdefault(name, []).append(np.array(value))

    def state(self) -> dict[str, Any]:
        """The records, and what the watchers keep."""
        return {"values": self._values, "watchers": [watcher.state() for watcher in self.watchers]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave."""
        self._values = dict(state["values"])
        for watcher, kept in zip(self.watchers, state["watchers"], strict=True):
            watcher.restore(kept)

    def dataset(self, loss: Loss, of_steps: Mapping[str, Sequence[float]]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Variables and coordinates for xarray.

        Parameters
        ----------
        loss : Loss
        of_steps : mapping
            What is known of each step, such as its rate; a record has that of the step that leaves it, the last one that of the
            step before, if none has left it.
        """
        record = f"record{self.suffix}"
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {
            f"tau{self.suffix}": (record, np.array(self._values["tau"], np.float64),
                                   {"units": "1", "long_name": "learning-rate time"}),
            f"step{self.suffix}": (record, np.array(self._values["step"], np.int64)),
        }
        for watcher in self.watchers:
            values = {name: np.stack(self._values[name]) for name in watcher.variables if name not in watcher.of_steps}
            for name in watcher.of_steps:
                known = of_steps[name]
                values[name] = np.array([known[min(step, len(known) - 1)] for step in self._values["step"]], np.float64)
            for name, variable in watcher.variables.items():
                variables[name] = ((record, *variable.dims), values[name], variable.attributes(loss))
            variables |= watcher.final(record)
            coordinates |= watcher.coordinates()
        return variables, coordinates
