"""What a simulator is asked to run, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from theory_sim.data import Data, draw_data, shared_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.network import draw_initial, draw_noise
from theory_sim.testing.simulator.placed_draws import draw_placed
from theory_sim.train.sampling import make_sampling

__all__ = ["EXTENSIONS", "PARTS", "Answer", "Declined", "Examples", "Initial", "NotFollowed", "NotGiven", "Simulator", "Task",
           "TaskDeclined", "ask"]

Array = np.ndarray[Any, Any]
PARTS: Final = ("data", "initial", "noise")
"""What a task can give, or leave to the simulator to draw."""
EXTENSIONS: Final = (
    "network", "batch_size", "sampling", "noise_placement", "loss", "optimiser", "activation", "biases", "train_second_layer",
    "output_scale", "data_law", "alpha_law", "label_flips",
)
"""Fields that a simulator need not follow: beside their defaults they are asked only of one that says so."""


class Declined(Exception):
    """A simulator cannot run a task, and why; a task raises it when what it does not give is asked for."""


class TaskDeclined(Declined):
    """A simulator's own word that it cannot run a task: it may run another one."""


class NotGiven(Declined):
    """A part that a task does not give, and that the simulator does not draw itself."""


class NotFollowed(Declined):
    """An adapter does not say that its simulator follows these fields.

    Attributes
    ----------
    fields : tuple of str
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"the adapter does not say that it follows them: task.follows({', '.join(map(repr, fields))})")


class Initial(NamedTuple):
    """Start of a run (THEORY §2, §3).

    Attributes
    ----------
    W : (m_W, d) array
        First layer that sees x_1, at the start; of the shared network its one layer, which sees both patches.
    V : (m_V, 2) array
        First layer that sees x_2, in the basis (z, zeta / r); no rows, if there is none.
    w, v : (m_W,), (m_V,) arrays
        Second layers, which stay unless they are trained. Paired neurons are 2 j and 2 j + 1.

    Notes
    -----
    Biases are one more column of W and V, the last.
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
    followed : sequence of str
        Those of `EXTENSIONS` that the simulator is known to follow.

    Attributes
    ----------
    steps
        As given.
    seed : int
        For whatever the simulator draws itself.
    read : set of str
        Parts that the simulator has looked at.
    """

    def __init__(
        self, experiment: Experiment, steps: int, gives: tuple[str, ...] = PARTS, followed: Sequence[str] = ()
    ) -> None:
        self._experiment, self.steps, self.seed = experiment, steps, experiment.seed
        self._gives, self.read = gives, set[str]()
        fields = Experiment.model_fields
        self._asked = {name: getattr(experiment, name) for name in EXTENSIONS
                       if name not in followed and getattr(experiment, name) != fields[name].default}
        self._drawn = draw_data(experiment)

    # -- what the simulator follows ---------------------------------------------------------------

    def follows(self, *fields: str, **choices: Sequence[Any]) -> None:
        """Say, before anything of the task is read, which fields of `EXTENSIONS` the simulator follows.

        Parameters
        ----------
        *fields : str
            Fields that it follows whatever their value, such as ``"batch_size"``.
        **choices : sequence
            Fields of which it follows some values, such as ``optimiser=("nesterov", "adam")``.

        Raises
        ------
        InputError
            If it names another field.
        """
        for name in (*fields, *choices):
            if name not in EXTENSIONS:
                raise InputError(f"task.follows({name!r})", f"one of {', '.join(EXTENSIONS)}", "name these alone")
        for name in fields:
            self._asked.pop(name, None)
        for name, values in choices.items():
            if name in self._asked and self._asked[name] in values:
                del self._asked[name]

    def _require_followed(self) -> None:
        if self._asked:
            raise NotFollowed(tuple(self._asked))

    @property
    def experiment(self) -> Experiment:
        """What to simulate."""
        self._require_followed()
        return self._experiment

    # -- parts that it gives: copies, since some simulators change arrays in place ----------------

    def gives(self, part: str) -> bool:
        """Whether the task gives "data", "initial" or "noise"; if not, the simulator draws it from ``seed``."""
        return part in self._gives

    @property
    def data(self) -> Data:
        """Training set; its ``x1`` (N, d), ``x2`` (N, 2) and ``y`` (N,) are all that a step needs.

        Of the shared network ``x2`` is (N, d), as its filters see it.
        """
        self._require("data")
        return deepcopy(self._data)

    @cached_property
    def _data(self) -> Data:
        e, drawn = self._experiment, self._drawn
        if not e.shared_filters or drawn.pq is None:
            return drawn
        directions = shared_directions(e, drawn.w_star)
        return replace(drawn, x2=(drawn.alpha[:, None] * directions[drawn.direction]).astype(e.dtype))

    @property
    def initial(self) -> Initial:
        """Initial weights and second layers."""
        self._require("initial")
        return deepcopy(self._initial)

    @cached_property
    def _initial(self) -> Initial:
        drawn = draw_initial(self._experiment)
        if "U" in drawn:
            return Initial(drawn["U"], drawn["U"][:0], drawn["u"], drawn["u"][:0])
        return Initial(drawn["W"], drawn.get("V", drawn["W"][:0, :0]), drawn["w"], drawn.get("v", drawn["w"][:0]))

    @property
    def noise(self) -> tuple[Array, Array]:
        """xi of every step for both layers, (steps, m_W, d) and (steps, m_V, 2), each N(0, tau_xi^2) (THEORY §3)."""
        self._require("noise")
        return deepcopy(self._noise)

    @cached_property
    def _noise(self) -> tuple[Array, Array]:
        first, *second = (self._experiment.tau_xi * xi for xi in draw_noise(self._experiment, range(self.steps)).values())
        V = self._initial.V
        return first, second[0] if second else np.zeros((self.steps, *V.shape), first.dtype)

    @property
    def batches(self) -> list[Array]:
        """Examples of every step, indices into the training set: more than once where one counts more than once."""
        self._require_followed()
        self.read.add("batches")
        return deepcopy(self._batches)

    @cached_property
    def _batches(self) -> list[Array]:
        sampling, every = make_sampling(self._experiment), np.arange(len(self._drawn))
        if sampling.fresh:
            raise NotGiven(f"a task does not give the fresh examples of sampling = {self._experiment.sampling!r}")
        return [every if (seen := sampling.at(t)) is None else seen for t in range(self.steps)]

    @property
    def placed(self) -> Any:
        """Draws of the noise that is placed beside xi, of level 1, for every step: see `draw_placed`."""
        self._require_followed()
        self.read.add("placed")
        return deepcopy(self._placed)

    @cached_property
    def _placed(self) -> Any:
        return draw_placed(self._experiment, self._drawn, self.steps)

    def _require(self, name: str) -> None:
        self._require_followed()
        if name not in self._gives:
            raise NotGiven(f"it has no {name} of its own: it takes task.{name} without asking task.gives({name!r})")
        self.read.add(name)


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


Simulator = Callable[[Task], Mapping[str, Any]]


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
