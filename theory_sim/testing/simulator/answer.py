"""What a simulator answers to a task, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.errors import InputError
from theory_sim.testing.simulator.task import Declined, Initial, NotFollowed, NotGiven, Task, TaskDeclined

__all__ = ["Answer", "Examples", "Simulator", "ask"]

Simulator = Callable[[Task], Mapping[str, Any]]


class Examples(NamedTuple):
    """Examples that a simulator drew itself.

    Attributes
    ----------
    x1, x2, y : (n, d), (n, 2), (n,) arrays
        Patches, the second in the basis (z, zeta / r), and labels.
    w_star : (d,) array
        The unit vector w* of P; NaN of data without one.
    """

    x1: Array
    x2: Array
    y: Array
    w_star: Array


class Answer(NamedTuple):
    """What a simulator did, as float64 arrays.

    Attributes
    ----------
    W, V : (steps + 1, m, k) arrays
        Weights before each step and at the end.
    f : (steps + 1, N) array or None
        Outputs on the training set, if it gave them.
    data, test : Examples or None
        Training set, from the task if it was read there; test set, if it gave one.
    initial : Initial
        Start that the task gave, or that it drew.
    noise : pair of arrays, or None
        The task's noise, if it read it.
    second : pair of arrays
        Second layers before each step and at the end, (steps + 1, m) each.
    batches : list of arrays
        Examples of each step.
    placed
        Draws of the placed noise, as `Task.placed` gives them.
    eps : float
        Unit of rounding of the coarsest of its arrays and of the experiment's dtype.
    """

    W: Array
    V: Array
    f: Array | None
    data: Examples
    test: Examples | None
    initial: Initial
    noise: tuple[Array, Array] | None
    second: tuple[Array, Array]
    batches: list[Array]
    placed: Any
    eps: float

    def not_numbers(self) -> str:
        """Where it first holds NaN or infinity, in words; empty if nowhere."""
        states = {"W": self.W, "V": self.V, "w": self.second[0], "v": self.second[1]}
        if self.f is not None:
            states["f"] = self.f
        first = [(int(np.argmin(finite)), name) for name, values in states.items()
                 if not (finite := np.isfinite(values).reshape(len(values), -1).all(axis=1)).all()]
        if first:
            step, name = min(first)
            return f"{name} holds NaN or infinity, not numbers, from state {step} of {len(self.W)} on"
        parts = [f"{part} of {name}" for name, examples in (("data", self.data), ("test", self.test)) if examples is not None
                 for part in ("x1", "x2", "y") if not np.isfinite(getattr(examples, part)).all()]
        return f"{', '.join(parts)}: NaN or infinity, not numbers" if parts else ""


def ask(simulator: Simulator, task: Task) -> Answer:
    """Run a simulator and read its answer.

    Raises
    ------
    TaskDeclined
        If the simulator says that it cannot run the task.
    Declined
        If the task has what the simulator does not follow, or lacks what it has not of its own.
    InputError
        If the answer lacks an entry, has an unknown one, or one of another shape or type.
    """
    try:
        found = simulator(task)
    except (NotGiven, NotFollowed):
        raise
    except Declined as reason:
        raise TaskDeclined(str(reason)) from reason
    except Exception as error:
        error.add_note(f"the simulator raised this when it was given {task._experiment!r}")
        raise
    e, entries = task._experiment, ("W", "V", "f", "w", "v", "data", "test")
    if not isinstance(found, Mapping) or not set(found) <= set(entries):
        raise InputError(f"the simulator returned {type(found).__name__} {list(found) if isinstance(found, Mapping) else ''}",
                         f"a dict with W and V, and if there are any {', '.join(entries[2:])}", "change the adapter")
    _require_read(task)
    states, shapes = task.steps + 1, task._initial
    W = _array(found, "W", (states, *shapes.W.shape))
    V = _array(found, "V", (states, *shapes.V.shape)) if shapes.V.size else np.zeros((states, *shapes.V.shape))
    eps = max(_eps(found[name]) for name in ("W", "V") if found.get(name) is not None and len(found[name]))
    given = "data" in task.read
    data = _examples(task._data, "data") if given else _examples(found.get("data"), "data")
    f = _array(found, "f", (states, len(data.y))) if found.get("f") is not None else None
    w, v = _second_layers(found, task)
    initial = Initial(*(np.asarray(part, np.float64) for part in task._initial)) if "initial" in task.read else Initial(
        W[0], V[0], w[0], v[0])
    test = _examples(found["test"], "test") if found.get("test") is not None else None
    noise = task._noise if "noise" in task.read else None
    return Answer(W, V, f, data, test, initial, noise, (w, v), task._batches, task._placed,
                  max(eps, float(np.finfo(e.dtype).eps)))


def _require_read(task: Task) -> None:
    """Decline a task whose batches or placed noise the simulator must have drawn itself: its step could not be known."""
    e = task._experiment
    for name, there in (("batches", e.batch_size is not None), ("placed", e.has_placed_noise)):
        if there and name not in task.read:
            raise Declined(f"it does not take task.{name}: those of its own are not known")


def _second_layers(found: Mapping[str, Any], task: Task) -> tuple[Array, Array]:
    """Second layers before each step and at the end: as given, as returned, or as trained."""
    layers, states = [], task.steps + 1
    for name in ("w", "v"):
        start: Array = getattr(task._initial, name)
        if task._experiment.train_second_layer and start.size:
            layers.append(_array(found, name, (states, len(start))))
        elif "initial" in task.read or not start.size:
            layers.append(np.broadcast_to(start.astype(np.float64), (states, len(start))))
        else:
            layers.append(np.broadcast_to(_array(found, name, (len(start),)), (states, len(start))))
    return layers[0], layers[1]


def _array(found: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    if found.get(name) is None:
        raise InputError(f"the simulator returned no {name}", f"{name} of shape {shape}", "return it, or read it from the task")
    values = _numbers(found[name], name, "f")
    if values.shape != shape:
        raise InputError(f"{name} of shape {values.shape}", f"shape {shape}: every state, the initial one first",
                         "change the adapter")
    return values


def _numbers(values: Any, name: str, kinds: str = "fiub") -> Array:
    """A copy in float64, which stays as it is when a simulator writes into its own arrays again."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise InputError(f"{name} is not an array: {error}", "an array, or a list of arrays of one shape",
                         "change the adapter") from error
    if array.dtype.kind not in kinds:
        raise InputError(f"{name} of dtype {array.dtype}", "floating-point numbers" if kinds == "f" else "real numbers",
                         "return a NumPy array of dtype float64 or float32")
    return np.array(array, np.float64)


def _eps(states: Any) -> float:
    """Unit of rounding of what the states were before they stood in one array."""
    return float(np.finfo(np.asarray(states[0]).dtype).eps)


def _examples(found: Any, name: str) -> Examples:
    if found is None:
        raise InputError(f"the simulator returned no {name}", f"{name} with {', '.join(Examples._fields)}",
                         f"return them, or read task.{name}")
    if isinstance(found, Data):
        w_star = np.full(found.x1.shape[1], np.nan) if found.pq is None else found.w_star
        return Examples(*(np.asarray(part, np.float64) for part in (found.x1, found.x2, found.y, w_star)))
    try:
        return Examples(*(_numbers(found[part] if isinstance(found, Mapping) else getattr(found, part), f"{part} of {name}")
                          for part in Examples._fields))
    except (KeyError, AttributeError) as error:
        raise InputError(f"the simulator's {name} without {error.args[0]}", f"{name} with {', '.join(Examples._fields)}",
                         "return them, or read task.data") from error
