"""What a simulator is asked to run."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, draw_data, shared_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.network import draw_initial, draw_noise
from theory_sim.testing.simulator.placed_draws import draw_placed
from theory_sim.train.sampling import make_sampling

__all__ = ["EXTENSIONS", "PARTS", "Declined", "Initial", "NotFollowed", "NotGiven", "Task", "TaskDeclined"]

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
