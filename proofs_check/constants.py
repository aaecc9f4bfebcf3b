"""check_constants(experiment) -> ConstantsReport: the theorem's conditions and predictions at a user's own parameters."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from proofs_check.suggestion.moves import Move, moves
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.reading.arguments import accepts
from theory_sim.regimes import Regime, regime
from theory_sim.scope import outside_of_theory, uncovered
from theory_sim.storage.plain import make_plain
from theory_sim.theory.closure import ACCURACY
from theory_sim.theory.conditions import ConditionId
from theory_sim.theory.noise_law import decorrelation_rate, noise_levels, tau_stationary
from theory_sim.theory.overlap import P_error, averaging_overlap
from theory_sim.theory.sample_complexity import samples_lower_bound, samples_upper_bound

if TYPE_CHECKING:
    from theory_sim.closure.mean_field.scatter import Intervals

__all__ = ["Arm", "ConstantsReport", "NoiseCourse", "Samples", "check_constants"]

_MOST_STEPS: Final = 10**7


@dataclass(frozen=True)
class Arm:
    """What is predicted of one schedule at infinite width, by the mean field of THEORY §16 or by the closure of §8.

    Attributes
    ----------
    schedule : {"L-S", "S"}
    order, expected, verdict : str
        Predicted order at the level 0.45, the theorem's, and how safely they agree.
    tau_Q, tau_P : dict
        Learning time for each level, in learning-rate time; infinite where a kind is not learnt by
        max_tau, NaN where the run has no order or the data no such examples.
    Q_loss_at_tau_P, Q_loss_end : float
        Q-only training loss when P-only is learnt, and at the end: under L-S the first is Q's plateau.
    test_error : float
        Error on fresh P examples at the end, by the formula of THEORY §10; NaN where the run diverges or its steps overshoot.
    annealed_tau : float
        Learning-rate time of the annealing; NaN if there is none.
    """

    schedule: str
    order: str
    expected: str
    verdict: str
    tau_Q: dict[float, float]
    tau_P: dict[float, float]
    Q_loss_at_tau_P: float
    Q_loss_end: float
    test_error: float
    annealed_tau: float


@dataclass(frozen=True)
class NoiseCourse:
    """Level of the accumulated noise under L-S, by the exact recursion of THEORY §5, and how fast patterns decorrelate.

    Attributes
    ----------
    start, at_annealing, end : float
        tau_t at the start, when the rate falls, and at max_tau; NaN where it is not followed.
    stable_before, stable_after : float
        Stationary levels of both rates; infinite without weight decay, and where rate x lambda is 2 or more.
    decorrelation_before, decorrelation_after : float
        Per unit of learning-rate time, at the level of the annealing: what drops at once.
    not_followed : str
        Why the level is not followed, in words; empty if it is.
    """

    start: float
    at_annealing: float
    end: float
    stable_before: float
    stable_after: float
    decorrelation_before: float
    decorrelation_after: float
    not_followed: str = ""

    @property
    def followed(self) -> bool:
        """Whether the level was followed over the annealing."""
        return not self.not_followed


@dataclass(frozen=True)
class Samples:
    """Examples against the bounds of THEORY §10.

    Attributes
    ----------
    P_only, holding_P, holding_Q : float
        Expected numbers of training examples.
    error_P_only, error_holding_P : float
        Error on fresh P examples of averaging that many.
    needed, enough : float
        Examples that an error of 1 % needs at least, and those with which averaging has it: both of order d.
    Q_unseen : float
        Probability that a direction of Q is missing: 2 (3/4)^n - 2 (1/4)^n.
    """

    P_only: float
    holding_P: float
    holding_Q: float
    error_P_only: float
    error_holding_P: float
    needed: float
    enough: float
    Q_unseen: float


@dataclass(frozen=True)
class ConstantsReport:
    """A user's experiment against the theorem.

    Attributes
    ----------
    experiment : Experiment
    regime : Regime
        Conditions of §9 with value, threshold and margin; Y, G, closed-form learning times, lazy deficit; what predicted the
        arms (``engine``), and why it is the closure (``instead``).
    arms : tuple of Arm
        L-S and S; empty where neither engine predicts, as of a rate times lambda of 1 or more.
    noise : NoiseCourse
    samples : Samples
    moves : dict
        Id of each failed condition to the moves of one parameter that make it hold, the shortest first.
    """

    experiment: Experiment
    regime: Regime
    arms: tuple[Arm, ...]
    noise: NoiseCourse
    samples: Samples
    moves: dict[ConditionId, tuple[Move, ...]]

    @property
    def applies(self) -> bool:
        """Whether both orders are predicted with some to spare, and a simulation would be sound."""
        return self.regime.holds

    @property
    def engine(self) -> str:
        """What predicted the arms: "mean-field" or "closure"; "" where nothing is predicted."""
        return self.regime.engine

    @property
    def intervals(self) -> dict[str, Intervals]:
        """By schedule: where 95 % of single data sets have their learning times at 0.45, and P errors at the end."""
        return self.regime.intervals

    @property
    def verdict(self) -> str:
        """In words: whether the theorem's mechanism applies, and if not, why."""
        if self.applies:
            return "the mechanism applies: L-S is predicted to learn P first, S to learn Q first, at every level"
        judged = self.regime
        doubted = any(judged.order_warnings.values()) or bool(uncovered(self.experiment))
        said = "the mechanism does not apply, or too narrowly to tell"
        if not judged.predicted_order:
            said = "whether the mechanism applies is not known"
        elif not doubted:
            said = "both orders are predicted, but a simulation of this experiment would not be sound"
        return "\n".join([said, *(f"  {warning}" for warning in judged.warnings)])

    def to_dict(self) -> dict[str, object]:
        """Plain, JSON-ready values (NaN and infinity become None)."""
        measured = ACCURACY if self.regime.approximate else {}
        plain = {"experiment": self.experiment.fields(), "applies": self.applies, "verdict": self.verdict,
                 "regime": self.regime.to_dict(), "arms": [asdict(arm) for arm in self.arms], "noise": asdict(self.noise),
                 "samples": asdict(self.samples), "accuracy": {name: asdict(found) for name, found in measured.items()},
                 "engine": self.engine, "intervals": {name: asdict(each) for name, each in self.intervals.items()},
                 "moves": {name: [asdict(move) for move in found] for name, found in self.moves.items()}}  # fmt: skip
        made = make_plain(plain)
        assert isinstance(made, dict)
        return made


@accepts(experiment="Experiment")
def check_constants(experiment: Experiment) -> ConstantsReport:
    """Hold an experiment against the conditions of THEORY §9 and predict what it will do.

    Parameters
    ----------
    experiment : Experiment
        Any valid one. Predictions are of L-S and S with its rates, at infinite width; of another schedule there are none.

    Returns
    -------
    ConstantsReport
        Learning times by the closed forms, and by the mean field or, where that would take too many nodes, by the closure
        (how near: `theory_sim.theory.closure.ACCURACY`); in about a second.

    Raises
    ------
    InputError
        If the experiment is outside of the theory, such as one with another loss or of one dimension.

    Examples
    --------
    >>> from proofs_check import check_constants
    >>> from theory_sim import Experiment
    >>> report = check_constants(Experiment())
    >>> report.applies, [arm.schedule for arm in report.arms]
    (True, ['L-S', 'S'])
    """
    outside = outside_of_theory(experiment)
    if outside:
        raise InputError.of(outside)
    judged = regime(experiment)
    failed = [row for row in judged.conditions if not row.holds]
    arms = tuple(_arm(judged, schedule) for schedule in ("L-S", "S") if schedule in judged.predicted_order)
    return ConstantsReport(
        experiment, judged, arms, _noise(experiment, arms), _samples(experiment),
        {row.id: tuple(moves(experiment, row.id)) for row in failed},
    )


def _arm(judged: Regime, schedule: str) -> Arm:
    predicted = judged.predicted_order[schedule]
    error = judged.intervals[schedule].P_error[-1].middle if schedule in judged.intervals else math.nan
    return Arm(schedule, predicted.order, predicted.expected, predicted.verdict, predicted.tau_Q, predicted.tau_P,
               predicted.Q_loss_at_tau_P, predicted.Q_loss_end, error, predicted.annealed_tau)  # fmt: skip


def _noise(e: Experiment, arms: tuple[Arm, ...]) -> NoiseCourse:
    start = e.tau_0_value
    stable = [tau_stationary(rate, e.lambda_, e.tau_xi) if 0.0 < rate * e.lambda_ < 2.0 else math.inf
              for rate in (e.eta_1, e.eta_2)]
    annealed = arms[0].annealed_tau if arms else math.nan
    before, after, drop = math.nan, math.nan, [math.nan, math.nan]
    why = "not annealed by max_tau" if arms else "no order is predicted"
    if max(e.eta_1, e.eta_2) * e.lambda_ >= 1.0:
        why += " at rate x lambda of 1 or more"
    if math.isfinite(annealed):
        steps = max(1, round(annealed / e.eta_1)), max(0, round((e.max_tau - annealed) / e.eta_2))
        if sum(steps) <= _MOST_STEPS:
            levels = noise_levels(np.repeat([e.eta_1, e.eta_2], steps), lambda_=e.lambda_, tau_xi=e.tau_xi, tau_0=start)
            before, after = float(levels[steps[0]]), float(levels[-1])
            drop, why = [decorrelation_rate(rate, before, e.tau_xi) for rate in (e.eta_1, e.eta_2)], ""
        else:
            why = f"more than {_MOST_STEPS} steps to follow"
    return NoiseCourse(start, before, after, stable[0], stable[1], drop[0], drop[1], why)


def _samples(e: Experiment) -> Samples:
    n = e.n_examples
    only, holding, q = e.p0_value * n, (1.0 - e.q0) * n, (1.0 - e.p0_value) * n
    errors = [float(P_error(averaging_overlap(count, e.d, e.g0), e.g0)) for count in (only, holding)]
    overlap = _get_overlap(0.01, e.g0)
    needed = float(samples_lower_bound(e.d, overlap, e.g0)) * e.d
    enough = float(samples_upper_bound(overlap, e.g0)) * e.d
    return Samples(only, holding, q, errors[0], errors[1], needed, enough, min(1.0, 2.0 * 0.75**q - 2.0 * 0.25**q))


def _get_overlap(error: float, g0: float) -> float:
    """Overlap at which a direction errs that often on fresh P examples."""
    from scipy.optimize import brentq

    return float(brentq(lambda c: float(P_error(c, g0)) - error, 1e-9, 1.0 - 1e-12))
