"""certify_order(experiment): the learning order of one data set at infinite width, proved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from proofs_check.order.arm import Arm, Progress, certify_arm, make_problem
from proofs_check.order.fresh import FreshErrors, fresh_errors, require_fresh
from proofs_check.order.resources import require_fits
from proofs_check.order.supported import require_supported
from proofs_check.order.width import WidthTheorem, least_widths, require_finite_width
from theory_sim.data import Data, draw_data, get_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.theory.crossings import LEVELS

__all__ = ["CertifiedOrder", "certify_order", "data_digest"]


@dataclass(frozen=True)
class CertifiedOrder:
    """What is proved of one data set.

    Attributes
    ----------
    experiment : Experiment
        What all schedules have in common.
    digest : str
        SHA-256 of the data (`data_digest`).
    counts : dict of str to int
        Number of training examples by kind.
    level : float
        The level, nats, whose order is the verdict.
    arms : tuple of Arm
        A run for each schedule.
    widths : tuple of WidthTheorem
        From how many neurons on the orders hold, by schedule and method; empty unless asked for.
    fresh : tuple of FreshErrors
        Errors on fresh examples at the end of each run; empty unless asked for.
    """

    experiment: Experiment
    digest: str
    counts: dict[str, int]
    level: float
    arms: tuple[Arm, ...]
    widths: tuple[WidthTheorem, ...] = ()
    fresh: tuple[FreshErrors, ...] = ()

    def without_residuals(self) -> CertifiedOrder:
        """The same without what a certificate alone needs, T x N numbers a run, so that many can be kept."""
        nothing = np.empty((0, 0), np.int64)
        return replace(self, arms=tuple(replace(arm, run=replace(arm.run, residuals=nothing)) for arm in self.arms))

    @property
    def verdict(self) -> str:
        """"certified" if each schedule's order at the level is proved, else "undecided"."""
        return "certified" if all(order != "undecided" for order in self.orders.values()) else "undecided"

    @property
    def orders(self) -> dict[str, str]:
        """The order at the level, by schedule."""
        return {arm.schedule: "undecided" if arm.reason else next(
            each.order for each in arm.levels if each.level == self.level) for arm in self.arms}


def data_digest(experiment: Experiment, data: Data) -> str:
    """SHA-256 of a training set as little-endian doubles: x_1, alpha, direction, y, kind, and the three directions."""
    found = hashlib.sha256()
    for part in (data.x1, data.alpha, data.direction, data.y, data.kind, get_directions(experiment, data)):
        found.update(np.ascontiguousarray(part, dtype="<f8").tobytes())
    return found.hexdigest()


@accepts(experiment="Experiment", schedules="a list of texts", level="a number", finite_width="a number",
         fresh="a whole number", threads="a whole number", progress="a function")  # fmt: skip
def certify_order(
    experiment: Experiment, schedules: Sequence[str] | None = None, *, level: float = LEVELS[0],
    finite_width: float | None = None, fresh: int | None = None, threads: int | None = None, progress: Progress | None = None,
) -> CertifiedOrder:
    """Prove the learning order of an experiment's data set in the limit of infinite width (THEORY §7, §14).

    Parameters
    ----------
    experiment : Experiment
        Description of the run; its seed draws the data. Widths are not read.
    schedules : sequence of str, optional
        Schedules, each of which has a run on the same data; the experiment's own by default.
    level : float
        Training loss, nats, between 0 and log 2, at which a kind counts as learnt.
    finite_width : float, optional
        Also say from how many paired neurons on the order holds, but for this probability over U_0 and the noise.
    fresh : int, optional
        Also enclose the error at the end of each run on so many fresh examples of each kind, and that of its linear part.
    threads : int, optional
        Threads of the approximate run; any number gives the same result.
    progress : callable, optional
        Called with what is done and the share of it that is over.

    Returns
    -------
    CertifiedOrder
        Enclosures of every loss at every step, and the order at the level and at 0.45, 0.50 and 0.55.

    Raises
    ------
    InputError
        If the limit of the experiment is not the equation that is enclosed, or the run does not fit in memory.

    Examples
    --------
    >>> from theory_sim import Experiment
    >>> found = certify_order(Experiment(d=10, N=20, max_tau=64.0), ["S"])
    >>> found.verdict, found.orders
    ('certified', {'S': 'P first'})
    """
    if not 0.0 < level < 0.6931:
        raise InputError(f"level {level:g}", "a loss between 0 and log 2, that of a network that outputs nothing",
                         "such as 0.45")
    chosen = [experiment.replace(schedule=name) for name in (schedules or (experiment.schedule,))]
    if finite_width is not None and not 1e-100 <= finite_width < 1.0:
        raise InputError(f"finite_width {finite_width:g}", "a probability between 0 and 1 with which the order may fail",
                         "such as 0.01")
    if fresh is not None and not 1 <= fresh <= 10**4:
        raise InputError(f"fresh {fresh}", "1 to 10 000 fresh examples of each kind", "such as 1000")
    for each in chosen:
        require_supported(each)
        if finite_width is not None:
            require_finite_width(each)
        if fresh is not None:
            require_fresh(each)
    require_fits(chosen)
    data = draw_data(experiment)
    problem = make_problem(experiment, data)
    levels = tuple(dict.fromkeys((float(level), *LEVELS)))
    arms = tuple(certify_arm(each, problem, levels, threads=threads, progress=progress) for each in chosen)
    counts = dict(zip(data.kinds, (int(count) for count in data.counts), strict=True))
    widths: list[WidthTheorem] = []
    if finite_width is not None:
        for run, arm in zip(chosen, arms, strict=True):
            widths += least_widths(run, problem, arm, float(level), finite_width)
    seen = () if fresh is None else tuple(
        fresh_errors(run, problem, arm, fresh) for run, arm in zip(chosen, arms, strict=True) if not arm.reason)
    return CertifiedOrder(experiment, data_digest(experiment, data), counts, float(level), arms, tuple(widths), seen)
