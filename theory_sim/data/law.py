"""What a law of the data declares and does, and the draws of an experiment's examples."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data.checks import require_data
from theory_sim.data.examples import Q_ONLY, Data
from theory_sim.data.label_flips import flipped_labels
from theory_sim.errors import Fault, InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS, DataLawChoice
from theory_sim.numeric.streams import generator
from theory_sim.reading.answers import is_number, require_answer, require_numbers, unchanged
from theory_sim.reading.arguments import accepts

__all__ = ["DataLaw", "draw_data", "draw_fresh", "draw_q_hat", "draw_test_data", "register_data_law", "undrawn"]

_MOST_KINDS: Final = 127  # an example's kind is an int8
PatchesFunction = Callable[[Experiment, Array, Array, np.random.Generator], tuple[Array, Array]]


class DataLaw(DataLawChoice, ABC):
    """A law of labelled examples of two patches. A subclass declares `Choice`'s attributes, implements `patches`, registers.

    Attributes
    ----------
    kinds : tuple of str
        Names of the groups of examples of which losses are recorded.
    in_theory : bool
        Whether the closed forms of the theory hold.
    """

    kinds: ClassVar[tuple[str, ...]] = ("all",)
    in_theory: ClassVar[bool] = False

    @classmethod
    def shares(cls, experiment: Experiment) -> Sequence[float]:
        """Probability of each kind; equal ones unless a law says otherwise."""
        return [1.0 / len(cls.kinds)] * len(cls.kinds)

    @classmethod
    def patches(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> tuple[Array, Array]:
        """Both patches (n, d), (n, k) of n examples.

        Parameters
        ----------
        experiment : Experiment
            Gives d and the law's own fields.
        kind, y : (n,) arrays
            Kind and label of each example.
        rng : Generator
            For what is drawn anew for each example.
        fixed : Generator
            For what all examples share, such as a direction; at the same state for the training set and fresh examples.
        """
        raise NotImplementedError

    @classmethod
    def draw(
        cls, experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator, fixed: np.random.Generator
    ) -> Data:
        """Examples of given kinds and labels; arguments as for `patches`."""
        n, dtype = len(kind), experiment.dtype
        shapes = {"x1": (n, experiment.d), "x2": (n, cls.second_dimension(experiment))}
        with unchanged(f"data_law {cls.name!r}", kind=kind, y=y):
            patches = cls.patches(experiment, kind, y, rng, fixed)
        if not isinstance(patches, (tuple, list)) or len(patches) != 2:
            raise InputError(f"data_law {cls.name!r} gives {shown(repr_of(patches))}", "both patches, a pair of arrays",
                             "fix the law")
        found = {name: require_numbers(part, shape, f"{name} of data_law {cls.name!r}")
                 for part, (name, shape) in zip(patches, shapes.items(), strict=True)}
        return Data(found["x1"].astype(dtype), found["x2"].astype(dtype), y, kind, cls.kinds)


@accepts(name="a text", patches="a function", kinds="a list of texts", shares="a list", k="a whole number", summary="a text")
def register_data_law(
    name: str, patches: PatchesFunction, *, kinds: Sequence[str] = ("all",), shares: Sequence[float] | None = None,
    k: int | None = None, summary: str = "a law of the user's",
) -> type[DataLaw]:
    """Make a function a law of the data, for runs in this process.

    Parameters
    ----------
    name : str
        Value of ``data_law``.
    patches : callable
        Called with (experiment, kind, y, generator); gives x_1 (n, d) and x_2 (n, k) of n examples of these kinds and labels.
    kinds : sequence of str
        Names of the groups of examples.
    shares : sequence of float, optional
        Probability of each kind; equal ones by default.
    k : int, optional
        Dimension of the second patch, d by default; 0: there is none.
    summary : str
        One line for tables.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_data
    >>> from theory_sim.data import register_data_law
    >>> def sphere(experiment, kind, y, generator):
    ...     x = generator.standard_normal((len(y), experiment.d))
    ...     x[:, 0] = y * abs(x[:, 0])
    ...     return x / (x**2).sum(axis=1, keepdims=True) ** 0.5, x[:, :0]
    >>> law = register_data_law("sphere", sphere, k=0)
    >>> draw_data(Experiment(data_law="sphere", d=3, N=5)).x1.shape
    (5, 3)
    """
    _require_kinds(f"data_law {name!r}", kinds)
    if k is not None and k < 0:
        raise InputError(f"k = {k}", "the dimension of the second patch, at least 0", "give 0 where there is none")
    numbers = shares is None or all(is_number(share) for share in shares)
    weights = [1.0 / len(kinds)] * len(kinds) if shares is None or not numbers else [float(share) for share in shares]
    if not numbers or len(weights) != len(kinds) or not min(weights) >= 0 or not abs(sum(weights) - 1.0) <= 1e-9:
        raise InputError(f"shares = {shown(repr_of(shares))} of {len(kinds)} kinds", "a probability for each, 1 in all",
                         "change them")

    def of_function(cls: type[DataLaw], experiment: Experiment, kind: Array, y: Array, rng: np.random.Generator,
                    fixed: np.random.Generator) -> tuple[Array, Array]:
        return patches(experiment, kind, y, rng)

    def second(cls: type[DataLaw], experiment: Experiment) -> int:
        return experiment.d if k is None else k

    made: type[DataLaw] = type(name, (DataLaw,), {
        "name": name, "summary": summary, "kinds": tuple(kinds),
        "__module__": getattr(patches, "__module__", None) or "__main__",  # functools.partial has neither
        "__qualname__": f"{getattr(patches, '__qualname__', 'a function')} as {name}",
        "shares": classmethod(lambda cls, experiment: weights),
        "patches": classmethod(of_function), "second_dimension": classmethod(second),
    })
    DATA_LAWS.register(made)
    return made


@accepts(experiment="Experiment")
def draw_data(experiment: Experiment) -> Data:
    """Training set of an experiment (THEORY §1).

    Kinds are drawn, or for ``counts = "exact"`` rounded by largest remainder and shuffled. The stream depends on
    ``seed_data`` alone, so that schedules compared on one seed see the same examples.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_data
    >>> data = draw_data(Experiment(d=20, N=80))
    >>> data.x1.shape, data.x2.shape, data.kinds
    ((80, 20), (80, 2), ('P-only', 'Q-only', 'both'))
    """
    law, rng = _law_of(experiment), generator(experiment.seed_of("data"), "data")
    kind = _kinds(experiment, law, rng)
    data = _drawn(experiment, law, kind, rng)
    return replace(data, y=flipped_labels(data.y, experiment))


@accepts(experiment="Experiment")
def draw_q_hat(experiment: Experiment) -> float:
    """`Data.q_hat` of the training set that `draw_data` gives, from its kinds alone: no patch is drawn, whatever N and d."""
    law = _law_of(experiment)
    if law.is_users():
        return draw_data(experiment).q_hat
    if not law.has_pq:
        return 0.0
    kind = _kinds(experiment, law, generator(experiment.seed_of("data"), "data"))
    return int(np.count_nonzero(kind == Q_ONLY)) / len(kind)


@accepts(experiment="Experiment", n_each="a whole number")
def draw_test_data(experiment: Experiment, n_each: int | None = None) -> Data:
    """Fresh examples, ``n_each`` (default ``n_test``) of each kind, with the training set's w* or whatever examples share.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_test_data
    >>> test = draw_test_data(Experiment(d=20, N=80), n_each=100)
    >>> test.x1.shape
    (300, 20)
    """
    n = experiment.n_test if n_each is None else n_each
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(f"n_each = {n!r}", "at least one example of each kind", "give 1 or more")
    law, rng = _law_of(experiment), generator(experiment.seed_of("data"), "test data")
    return _drawn(experiment, law, np.repeat(np.arange(len(law.kinds), dtype=np.int8), n), rng)


def draw_fresh(experiment: Experiment, n: int, rng: np.random.Generator) -> Data:
    """``n`` examples of an experiment's law, of random kinds and of what all its examples share, made of ``rng``'s numbers."""
    law = _law_of(experiment)
    share = _shares(experiment, law)
    kind = rng.choice(np.arange(len(share), dtype=np.int8), size=n, p=share)
    return _drawn(experiment, law, kind, rng)


def undrawn(experiment: Experiment) -> Fault | None:
    """Why an experiment's examples cannot be drawn, but must be given; None if they can."""
    if _law_of(experiment).is_drawn:
        return None
    return Fault(f"data_law = {experiment.data_law!r} without data", "examples that are given, not drawn",
                 "simulate(experiment, data=(train, test)) in Python", ("data_law",))


def _require_kinds(what: str, kinds: Sequence[str]) -> None:
    named = all(isinstance(kind, str) and kind and kind.isprintable() for kind in kinds)
    if not named or not 0 < len(set(kinds)) == len(kinds) <= _MOST_KINDS:
        raise InputError(f"{what}: kinds = {shown(repr_of(kinds))}", f"1 to {_MOST_KINDS} different names", "name them")


def _law_of(experiment: Experiment) -> type[DataLaw]:
    law = DATA_LAWS[experiment.data_law]
    assert issubclass(law, DataLaw), f"{law} is a DataLaw"
    if law.is_users():
        _require_kinds(law.called(), law.kinds)
    return law


def _shares(experiment: Experiment, law: type[DataLaw]) -> Array:
    """Probability of each kind, (kinds,) float64."""
    found = law.shares(experiment)
    if law.is_users():
        require_answer(law, "shares", found, lambda shares: len(shares) == len(law.kinds) and min(shares) >= 0.0
                       and abs(sum(shares) - 1.0) < 1e-9, f"a probability for each of the kinds {', '.join(law.kinds)}")
    share: Array = np.array(found, dtype=np.float64)
    share /= share.sum()
    return share


def _kinds(experiment: Experiment, law: type[DataLaw], rng: np.random.Generator) -> Array:
    """Kind of each training example, (N,) int8: the first that a stream of data gives."""
    n, share = experiment.n_examples, _shares(experiment, law)
    every = np.arange(len(share), dtype=np.int8)
    if experiment.exact_counts:
        return rng.permutation(np.repeat(every, _largest_remainder(n * share, n)))
    return rng.choice(every, size=n, p=share)


def _drawn(experiment: Experiment, law: type[DataLaw], kind: Array, rng: np.random.Generator) -> Data:
    y = rng.choice(np.array([-1.0, 1.0]), size=len(kind))
    data = law.draw(experiment, kind, y, rng, generator(experiment.seed_of("data"), "data", 1))
    if law.is_users():
        require_answer(law, "draw", data, lambda found: isinstance(found, Data), "the examples, as theory_sim.Data")
        require_data(f"what {law.called()} draws", data, experiment, len(kind))
    return data


def _largest_remainder(wanted: Array, n: int) -> Array:
    counts = np.floor(wanted).astype(np.int64)
    rest = np.argsort(counts - wanted, kind="stable")[: n - counts.sum()]
    counts[rest] += 1
    return counts
