"""certify_sweep(sweep): the learning order of every data set of a sweep, for a phase diagram with certified cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proofs_check.order.arm import Progress
from proofs_check.order.certify import CertifiedOrder, certify_order
from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory.crossings import LEVELS

__all__ = ["CertifiedPlace", "certify_sweep", "experiments_of", "require_places"]


_LIMIT: Final = Engine("limit")
_ERRORS: Final = ("tolerance",)
"""Options that do not change what is approximated."""


@dataclass(frozen=True)
class CertifiedPlace:
    """One data set at one place of a sweep.

    Attributes
    ----------
    place : dict
        The fields that the sweep varies, with their values.
    found : CertifiedOrder
        What is proved there, under each schedule.
    """

    place: Mapping[str, Any]
    found: CertifiedOrder


def require_places(sweep: Sweep) -> None:
    """Raise InputError unless each place of a sweep is one experiment, simulated in the limit of infinite width in steps."""
    if any(variant.fields for variant in sweep.variants):
        raise InputError(f"the sweep {sweep.name}, whose schedules have fields of their own",
                         "schedules by name, such as L-S and S", "give each such schedule a sweep of its own")
    if sweep.adaptive is not None:
        raise InputError(f"the adaptive sweep {sweep.name}", "a sweep whose places are all declared",
                         "declare them under [product]")
    for engine in sweep.engines:
        if Engine(engine.name, {name: each for name, each in engine.options.items() if name not in _ERRORS}) != _LIMIT:
            raise InputError(f"the sweep {sweep.name} with the engine {engine.label}",
                             "the limit in steps, of which an order is proved", 'set engine = "limit"')


def experiments_of(sweep: Sweep) -> Iterator[tuple[dict[str, Any], Experiment]]:
    """Each place of a sweep and each seed, with the fields that vary."""
    axes, seen = sweep.varied_axes(), set()
    for run in sweep:
        *place, _, _, seed = run.index
        if (*place, seed) not in seen:
            seen.add((*place, seed))
            yield {field: value for axis, at in zip(axes, place, strict=True)
                   for field, value in axis.changes(at).items()}, run.experiment


@accepts(sweep="Sweep", level="a number", progress="a function")
def certify_sweep(
    sweep: Sweep, *, level: float = LEVELS[0], progress: Callable[[int, str], Progress | None] | None = None,
) -> Iterator[CertifiedPlace]:
    """Prove the learning order at every place of a sweep, for each of its seeds under each of its schedules.

    Parameters
    ----------
    sweep : Sweep
        Its blocks say what varies; its engine is the limit in steps.
    level : float
        Training loss, nats, at which a kind counts as learnt.
    progress : callable, optional
        Called with the number of each data set that is begun and with its seed and place; gives what is told of its proof.

    Yields
    ------
    CertifiedPlace
        As soon as it is proved; without residuals.

    Raises
    ------
    InputError
        If the sweep simulates something else, or one of its experiments has no certified order.

    Examples
    --------
    >>> from theory_sim import Engine, Experiment, Product, Sweep
    >>> small = Experiment(d=10, N=20, max_tau=64.0)
    >>> sweep = Sweep("map", small, (Product({"r": [0.3, 0.5]}),), compare=("S",), engines=(Engine("limit"),))
    >>> [(each.place, each.found.verdict) for each in certify_sweep(sweep)]
    [({'r': 0.3}, 'certified'), ({'r': 0.5}, 'certified')]
    """
    require_places(sweep)
    schedules = [variant.schedule for variant in sweep.variants]
    for number, (place, experiment) in enumerate(experiments_of(sweep)):
        name = ", ".join([str(experiment.seed), *(f"{field} = {value}" for field, value in place.items())])
        found = certify_order(experiment, schedules, level=level, progress=None if progress is None else progress(number, name))
        yield CertifiedPlace(place, found.without_residuals())
