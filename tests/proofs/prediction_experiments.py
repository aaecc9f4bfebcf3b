"""What `check_constants` predicts against simulation, on 30 fresh random experiments: the protocol, fixed before any result.

``python -m tests.proofs.prediction_experiments`` simulates them all (limit, then finite width), writes predictions.csv of
docs/explanation and from it predictions.md. Rows that the table already has are kept. ``... predict`` predicts its
rows anew and simulates nothing; ``... page`` writes the page alone, from the table.

Experiments
    30, from the seed and the law of `experiments`. Nothing is conditioned on: no draw is repeated or left out. The law is wider
    than that of closure.md, whose seed 20190711 is not used again, in every parameter, and most of it lies where
    the theorem's order fails for one schedule or both.
Predictions
    The arms of ``check_constants``: learning times at 0.45, the order at 0.45, whether 0.45, 0.50 and 0.55 agree, the verdict.
Simulation
    the engine limit, S as gradient flow and L-S in its own steps where max_tau / eta_2 <= 30 000, else as gradient flow too, 4
    data sets (seeds 0 to 3) each. The limit alone is decided on; `simulate` is described, on the first 3 experiments with
    max_tau / eta_2 <= 2000 (for time), 2 data sets each, paired neurons, at WIDTHS and 30 times the noise level, so that the
    width is lazy.
Times
    A simulated learning time is the median over data sets, a data set that does not learn by max_tau counting as infinite.
    It is a hit if prediction and median are finite and at most 15 % apart, a miss if they are further apart or only one is
    finite; where neither is finite there is no time to predict, and such pairs are counted apart. Every miss is listed.
Orders
    A schedule's simulated order is robust if on at least 3 of 4 data sets `learning_order(run).robust` holds with one and the
    same order, and that is "P first" or "Q first". It is predicted right if the arm's order at 0.45 is that one.
Decisions
    The unit is the experiment, since its times and orders are not independent. Two statements: all learning times of an
    experiment are hits, for at least 90 % of the law's experiments; all robust orders of an experiment that has one are
    predicted right, for at least 90 %. Supported if the exact (Clopper-Pearson) two-sided 90 % interval (each side: level 0.05)
    lies above 90 %, refuted if below, else undecided. The two targets set beforehand (every time within 15 %; 90 % of
    orders right) are told apart from that, as met or missed on these 30.
Amended
    After the first 6 experiments were simulated, for computing time alone: before, L-S took its own steps everywhere, and the
    finite width was the first 5 with at most 10 000 (then 3 with 5000, then this, before any run at finite width). By this rule
    one stored row (fresh-2, L-S) was computed again. And the closure now takes more blocks of time in runs that are long
    beside tau_Q, for a reason that has nothing to do with these experiments; their predictions were computed again by it.
    Later, predictions were computed again by the closure with reaction (THEORY §16), and learnt became the first crossing: the
    row of fresh-22 S, the only one of which a predicted loss crosses the level and stays above it later, was simulated again.
    At last they were computed again by the mean field, which `check_constants` predicts by since.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from proofs_check import ConstantsReport, check_constants
from tests.result_table import log_uniform, read_table, write_table
from theory_sim import Experiment, learning_order, simulate
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.study import Finding

DOCS = Path(__file__).parents[2] / "docs"
PAGE, TABLE = DOCS / "explanation" / "predictions.md", DOCS / "explanation" / "predictions.csv"
COUNT, SEED, DATA_SETS, ALLOWED, TARGET, LEVEL = 30, 20260719, 4, 0.15, 0.90, 0.90
SCHEDULES = ("L-S", "S")
WIDTHS = {"m_W": 200, "m_V": 40_000, "neurons": "paired", "dtype": "float64"}
MOST_STEPS = 30_000  # of L-S in the limit
WIDE_COUNT, WIDE_DATA_SETS, WIDE_MOST_STEPS, WIDE_LEVEL = 3, 2, 2000, 30.0


def experiments() -> list[Experiment]:
    """The 30, drawn once and for all; tau_0 is 1 up to the start's factor, since the limit depends on tau_xi / tau_0 alone."""
    rng = np.random.default_rng(SEED)

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))
    spread = log_uniform(rng)
    found = []
    for index in range(COUNT):
        d, kappa, factor = round(spread(60, 500)), round(between(0.35, 0.75), 3), round(spread(0.5, 1.5), 3)
        q0, g0, r = round(between(0.1, 0.55), 3), round(between(0.5, 1.5), 3), round(spread(0.12, 1.0), 3)
        alpha_min = float(rng.choice([0.0, 0.25, 0.5, 0.75]))
        lambda_ = float(f"{spread(3e-5, 2e-3):.3g}")
        eta_1, ratio = float(f"{spread(2.0, 20.0):.3g}"), spread(10.0, 300.0)
        # Where the noise starts: at the stable level of eta_1, at that of eta_2, or at a share of the first (it then grows).
        start, share = str(rng.choice(["eta_1", "eta_1", "eta_2", "below"])), round(spread(0.2, 1.0), 3)
        epsilon_1 = round(between(0.1, 0.2), 3)
        eta_2 = float(f"{eta_1 / ratio:.3g}")
        tau_xi = float(f"{math.sqrt(lambda_ * (2.0 - eta_1 * lambda_) / eta_1):.6g}")  # stable level 1 at eta_1, THEORY §5
        noise = {"eta_1": {}, "eta_2": {"tau_0_rate": eta_2}, "below": {"tau_0": share}}[start]
        found.append(Experiment(
            name=f"fresh-{index}", d=d, kappa=kappa, p0=round(factor * kappa**2 / 2.0, 4), q0=q0, g0=g0, r=r,
            alpha_min=alpha_min, lambda_=lambda_, eta_1=eta_1, eta_2=eta_2, epsilon_1=epsilon_1, tau_xi=tau_xi,
            max_tau=8.0 * d, record_every=round(0.01 * d, 2), **noise,
        ))  # fmt: skip
    return found


@dataclass(frozen=True)
class Row:
    """One schedule of one experiment: what was predicted, and what was simulated on each data set.

    Learning times are at 0.45, infinite where not learnt by max_tau.
    """

    engine: str
    experiment: str
    schedule: str
    predicted_order: str
    predicted_robust: bool
    verdict: str
    predicted_Q: float
    predicted_P: float
    Q: tuple[float, ...]
    P: tuple[float, ...]
    order: tuple[str, ...]
    robust: tuple[bool, ...]

    @property
    def robust_order(self) -> str:
        """The order that at least 3 of 4 data sets show at every level; empty if there is none."""
        shown = Counter(o for o, robust in zip(self.order, self.robust, strict=True) if robust and o in ("P first", "Q first"))
        order, count = shown.most_common(1)[0] if shown else ("", 0)
        return order if 4 * count >= 3 * len(self.order) else ""

    def times(self) -> list[Time]:
        """Both learning times."""
        return [Time(self, "Q", self.predicted_Q, statistics.median(self.Q)),
                Time(self, "P", self.predicted_P, statistics.median(self.P))]  # fmt: skip


@dataclass(frozen=True)
class Time:
    """A learning time: predicted, and the median over data sets."""

    row: Row
    kind: str
    predicted: float
    simulated: float

    @property
    def there(self) -> bool:
        """Whether there is a time to predict, or one is predicted."""
        return math.isfinite(self.predicted) or math.isfinite(self.simulated)

    @property
    def ratio(self) -> float:
        """Predicted over simulated; NaN unless both are finite."""
        both = math.isfinite(self.predicted) and math.isfinite(self.simulated)
        return self.predicted / self.simulated if both else math.nan

    @property
    def hit(self) -> bool:
        """Whether both are finite and at most 15 % apart."""
        return abs(self.ratio - 1.0) <= ALLOWED


def widened(experiment: Experiment) -> Experiment:
    """The same at finite width, its noise raised so that the width is lazy; in the limit it is the same experiment."""
    e = experiment
    tau_0 = e.tau_0 if isinstance(e.tau_0, str) else e.tau_0 * WIDE_LEVEL
    return e.replace(tau_xi=float(f"{e.tau_xi * WIDE_LEVEL:.6g}"), tau_0=tau_0, **WIDTHS)


def chosen_for_width() -> list[Experiment]:
    """The first with a small rate that a step-by-step run can afford."""
    return [e for e in experiments() if e.max_tau / e.eta_2 <= WIDE_MOST_STEPS][:WIDE_COUNT]


def predicted(experiment: Experiment, schedule: str) -> tuple[str, bool, str, float, float]:
    """Order, whether one kind is first at every level, verdict and both learning times of one arm of `check_constants`."""
    arm = next(arm for arm in _report(experiment).arms if arm.schedule == schedule)
    orders = {_order(arm.tau_P[level], arm.tau_Q[level]) for level in arm.tau_P}
    times = [time if math.isfinite(time) else math.inf for time in (arm.tau_Q[0.45], arm.tau_P[0.45])]
    return arm.order, len(orders) == 1 and arm.order != "neither learnt", arm.verdict, times[0], times[1]


@cache
def _report(experiment: Experiment) -> ConstantsReport:
    return check_constants(experiment)


def predicted_anew(row: Row, experiment: Experiment) -> Row:
    """The row with what `check_constants` predicts now, the simulation as it is."""
    e = widened(experiment) if row.engine == "width" else experiment
    names = ("predicted_order", "predicted_robust", "verdict", "predicted_Q", "predicted_P")
    return replace(row, **dict(zip(names, predicted(e, row.schedule), strict=True)))  # type: ignore[arg-type]


def _order(tau_p: float, tau_q: float) -> str:
    """Of two learning times, NaN where not learnt."""
    p, q = (math.inf if math.isnan(time) else time for time in (tau_p, tau_q))
    return "neither learnt" if math.isinf(p) and math.isinf(q) else ("P first" if p < q else "Q first")


def compare(engine: str, experiment: Experiment, schedule: str) -> Row:
    """One schedule of one experiment, predicted and simulated by one engine ("limit" or "width")."""
    e, data_sets = (widened(experiment), range(WIDE_DATA_SETS)) if engine == "width" else (experiment, range(DATA_SETS))
    time = "flow" if schedule == "S" or e.max_tau / e.eta_2 > MOST_STEPS else "steps"
    seen = []
    for seed in data_sets:
        one = e.replace(schedule=schedule, seed=seed)
        run = simulate(one, threads=1) if engine == "width" else simulate(one, "limit", time=time, threads=1)  # type: ignore[arg-type]
        seen.append(learning_order(run))
    return Row(engine, e.name, schedule, *predicted(e, schedule), tuple(_digits(o.tau_Q) for o in seen),
               tuple(_digits(o.tau_P) for o in seen), tuple(o.order for o in seen), tuple(o.robust for o in seen))  # fmt: skip


def _digits(time: float) -> float:
    return float(f"{time:.6g}")


def findings(rows: Sequence[Row]) -> tuple[Finding, Finding]:
    """The two decisions over experiments, from the limit's rows."""
    names = dict.fromkeys(row.experiment for row in rows)
    times = {name: [t for row in rows if row.experiment == name for t in row.times() if t.there] for name in names}
    orders = {name: [row for row in rows if row.experiment == name and row.robust_order] for name in names}
    timed, ordered = [found for found in times.values() if found], [found for found in orders.values() if found]
    right = sum(all(row.predicted_order == row.robust_order for row in found) for found in ordered)
    return (
        judge_share("all learning times of an experiment are within 15 %", sum(all(t.hit for t in found) for found in timed),
                    len(timed), level=LEVEL, border=TARGET, what="experiments"),
        judge_share("all robust orders of an experiment are predicted right", right, len(ordered), level=LEVEL, border=TARGET,
                    what="experiments"),
    )  # fmt: skip


def save(rows: Sequence[Row]) -> None:
    """Write the table, whole or not at all: a row can be an hour's work."""
    write_table(rows, Row, TABLE)


def load() -> list[Row]:
    """Read the table."""
    return [_read(cells) for cells in read_table(TABLE)]


def _read(cells: dict[str, str]) -> Row:
    parts = {name: cells[name].split("; ") for name in ("Q", "P", "order", "robust")}
    return Row(
        cells["engine"], cells["experiment"], cells["schedule"], cells["predicted_order"], cells["predicted_robust"] == "True",
        cells["verdict"], float(cells["predicted_Q"]), float(cells["predicted_P"]), tuple(map(float, parts["Q"])),
        tuple(map(float, parts["P"])), tuple(parts["order"]), tuple(each == "True" for each in parts["robust"]),
    )


def main(words: Sequence[str]) -> int:
    """Compute the table (unless the page alone is asked for) and write the page."""
    if list(words) == ["predict"]:
        by_name = {e.name: e for e in experiments()}
        save([predicted_anew(row, by_name[row.experiment]) for row in load()])
    elif list(words) != ["page"]:
        stored = {(row.engine, row.experiment, row.schedule): row for row in load()} if TABLE.exists() else {}
        asked = [("limit", e) for e in experiments()] + [("width", e) for e in chosen_for_width()]
        rows: list[Row] = []
        for engine, experiment in asked:
            for schedule in SCHEDULES:
                row = stored.get((engine, experiment.name, schedule)) or compare(engine, experiment, schedule)
                rows.append(row)
                save([*rows, *(each for each in stored.values() if each not in rows)])
                print(row, flush=True)
    from tests.proofs.prediction_page import page, tables

    PAGE.write_text(page(load()), encoding="utf-8")
    for name, text in tables(load()).items():
        PAGE.with_name(name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
