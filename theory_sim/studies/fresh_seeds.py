"""Any study on other data sets: the plan of its size with seeds of one's own in place of the design's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from theory_sim.errors import InputError, repr_of, shown
from theory_sim.sweeps.declaration import Sweep

__all__ = ["get_seeds", "option_of", "seeds_label", "with_seeds"]

_NAMED = 12
"""Seeds that a folder's name lists; of more it has a digest."""


def with_seeds(plan: Mapping[str, Sweep], seeds: Sequence[int]) -> dict[str, Sweep]:
    """The same sweeps on these seeds.

    A sweep with as many seeds as any other of the plan takes all of them; one with fewer takes the first of them, in the
    proportion that the plan has, and at least one.

    Raises
    ------
    InputError
        If there is no seed, one is listed twice, or one is not a whole number from 0 to 2^64 - 1.

    Examples
    --------
    >>> from theory_sim.studies.fresh_seeds import with_seeds
    >>> from theory_sim.studies.registry import get_study
    >>> plan = with_seeds(get_study("width").plan("default"), range(900, 910))
    >>> {name: len(sweep.seeds) for name, sweep in plan.items()}
    {'annealed': 10, 'small rate': 10, 'noiseless': 5, 'moving': 2, 'm_W': 2, 'order': 2}
    """
    given = tuple(seeds)
    if not given or len(set(given)) < len(given):
        raise InputError(f"seeds {shown(repr_of(list(given)))}", "one seed or more, each once", "such as range(900, 910)")
    most = max(len(sweep.seeds) for sweep in plan.values())
    return {name: replace(sweep, seeds=given[: max(1, len(sweep.seeds) * len(given) // most)]) for name, sweep in plan.items()}


def get_seeds(plan: Mapping[str, Sweep]) -> tuple[int, ...]:
    """Seeds of the sweep that has most of them."""
    return max((tuple(sweep.seeds) for sweep in plan.values()), key=len)


def seeds_label(seeds: Sequence[int]) -> str:
    """What a folder's name says of seeds: a range by its ends, a few by a list, many by a digest.

    Examples
    --------
    >>> from theory_sim.studies.fresh_seeds import seeds_label
    >>> seeds_label(range(900, 910)), seeds_label([7, 3])
    ('seeds-900-909', 'seeds-7_3')
    """
    given = list(seeds)
    if len(given) > 1 and given == list(range(given[0], given[-1] + 1)):
        return f"seeds-{given[0]}-{given[-1]}"
    if len(given) <= _NAMED:
        return f"seeds-{'_'.join(map(str, given))}"
    return f"seeds-{len(given)}-of-{hashlib.sha256(repr(given).encode()).hexdigest()[:8]}"


def option_of(seeds: Sequence[int]) -> str:
    """Seeds as ``--seeds`` takes them."""
    given = list(seeds)
    if len(given) > 1 and given == list(range(given[0], given[-1] + 1)):
        return f"{given[0]}:{given[-1] + 1}"
    return ",".join(map(str, given))
