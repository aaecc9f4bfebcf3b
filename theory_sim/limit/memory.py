"""Memory that a run of the limit needs, estimated before anything is allocated."""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.compression import MOST_POWERS, weak_cosine

__all__ = ["ALL_PAIRS", "available_bytes", "estimated_bytes", "require_memory"]

_EXPONENTS: Final = 240
_LIKELY_EXPONENTS: Final = 100
_PROBES: Final = 64
# Row, column, cosine, inner product and what finding them takes, for each pair listed.
_LISTED: Final = 600
# Pairs whose weights the mean adds up at once.
_AT_ONCE: Final = 100_000
# Up to so many patches the mean is over all pairs.
ALL_PAIRS: Final = 4096
_SAMPLED: Final = 256
# Interpreter, libraries and compiled code.
_PROGRAM: Final = 400 * 2**20


def available_bytes() -> int:
    """Bytes that can be used without swapping, as the operating system sees them."""
    import psutil

    return int(psutil.virtual_memory().available)


def estimated_bytes(experiment: Experiment, *, spatial: str, noise: str, tolerance: float = 1e-8) -> int:
    """Upper estimate of the memory in use at once, in bytes."""
    from scipy.special import betainc

    e = experiment
    item = np.dtype(e.dtype).itemsize
    seen = round((1.0 - e.q0) * e.n_examples) + 1
    tested = 2 * e.n_test
    total = _PROGRAM + item * e.d * (e.n_examples + 3 * e.n_test + seen + tested)
    total += 8 * _EXPONENTS * (2 * seen + 64) + 8 * 24 * e.n_examples
    if e.network == "shared":
        total += 8 * 4 * _EXPONENTS * (seen + tested)
    # Rows of cosines: all of them, or probes, and what building them holds beside.
    rows = seen + tested if spatial == "exact" else _PROBES + _SAMPLED
    total += item * seen * rows + 3 * 8 * seen * min(seen, 1024)
    # Pairs at small angles, many in low dimension, are listed: |cos| of random directions is a root of a beta variable.
    cut = weak_cosine(MOST_POWERS, tolerance)
    share = float(betainc((e.d - 1) / 2, 0.5, 1.0 - cut * cut)) if e.d > 1 else 1.0
    listed = share * seen * (rows if spatial == "exact" else (seen if seen <= ALL_PAIRS else _SAMPLED))
    weighted = listed if spatial == "exact" else share * seen * _PROBES + min(listed, _AT_ONCE)
    total += round(_LISTED * listed + 8 * 2 * _LIKELY_EXPONENTS * weighted)
    if noise == "sampled":
        from theory_sim.limit.noise_output import NoiseOutput

        # The shared network's directions are near each other, so that every degree matters.
        total += NoiseOutput.estimated_bytes(seen + tested, 1 if e.network == "shared" else e.d, spatial)
    return total


def require_memory(experiment: Experiment, *, spatial: str, noise: str) -> None:
    """Raise InputError, with what would fit, if the run needs more memory than there is."""
    needed, there = estimated_bytes(experiment, spatial=spatial, noise=noise), available_bytes()
    if needed <= there:
        return
    mends = []
    if spatial == "exact":
        other = estimated_bytes(experiment, spatial="mean", noise=noise)
        fits = "fits" if other <= there else "does not fit either"
        mends.append(f"spatial = 'mean' needs {other / 2**30:.2f} GiB and {fits}")
    if experiment.dtype == "float64":
        other = estimated_bytes(experiment.replace(dtype="float32"), spatial=spatial, noise=noise)
        mends.append(f"dtype = 'float32' needs {other / 2**30:.2f} GiB")
    smaller, largest = experiment, experiment.n_examples
    while largest > 1 and estimated_bytes(smaller, spatial=spatial, noise=noise) > there:
        largest = int(0.9 * largest)
        # Of a given N, p0 stays what it was: only the size of the problem changes here.
        smaller = experiment.replace(N=max(1, largest), p0=experiment.p0_value, batch_size=None)
    if largest > 1:
        mends.append(f"N up to about {largest} fits")
    raise InputError(
        f"spatial = {spatial!r} with N = {experiment.n_examples}, d = {experiment.d} needs about {needed / 2**30:.2f} GiB, "
        f"{there / 2**30:.2f} GiB are free",
        "what a run needs must be free before it starts", "; ".join(mends) or "lower d",
    )
