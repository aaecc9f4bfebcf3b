"""What a placement of noise is: a level that may be annealed, and one of three things that it acts on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from theory_sim.experiment import Experiment

__all__ = ["OutputNoise", "Placement", "PreActivationNoise", "Sites", "WeightNoise"]

Array = np.ndarray[Any, Any]


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


class Placement:
    """Noise beside xi. Its level falls to ``noise_factor`` times ``noise_level`` once it is annealed."""

    def __init__(self, experiment: Experiment) -> None:
        self._level, self._factor = experiment.noise_level, experiment.noise_factor
        self._annealing = experiment.noise_annealing

    def level(self, tau: float, annealed_tau: float) -> float:
        """Level of the step that leaves ``tau``, the learning rate having first fallen at ``annealed_tau`` (NaN: not yet)."""
        if self._annealing == "never":
            annealed = False
        elif self._annealing == "with-rate":
            annealed = not math.isnan(annealed_tau)
        else:
            annealed = tau >= float(self._annealing) * (1 - 1e-12)
        return self._level * (self._factor if annealed else 1.0)


class PreActivationNoise(Placement, ABC):
    """Added to pre-activations while the gradient is taken, and not kept."""

    per_example = False
    """Whether examples with the same patch have noise of their own."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, rows: int, sites: Sites) -> Array:
        """Noise of ``rows`` neurons (pairs, if paired) at the sites, (rows, n), for level 1: variance ||x||^2 at x."""


class OutputNoise(Placement, ABC):
    """Added to the outputs of which the residuals are taken."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, norm: Array) -> Array:
        """Noise of each example, (N,), for level 1; ``norm`` is (N,), that of the whole input."""


class WeightNoise(Placement, ABC):
    """Subtracted from the weights at each step, and accumulated with xi."""

    @abstractmethod
    def kick(self, level: float, rate: float) -> float:
        """Standard deviation of what an entry of U moves by in a step."""
