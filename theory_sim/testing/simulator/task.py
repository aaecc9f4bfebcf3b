"""What a simulator is asked to run, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from theory_sim.data import Data, draw_data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.network import draw_initial, draw_noise

__all__ = ["PARTS", "Answer", "Declined", "Examples", "Initial", "Simulator", "Task", "ask"]

Array = np.ndarray[Any, Any]
PARTS: Final = ("data", "initial", "noise")
"""What a task can give, or leave to the simulator to draw."""


class Declined(Exception):
    """A simulator cannot run a task, and why; a task raises it when what it does not give is asked for."""


class Initial(NamedTuple):
    """Start of a run (THEORY §2, §3).

    Attributes
    ----------
    W : (m_W, d) array
        First layer that sees x_1, at the start.
    V : (m_V, 2) array
        First layer that sees x_2, in the basis (z, zeta / r).
    w, v : (m_W,), (m_V,) arrays
        Second layers, which stay. Paired neurons are 2 j and 2 j + 1.
    """

    W: Array
    V: Array
    w: Array
    v: Array


class Task:
    """One run for a simulator.

    Parameters
    ----------
    experiment : Experiment
        What to simulate. Its stop rules and record times do not matter here.
    steps : int
        Steps to take.
    gives : sequence of str
        Those of `PARTS` that the task gives.

    Attributes
    ----------
    experiment, steps
        As given.
    seed : int
        For whatever the simulator draws itself.
    read : set of str
        Parts that the simulator has looked at.
    """

    def __init__(self, experiment: Experiment, steps: int, gives: tuple[str, ...] = PARTS) -> None:
        self.experiment, self.steps, self.seed = experiment, steps, experiment.seed
        self._gives, self.read = gives, set[str]()
        self._data = draw_data(experiment)
        self._initial = Initial(**draw_initial(experiment))
        drawn = draw_noise(experiment, range(steps))
        self._noise = (experiment.tau_xi * drawn["W"], experiment.tau_xi * drawn["V"])

    def gives(self, part: str) -> bool:
        """Whether the task gives "data", "initial" or "noise"; if not, the simulator draws it from ``seed``."""
        return part in self._gives

    @property
    def data(self) -> Data:
        """Training set; its ``x1`` (N, d), ``x2`` (N, 2) and ``y`` (N,) are all that a step needs."""
        self._require("data")
        return self._data

    @property
    def initial(self) -> Initial:
        """Initial weights and second layers."""
        self._require("initial")
        return self._initial

    @property
    def noise(self) -> tuple[Array, Array]:
        """xi of every step for both layers, (steps, m_W, d) and (steps, m_V, 2), each N(0, tau_xi^2) (THEORY §3)."""
        self._require("noise")
        return self._noise

    def _require(self, name: str) -> None:
        if name not in self._gives:
            raise Declined(f"it has no {name} of its own: it takes task.{name} without asking task.gives({name!r})")
        self.read.add(name)


class Examples(NamedTuple):
    """Examples that a simulator drew itself.

    Attributes
    ----------
    x1, x2, y : (n, d), (n, 2), (n,) arrays
        Patches, the second in the basis (z, zeta / r), and labels.
    w_star : (d,) array
        The unit vector w* of P.
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
    eps: float


Simulator = Callable[[Task], Mapping[str, Any]]


def ask(simulator: Simulator, task: Task) -> Answer:
    """Run a simulator and read its answer.

    Raises
    ------
    Declined
        If it cannot run the task.
    InputError
        If the answer lacks an entry, has an unknown one, or one of another shape.
    """
    try:
        found = simulator(task)
    except Declined:
        raise
    except Exception as error:
        error.add_note(f"the simulator raised this when it was given {task.experiment!r}")
        raise
    e, entries = task.experiment, ("W", "V", "f", "w", "v", "data", "test")
    if not isinstance(found, Mapping) or not set(found) <= set(entries):
        raise InputError(f"the simulator returned {type(found).__name__} {list(found) if isinstance(found, Mapping) else ''}",
                         f"a dict with W and V, and if there are any {', '.join(entries[2:])}", "change the adapter")
    eps = max(float(np.finfo(np.asarray(found[name][0]).dtype).eps) if len(found.get(name, ())) else 0.0 for name in ("W", "V"))
    W = _array(found, "W", (task.steps + 1, e.m_W, e.d))
    V = _array(found, "V", (task.steps + 1, e.m_V, 2))
    given = "data" in task.read
    data = _examples(task._data, "data") if given else _examples(found.get("data"), "data")
    n = len(data.y)
    f = _array(found, "f", (task.steps + 1, n)) if found.get("f") is not None else None
    if "initial" in task.read:
        initial = Initial(*(np.asarray(part, np.float64) for part in task._initial))
    else:
        initial = Initial(W[0], V[0], _array(found, "w", (e.m_W,)), _array(found, "v", (e.m_V,)))
    test = _examples(found["test"], "test") if found.get("test") is not None else None
    noise = task._noise if "noise" in task.read else None
    return Answer(W, V, f, data, test, initial, noise, max(eps, float(np.finfo(e.dtype).eps)))


def _array(found: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    if found.get(name) is None:
        raise InputError(f"the simulator returned no {name}", f"{name} of shape {shape}", "return it, or read it from the task")
    values = np.asarray(found[name], np.float64)
    if values.shape != shape:
        raise InputError(f"{name} of shape {values.shape}", f"shape {shape}: every state, the initial one first",
                         "change the adapter")
    return values


def _examples(found: Any, name: str) -> Examples:
    try:
        return Examples(*(np.asarray(found[part] if isinstance(found, Mapping) else getattr(found, part), np.float64)
                          for part in Examples._fields))
    except (KeyError, AttributeError) as error:
        raise InputError(f"the simulator's {name} without {error.args[0]}", f"{name} with {', '.join(Examples._fields)}",
                         "return them, or read task.data") from error
