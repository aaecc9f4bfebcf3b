"""What a placement of noise is: a level that may be annealed, and one of four things that it acts on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault, InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import PLACEMENTS, PlacementChoice
from theory_sim.reading.answers import is_size, require_answer, require_numbers, unchanged
from theory_sim.train.losses import Loss, make_loss

__all__ = ["LabelNoise", "OutputNoise", "Placement", "PreActivationNoise", "Sites", "WeightNoise", "make_placement"]


class Sites(NamedTuple):
    """Points at which a layer is evaluated, and how examples' outputs follow.

    Attributes
    ----------
    x : (n, k) array
        The points.
    norm : (n,) array
        Their norms.
    patch : (n,) int array
        Which patch of an input each is, 0 or 1 within the layer.
    example, site, weight : (e,) arrays
        The output of ``example`` takes in ``weight`` times that of ``site``.
    """

    x: Array
    norm: Array
    patch: Array
    example: Array
    site: Array
    weight: Array


class Placement(PlacementChoice):
    """Noise beside xi. Its level falls to ``noise_factor`` times ``noise_level`` once it is annealed.

    A subclass declares `Choice`'s attributes and registers itself.

    Attributes
    ----------
    unit : str
        What ``noise_level`` is the standard deviation of, in Markdown.
    """

    reads: ClassVar[tuple[str, ...]] = ("noise_level", "noise_annealing", "noise_factor")
    unit: ClassVar[str] = "$s$"

    def __init__(self, experiment: Experiment) -> None:
        self._level, self._factor = experiment.noise_level, experiment.noise_factor
        self._anneals, self._with_rate = experiment.anneals_noise, experiment.anneals_with_rate
        self._annealing = experiment.noise_annealing

    @classmethod
    def matched_level(cls, s: float, rate: float, lambda_: float) -> float:
        """``noise_level`` at which it adds the variance s^2 ||x||^2 to a pre-activation, stationary where it accumulates."""
        return s

    def level(self, tau: float, annealed_tau: float) -> float:
        """Level of the step that leaves ``tau``, the learning rate having first fallen at ``annealed_tau`` (NaN: not yet)."""
        if not self._anneals:
            annealed = False
        elif self._with_rate:
            annealed = not math.isnan(annealed_tau)
        else:
            annealed = tau >= float(self._annealing) * (1 - 1e-12)
        return self._level * (self._factor if annealed else 1.0)


class PreActivationNoise(Placement, ABC):
    """Added to pre-activations while the gradient is taken, and not kept.

    Attributes
    ----------
    per_example : bool
        Whether examples with the same patch have noise of their own.
    common : bool
        Whether all inputs share it, so that it changes which of their patterns agree at one time.
    in_limit : bool
        Whether the limit has an equation for it: draws are fresh at each step, and examples with the same patch share them.
    """

    per_example: ClassVar[bool] = False
    common: ClassVar[bool] = False
    in_limit: ClassVar[bool] = True

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if not experiment.moving_patterns:
            yield Fault(f"noise_placement = {cls.name!r} with patterns = {experiment.patterns!r}",
                        "noise on pre-activations acts through patterns that follow them", "choose patterns = 'moving'",
                        ("noise_placement", "patterns"))

    @abstractmethod
    def draw(self, generator: np.random.Generator, rows: int, sites: Sites) -> Array:
        """Noise of ``rows`` neurons (pairs, if paired) at the sites, (rows, n), for level 1: variance ||x||^2 at x."""

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        x, each = np.ones((3, 2), experiment.dtype), np.arange(3)
        sites = Sites(x, np.sqrt((x * x).sum(axis=1)), np.zeros(3, np.int64), each, each, np.ones(3))
        with unchanged(f"draw of {cls.called()}", **{"sites.x": sites.x, "sites.norm": sites.norm}):
            drawn = cls(experiment).draw(np.random.default_rng(0), 2, sites)
        require_numbers(drawn, (2, 3), f"draw of {cls.called()} for 2 rows and 3 sites", fix="change draw")
        require_answer(cls, "draw", drawn, lambda found: isinstance(found, np.ndarray) and found.dtype.kind == "f",
                       "an array of floating-point numbers")


class OutputNoise(Placement, ABC):
    """Added to the outputs of which the residuals are taken."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, norm: Array) -> Array:
        """Noise of each example, (N,), for level 1; ``norm`` is (N,), that of the whole input."""

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        norm = np.ones(3)
        with unchanged(f"draw of {cls.called()}", norm=norm):
            found = cls(experiment).draw(np.random.default_rng(0), norm)
        require_numbers(found, (3,), f"draw of {cls.called()} for 3 examples", fix="change draw")


class LabelNoise(Placement, ABC):
    """Changes the labels of which a step takes its residuals; what is recorded is of the labels themselves.

    Attributes
    ----------
    needs_targets : bool
        Whether it needs a loss of y - f, which takes any number for y.
    """

    needs_targets: ClassVar[bool] = False

    @abstractmethod
    def residual(self, generator: np.random.Generator, level: float, y: Array, f: Array, loss: Loss) -> Array:
        """Derivative (N,) of each example's loss with respect to its output f (N,), at disturbed labels."""

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        y, f = np.array([1.0, -1.0, 1.0]), np.array([0.1, 0.2, -0.3])
        with unchanged(f"residual of {cls.called()}", y=y, f=f):
            found = cls(experiment).residual(np.random.default_rng(0), 0.5, y, f, make_loss(experiment))
        require_numbers(found, (3,), f"residual of {cls.called()} for 3 examples", fix="change residual")

    @classmethod
    def matched_level(cls, s: float, rate: float, lambda_: float) -> float:
        raise InputError(f"the level of noise_placement = {cls.name!r} that matches a variance of pre-activations",
                         "noise on labels adds none", "choose another placement")


class WeightNoise(Placement, ABC):
    """Subtracted from the weights at each step, and accumulated with xi."""

    @abstractmethod
    def increment(self, level: float, rate: float) -> float:
        """Standard deviation of what an entry of U moves by in a step."""

    @classmethod
    def require_answers(cls, experiment: Experiment) -> None:
        require_answer(cls, "increment", cls(experiment).increment(1.0, 0.5), is_size, "a standard deviation")


def make_placement(experiment: Experiment) -> Placement | None:
    """Placement of an experiment, None if it adds no noise but xi."""
    if not experiment.has_placed_noise:
        return None
    chosen = PLACEMENTS[experiment.noise_placement]
    assert issubclass(chosen, Placement), f"{chosen} is a Placement"
    return chosen(experiment)
