"""What the demo finds: which pattern is learnt first under a large and a small rate, and what that costs on fresh examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.observe.learning_order import learning_order
from theory_sim.statistics.intervals import CONFIDENCE, Interval, mean_interval, share_interval
from theory_sim.sweeps.plan import Plan
from theory_sim.theory.crossings import LEVELS
from theory_sim.trajectory import Trajectory

__all__ = ["GAP_ENGINE", "LARGE", "SMALL", "Part", "gap_plan", "measure", "tell"]

LARGE: Final = "L-S"
SMALL: Final = "S"
GAP_ENGINE: Final = Engine("limit", {"time": "flow", "spatial": "mean"})
"""Infinite width: at finite width the rate after annealing, a ten-thousandth of the first, would take millions of steps."""
_GAP_SEEDS: Final = range(3)
_AS_PREDICTED: Final = (
    "Data and start are the same under both: the schedule alone decided the order in the first experiment, and the error in "
    "the second. The theory's reason: what fits the training set by Q first has little left to learn P from."
)
_NOT_AS_PREDICTED: Final = (
    "This is not on every data set what the theory predicts for these experiments: --verbose lists its conditions, and which "
    "of them hold."
)
_EXPECTED: Final = {LARGE: "P first", SMALL: "Q first"}


@dataclass(frozen=True)
class Part:
    """Runs of one experiment under both schedules, on the same data sets.

    Attributes
    ----------
    experiment : Experiment
        What they have in common.
    expected : dict of str to Interval
        Schedule to the share of data sets on which the theorem's pattern was learnt first, with its exact interval.
    loss : float
        Training loss, in nats, that every run reaches: the smallest there is.
    errors : dict of str to float
        Schedule to the geometric mean, over data sets, of the error on fresh P examples at that loss.
    ratio : Interval
        Of these errors, S over L-S: geometric mean over data sets with the Student interval of its logarithm.
    not_robust : dict of str to dict
        Schedule to the orders at the three levels of the loss, and on how many data sets these were seen; of data sets alone
        on which they are not one order, the same at every level.
    """

    experiment: Experiment
    expected: Mapping[str, Interval]
    loss: float
    errors: Mapping[str, float]
    ratio: Interval
    not_robust: Mapping[str, Mapping[tuple[str, ...], int]]

    def to_dict(self) -> dict[str, Any]:
        """What the runs gave, for JSON."""
        return {"d": self.experiment.d, "r": self.experiment.r, "train_loss": self.loss, "P_error": dict(self.errors),
                "expected_order": {name: asdict(share) for name, share in self.expected.items()},
                "P_error_ratio": asdict(self.ratio), "robust": self.robust,
                "not_robust": {name: {", ".join(orders): count for orders, count in found.items()}
                               for name, found in self.not_robust.items()}}

    @property
    def robust(self) -> dict[str, int]:
        """Schedule to the number of data sets whose order is the same at all three levels of the loss."""
        return {name: self.expected[name].n - sum(found.values()) for name, found in self.not_robust.items()}

    @property
    def as_predicted(self) -> bool:
        """Whether every data set had the theorem's order under both schedules."""
        return all(share.value == 1.0 for share in self.expected.values())


def gap_plan() -> Plan:
    """The second part's runs: the preset "gap" under both schedules, three data sets."""
    return Plan.of(Experiment.preset("gap"), (LARGE, SMALL), tuple(_GAP_SEEDS))


def measure(runs: Sequence[Trajectory]) -> Part:
    """What runs of one experiment show, each seed under both schedules."""
    by = {schedule: {run.experiment.seed: run for run in runs if run.experiment.schedule == schedule}
          for schedule in (LARGE, SMALL)}
    seeds = sorted(by[LARGE])
    orders = {schedule: [learning_order(run) for run in of.values()] for schedule, of in by.items()}
    expected = {schedule: share_interval(sum(each.order == _EXPECTED[schedule] for each in found), len(found))
                for schedule, found in orders.items()}
    not_robust = {schedule: Counter(tuple(level.order for level in each.levels) for each in found if not each.robust)
                  for schedule, found in orders.items()}
    loss = max(float(run.history("train_loss").min()) for run in runs)
    with np.errstate(divide="ignore"):
        logs = {schedule: np.log([error_at_loss(of[seed], loss) for seed in seeds]) for schedule, of in by.items()}
    between = mean_interval([float(each) for each in logs[SMALL] - logs[LARGE]])
    ratio = Interval(math.exp(between.value), math.exp(between.low), math.exp(between.high), math.exp(between.smallest),
                     math.exp(between.largest), between.n, between.censored)
    return Part(runs[0].experiment, expected, loss, {name: float(np.exp(each.mean())) for name, each in logs.items()}, ratio,
                not_robust)


def tell(first: Part, second: Part) -> dict[str, str]:
    """Five points for somebody who has never seen the program: what was asked, seen, meant, not shown, and what to do next."""
    e, wide = first.experiment, second.experiment
    as_predicted = first.as_predicted and second.as_predicted and second.ratio.low > 1.0
    return {
        "Asked": "Does the learning rate decide which of two patterns a network learns first, and does that matter on fresh "
                 "examples? P is linear but noisy: it takes many examples. Q takes few, but no linear classifier can show it. "
                 f"A pattern is learnt when its mean training loss is below {LEVELS[0]:g}: most signs are right long before.",
        "Seen": f"L-S (a large rate, annealed later) learnt P first on {_count(first, LARGE)} data sets, S (the small rate "
                f"from the start) learnt Q first on {_count(first, SMALL)} ({CONFIDENCE:.0%} intervals of the shares: "
                f"{_shares(first)}). In a second experiment (d = {wide.d}, r d = {wide.r * wide.d:.0f}, infinite width) S errs "
                f"on fresh P examples {_ratio(second.ratio)} times as often as L-S at the same training loss "
                f"({second.ratio.n} data sets, {CONFIDENCE:.0%} interval). {_order_of(second)}",
        "It means": _AS_PREDICTED if as_predicted else _NOT_AS_PREDICTED,
        "Not shown": "That networks in use behave so: this one has two layers, its data were made for the question, and the "
                     "second experiment was chosen where the theory puts a gap. The errors are small (S "
                     f"{second.errors[SMALL]:.2g}, L-S {second.errors[LARGE]:.2g}), and in the first experiment, at d = "
                     f"{e.d}, their ratio is {_ratio(first.ratio)}: the gap takes a large r d (here {e.r * e.d:.0f}, there "
                     f"{wide.r * wide.d:.0f}), r half the distance between Q's outer points. theory-sim show has the errors at "
                     "the end of each run, where the training losses differ: their ratio is another number.",
        "Next": "docs/tutorials/quickstart.md is the next page to read. theory-sim check says which conditions of the theory "
                "hold. This changes the experiment:\n"
                "  theory-sim run --preset quick --set name=weak-decay \\\n"
                "    --set lambda=1e-4 --compare L-S,S\n"
                "Until the environment is activated, theory-sim is .venv/bin/theory-sim.",
    }


def _order_of(part: Part) -> str:
    """What a second experiment says of the order, and whether that is robust: the gap does not rest on it."""
    order = (f"There L-S learnt P first on {_count(part, LARGE)} at a loss of {LEVELS[0]:g}, S learnt Q first on "
             f"{_count(part, SMALL)}")
    seen = [f"{_at_levels(orders)} under {name} on {count} of {part.expected[name].n}"
            for name, found in part.not_robust.items() for orders, count in found.items()]
    levels = [f"{level:.2f}" for level in LEVELS]
    if not seen:
        return f"{order}, the same at {' and '.join(levels[1:])}."
    return (f"{order}; that is not robust (at {', '.join(levels[:-1])} and {levels[-1]}: {'; '.join(seen)}), so only the gap "
            "is to be taken from it.")


def _at_levels(orders: tuple[str, ...]) -> str:
    """Orders at the levels of the loss, or the one that they all are."""
    return ", ".join(orders) if len(set(orders)) > 1 else f"{orders[0]} at any"


def _count(part: Part, schedule: str) -> str:
    share = part.expected[schedule]
    return f"{round(share.value * share.n)} of {share.n}"


def _shares(part: Part) -> str:
    spans = dict.fromkeys(f"{share.low:.2f} to {share.high:.2f}" for share in part.expected.values())
    return " and ".join(spans)


def _ratio(ratio: Interval) -> str:
    """A ratio with its interval, which one data set does not give; without powers of ten."""
    value, low, high = ("no bound" if math.isinf(each) else f"{each:.0f}" if each >= 99.5 else f"{each:.2g}"
                        for each in (ratio.value, ratio.low, ratio.high))
    return f"{value} [{low}, {high}]" if ratio.n > 1 else f"{value} (of one data set, without an interval)"
