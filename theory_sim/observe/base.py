"""What an observer gets and what it declares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple, Protocol

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.errors import Fault, InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choice import Choice
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.network import FiniteNetwork
from theory_sim.reading.answers import is_named, require_answer
from theory_sim.train.clock import AnyClock, AnyInstant
from theory_sim.train.losses import Loss

__all__ = ["COUNTS", "LOSS_UNIT", "SIGNS", "Labelled", "Observer", "Outputs", "Snapshot", "Use", "Values", "Variable",
           "get_weights", "require_observers"]

Values = Mapping[str, Array | float]
"""Values of one record, by variable."""
Labelled = Mapping[str, tuple[tuple[str, ...], Any, Mapping[str, str]]]
"""Variables without a record dimension: name to (dimensions, values, attributes)."""


LOSS_UNIT: Final = "unit of the loss"
"""Unit of a variable that is a loss: a run puts that of its own loss in its place."""
COUNTS: Final = "counts"
"""Attribute of a variable in a dataset that says what it counts: `SIGNS`, or it is not there."""
SIGNS: Final = "signs"


class Variable(NamedTuple):
    """A recorded variable: its dimensions beside the record's, unit and meaning.

    ``{loss}`` in the meaning stands for the name of the run's loss. ``counts_signs`` says that the values count signs, of
    outputs or of pre-activations, or are signs: where these are near zero, another rounding changes the value by whole counts.
    In a dataset the attribute ``counts`` is then "signs".

    Examples
    --------
    >>> from theory_sim import Variable
    >>> Variable(("kind",), "1", "training examples with y f <= 0", counts_signs=True)
    Variable(dims=('kind',), unit='1', meaning='training examples with y f <= 0', counts_signs=True)
    """

    dims: tuple[str, ...]
    unit: str
    meaning: str
    counts_signs: bool = False

    def attributes(self, loss: Loss) -> dict[str, str]:
        """Attributes of the variable in a dataset of a run with a loss."""
        unit = loss.unit if self.unit == LOSS_UNIT else self.unit
        signs = {COUNTS: SIGNS} if self.counts_signs else {}
        return {"units": unit, "long_name": self.meaning.replace("{loss}", f"{loss.name} loss"), **signs}


class Use(NamedTuple):
    """How a run uses an observer, for an estimate of its memory.

    Attributes
    ----------
    experiment : Experiment
    records : float
        Largest number of records.
    inputs : mapping
        Number of inputs of each feature, P and Q.
    neurons : mapping
        Number of neurons of each feature; none in the limit.
    item : int
        Bytes of a number in the run's precision.
    seen : int
        Training examples that have a patch x_1, nearly.
    """

    experiment: Experiment
    records: float
    inputs: Mapping[str, int]
    neurons: Mapping[str, int]
    item: int
    seen: int


class Outputs(Protocol):
    """What a network of either engine can be asked.

    Attributes
    ----------
    clock : AnyClock
        Level and age of the accumulated noise.
    """

    clock: AnyClock

    @property
    def f(self) -> Array:
        """Outputs on the training set, (N,) float64."""

    @property
    def g(self) -> Array:
        """Output at z - zeta, z, z + zeta as second patch, (3,) float64."""

    @property
    def directions(self) -> Array:
        """z - zeta, z, z + zeta as the filters see them, (3, k)."""

    def filters(self) -> Mapping[str, Array]:
        """First-layer weights (m, k), float64, that see x_1 ("P") and x_2 ("Q"); empty in the limit."""

    def pre_activations(self, feature: str, x: Array) -> Array | None:
        """Pre-activations (m, n), whose signs are the patterns, at inputs x (n, k) of filters that see x_1 ("P") or x_2 ("Q");
        None in the limit."""

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on other examples: f and its signal part, both (n,) float64."""

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,)."""


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps; observers read it and change nothing.

    Attributes
    ----------
    step : int
        Steps taken so far.
    tau : float
        Learning-rate time so far.
    rate : float
        Rate of the step that leaves this record (NaN before the first is known).
    now : AnyInstant
        Noise level tau_t and correlation of the patterns between times by the exact recursions (THEORY §5); NaN where the
        optimiser's noise has no law of its own.
    network : Outputs
        The engine's network: outputs, and at finite width the weights and their split (`get_weights`).
    train, test : Data
        Training set and fresh examples.
    loss : Loss
        The loss l(v) that the run minimises.
    stability : float
        Largest rate times curvature at which the optimiser's steps are stable, 2 for gradient descent; NaN if there is none.
    """

    step: int
    tau: float
    rate: float
    now: AnyInstant
    network: Outputs
    train: Data
    test: Data
    loss: Loss
    stability: float

    @property
    def tau_noise(self) -> float:
        """Standard deviation of the accumulated noise by the exact recursion (THEORY §5); NaN if there is none."""
        return self.now.level


def get_weights(snapshot: Snapshot, observer: str) -> FiniteNetwork:
    """The network of a run at finite width, with its layers.

    Raises
    ------
    InputError
        If the network has no weights; ``observer`` names who asks.
    """
    if not isinstance(snapshot.network, FiniteNetwork):
        raise InputError(f"{observer} of a network without weights", "it looks at the weights of neurons",
                         "use the engine finite, or leave this observer out")
    return snapshot.network


def require_observers(observers: Sequence[object]) -> None:
    """Raise InputError unless each is an observer that says what it records.

    Parameters
    ----------
    observers : sequence of object
        What a user gives as observers.
    """
    for each in observers:
        if not isinstance(each, Observer):
            found = f"the class {each.__name__}" if isinstance(each, type) else shown(repr_of(each))
            fix = f"give {each.__name__}(...)" if isinstance(each, type) else "class Mine(theory_sim.Observer): ..."
            raise InputError(f"{found} as an observer", "an object of a subclass of theory_sim.Observer", fix)
        kind, declared = type(each), getattr(each, "variables", None)
        require_answer(kind, "variables", declared, lambda found: is_named(found, _is_variable),
                       "theory_sim.Variable(dims, unit, meaning, counts_signs=False) by name, dims a tuple of names other than "
                       "'record'")
        require_answer(kind, "recording", each.recording, lambda found: found is None or isinstance(found, Recording),
                       "a theory_sim.Recording, or None")


def _is_variable(value: Any) -> bool:
    return (isinstance(value, Variable) and isinstance(value.dims, tuple) and "record" not in value.dims
            and isinstance(value.counts_signs, bool)
            and all(isinstance(text, str) for text in (*value.dims, value.unit, value.meaning)))


class Observer(Choice, ABC):
    """Computes some variables of a run, at the run's record times or at its own.

    A subclass declares ``variables`` and implements `observe`; the rest may stay as it is. It must not change anything
    that it is shown, nor draw from a stream of the run: then every other number of the run stays the same.

    One that a file can name under ``observe`` declares a ``summary`` too, is made from a Recording alone, and registers itself:
    ``@OBSERVERS.register`` of `theory_sim.experiment.choices`.

    Attributes
    ----------
    name : str
        Names the observer in messages and, with times of its own, the dimension ``record_<name>`` of its variables, with
        the coordinates ``tau_<name>`` and ``step_<name>``.
    uses_probes : bool
        Whether it looks at as many inputs as its recording's ``probes`` says.
    recording : Recording or None
        When to record; None, or one without times: whenever the run does.
    variables : mapping
        Name, dimensions, unit and meaning of what `observe` returns.

    Examples
    --------
    Training examples on the wrong side, by kind, at every record of the run:

    >>> import numpy as np
    >>> from theory_sim import Experiment, Observer, Recording, Variable, simulate
    >>> class Wrong(Observer):
    ...     name = "wrong-side"
    ...     variables = {"wrong": Variable(("kind",), "1", "training examples with y f <= 0", counts_signs=True)}
    ...     def __init__(self, recording):
    ...         self.recording = recording
    ...     def observe(self, snapshot):
    ...         wrong = snapshot.train.y * snapshot.network.f <= 0
    ...         return {"wrong": np.bincount(snapshot.train.kind[wrong], minlength=3)}
    >>> tiny = Experiment(d=20, N=80, m_W=20, m_V=200, max_tau=100.0)
    >>> simulate(tiny, observers=[Wrong(Recording())]).dataset["wrong"].dims
    ('record', 'kind')
    """

    name: ClassVar[str] = ""
    uses_probes: ClassVar[bool] = False
    recording: Recording | None = None
    variables: Mapping[str, Variable]
    needs_theory: ClassVar[bool] = False
    """Whether it looks at what only ReLU networks on the P/Q mixture have: patterns, three directions, w*."""
    needs_weights: bool = False
    """Whether it looks at the weights of neurons, which only a finite width has."""

    @abstractmethod
    def observe(self, snapshot: Snapshot) -> Values:
        """Values of one record, shaped as declared."""

    def start(self, snapshot: Snapshot) -> None:
        """Called once, before the first step and the first record."""

    def annealed(self, snapshot: Snapshot) -> None:
        """Called once, at the step that is the first to use a lower rate than the one before."""

    def coordinates(self) -> Mapping[str, Any]:
        """Labels of own dimensions, by name."""
        return {}

    def final(self) -> Labelled:
        """Variables of the whole run, asked for at its end."""
        return {}

    def state(self) -> Mapping[str, Array]:
        """What must be kept to continue after an interruption."""
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave; called instead of `start`."""

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        """Whatever is wrong with an Experiment that names it."""
        recording = experiment.observe.get(cls.name)
        if recording is not None and recording.probes is not None and not cls.uses_probes:
            yield Fault(f"probes for the observer {cls.name!r}", "it looks at every training example", "leave probes out",
                        (f"observe.{cls.name}.probes",))

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        """Memory that it takes, where a file names it; 1 kB a record unless it says otherwise."""
        return Bytes(1000 * use.records)

    @classmethod
    def seconds(cls, use: Use) -> float:
        """Time that it takes in all, roughly; none that would be noticed unless it says otherwise."""
        return 0.0

    @property
    def own_times(self) -> bool:
        """Whether it records at times of its own."""
        return self.recording is not None and self.recording.own_times
