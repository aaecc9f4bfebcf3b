"""Laws of Gaussian draws by layer, step and coordinate (THEORY §3, §5), each at a stated level and with a stated power.

Each takes draws that are N(0, 1) in a right simulator: what was drawn, divided by the level that the *experiment* has there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
from scipy import stats

from theory_sim.arrays import Array
from theory_sim.experiment import Experiment

__all__ = ["LEVEL", "POWER", "Broken", "BrokenAt", "draws_are_gaussian", "draws_have_level", "draws_are_independent",
           "smallest_level_found", "smallest_share_found"]

LEVEL: Final = 1e-6
"""Probability with which a law at most refuses a right simulator."""
POWER: Final = 0.999
"""Probability at which a law finds a deviation of the size that it states."""
# In levels. Draws of heavier or lighter tails are seen in the counts beyond.
_BEYOND: Final = (1.0, 2.0, 3.0, 4.0)
# Sums of fewer products than this are not close enough to normal in their tails.
_LEAST_OVERLAP: Final = 1000


class Broken(AssertionError):
    """A law that a simulator breaks.

    Attributes
    ----------
    mistakes : tuple of str
        What it most likely does.
    """

    def __init__(self, what: str, *mistakes: str) -> None:
        super().__init__(what)
        self.mistakes = mistakes


class BrokenAt(Broken):
    """A law that a simulator breaks at an experiment.

    Attributes
    ----------
    experiment : Experiment
        Of which.
    """

    def __init__(self, what: str, *mistakes: str, experiment: Experiment) -> None:
        super().__init__(what, *mistakes)
        self.experiment = experiment


def smallest_level_found(entries: int, level: float) -> float:
    """Relative deviation of a standard deviation that the chi-square test of ``entries`` draws finds with `POWER`."""
    return float(stats.norm.isf(level / 2) + stats.norm.ppf(POWER)) / math.sqrt(2.0 * entries)


def smallest_share_found(entries: int, level: float) -> float:
    """Share of draws that stand twice, at one distance, that `draws_are_independent` finds with `POWER`."""
    lags = 4 * max(entries - _LEAST_OVERLAP, 1)
    return float(stats.norm.isf(level / (2 * lags)) + stats.norm.ppf(POWER)) / math.sqrt(entries)


def draws_have_level(draws: Mapping[str, Array], *, level: float = LEVEL) -> None:
    """Root mean squares are 1 and means 0: of a whole layer, of each step, of each coordinate.

    Parameters
    ----------
    draws : mapping of str to (runs, steps, neurons, coordinates) array
        Standardised draws of each layer.
    level : float
        Probability that a right simulator is refused, shared out evenly.

    Raises
    ------
    Broken
        With the worst of them.
    """
    parts = [(f"{layer}{where}", values) for layer, array in draws.items() for where, values in _parts(array)]
    worst, said = math.inf, ""
    for name, values in parts:
        n, rms, mean = values.size, float(np.sqrt(np.mean(values**2))), float(np.mean(values))
        square = rms**2 * n
        p = 2 * min(float(stats.chi2.cdf(square, n)), float(stats.chi2.sf(square, n)))
        p_mean = 2 * float(stats.norm.sf(abs(mean) * math.sqrt(n)))
        if min(p, p_mean) < worst:
            worst = min(p, p_mean)
            said = (f"noise of {name} has {rms:.5g} times its level" if p <= p_mean
                    else f"noise of {name} has mean {mean:.4g} of its level") + f" ({n} draws)"
    if not worst * 2 * len(parts) >= level:
        raise Broken(f"{said}, which a right simulator has with probability {worst * 2 * len(parts):.1g}")


def _parts(array: Array) -> list[tuple[str, Array]]:
    whole = [("", array)]
    steps = [(f" in step {t}", array[:, t]) for t in range(array.shape[1])] if array.shape[1] > 1 else []
    return whole + steps + [(f" along coordinate {k}", array[..., k]) for k in range(array.shape[3])]


def draws_are_gaussian(draws: Mapping[str, Array], *, level: float = LEVEL) -> None:
    """The distribution is Gaussian: Kolmogorov and Smirnov's distance, and how many draws of a layer are beyond 1, 2, 3, 4.

    Raises
    ------
    Broken
        If one of them is further from its value than at the level.

    Notes
    -----
    The counts are binomial, so that their level is exact; that of a moment of heavy tails, such as the fourth, would not be.
    Of draws that were divided by their own root mean square both vary less than of N(0, 1), and the level is less.
    """
    part = level / ((1 + len(_BEYOND)) * len(draws))
    for layer, array in draws.items():
        values = array.ravel()
        n = len(values)
        distance = stats.kstest(values, "norm")
        if float(distance.pvalue) < part:
            raise Broken(f"noise of {layer} is not Gaussian: distance {float(distance.statistic):.3g} from the normal law "
                         f"({n} draws)")
        for size in _BEYOND:
            count, share = int(np.sum(np.abs(values) > size)), 2 * float(stats.norm.sf(size))
            if float(stats.binomtest(count, n, share).pvalue) < part:
                raise Broken(f"noise of {layer} is not Gaussian: {count} of {n} draws are beyond {size:g} levels, "
                             f"{n * share:.4g} expected")


def draws_are_independent(sequences: Sequence[Array], *, level: float = LEVEL) -> tuple[int, int, float] | None:
    """No draw stands twice: correlations of each sequence with itself and with every other one, at every distance.

    Parameters
    ----------
    sequences : sequence of (n,) arrays
        All draws of a run in one line, step after step, one line for each run. The same addresses stand at equal distances
        then, whatever is shared: layers, steps, neurons, runs.
    level : float
        Probability that a right simulator is refused, shared out evenly.

    Returns
    -------
    tuple or None
        How many runs apart, distance, and share of draws that are the same, of the largest correlation if it is too large.
    """
    n = len(sequences[0])
    size = 2 ** math.ceil(math.log2(2 * n))
    waves = [np.fft.rfft(sequence, size) for sequence in sequences]
    overlap = n - np.arange(n)
    usable = overlap >= min(_LEAST_OVERLAP, n)
    pairs = sorted(combinations_with_replacement(range(len(waves)), 2), key=lambda pair: pair[1] - pair[0])
    largest = float(stats.norm.isf(level / (4 * len(pairs) * n)))
    for i, j in pairs:
        both = np.fft.irfft(np.conj(waves[i]) * waves[j], size)
        for sums in (both[:n], np.concatenate([both[:1], both[:-n:-1]])):
            z = np.where(usable, sums / np.sqrt(overlap), 0.0)
            if i == j:
                z[0] = 0.0
            lag = int(np.argmax(np.abs(z)))
            if abs(z[lag]) > largest:
                return j - i, lag, float(sums[lag] / overlap[lag])
    return None
