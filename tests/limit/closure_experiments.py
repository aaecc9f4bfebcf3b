"""The closure's learning times against the limit's, on 30 random experiments that nothing was tuned on (THEORY §8).

``python -m tests.limit.closure_experiments`` computes them all and writes the table of docs/closure.md.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from theory_sim import Experiment, closure_trajectory, learning_order, solve_limit

PAGE = Path(__file__).parents[2] / "docs" / "closure.md"
COUNT, DATA_SETS, SEED, ALLOWED = 30, 4, 20190711, 0.10


def experiments() -> list[Experiment]:
    """Drawn once and for all: no parameter of the closure was chosen by looking at any of them."""
    rng = np.random.default_rng(SEED)
    found = []
    for index in range(COUNT):
        eta_1 = float(rng.uniform(8, 16))
        fields = {
            "name": f"random-{index}", "d": int(rng.integers(150, 401)), "kappa": round(float(rng.uniform(0.4, 0.7)), 3),
            "q0": round(float(rng.uniform(0.2, 0.5)), 3), "r": round(float(rng.uniform(0.25, 0.6)), 3),
            "alpha_min": float(rng.choice([0.0, 0.5])), "lambda_": round(float(10 ** rng.uniform(-4, -3)), 6),
            "eta_1": round(eta_1, 2), "eta_2": round(eta_1 / float(np.exp(rng.uniform(math.log(30), math.log(100)))), 4),
            "g0": round(float(rng.uniform(0.7, 1.3)), 3),
        }
        d = fields["d"]
        assert isinstance(d, int)
        found.append(Experiment(**fields, max_tau=8.0 * d, record_every=4.0))
    return found


@dataclass(frozen=True)
class Comparison:
    """One learning time: closure, and mean and standard error of the limit over data sets; infinite where not learnt."""

    experiment: Experiment
    schedule: str
    kind: str
    closure: float
    limit: float
    error: float
    learnt: int

    @property
    def ratio(self) -> float:
        """Closure over limit; NaN unless both learn on every data set."""
        finite = math.isfinite(self.closure) and self.learnt == DATA_SETS
        return self.closure / self.limit if finite else math.nan

    @property
    def disagrees(self) -> bool:
        """More than 10 % off, or one learns and the other does not (mixed data sets disagree with neither)."""
        if 0 < self.learnt < DATA_SETS:
            return False
        if math.isfinite(self.closure) != (self.learnt == DATA_SETS):
            return True
        return math.isfinite(self.closure) and not abs(self.ratio - 1) <= ALLOWED


def compare(experiment: Experiment) -> list[Comparison]:
    """Learning times at 0.45 under S (flow) and L-S (steps), of P and of Q."""
    rows = []
    for schedule, time in (("S", "flow"), ("L-S", "steps")):
        e = experiment.replace(schedule=schedule)
        told = learning_order(closure_trajectory(e))
        seen = [learning_order(solve_limit(e.replace(seed=k), time=time)) for k in range(DATA_SETS)]  # type: ignore[arg-type]
        for kind, of in (("Q", "tau_Q"), ("P", "tau_P")):
            times = np.array([getattr(order, of) for order in seen])
            known = times[np.isfinite(times)]
            error = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else math.nan
            mean = float(known.mean()) if len(known) else math.inf
            rows.append(Comparison(e, schedule, kind, getattr(told, of), mean, error, len(known)))
    return rows


def page(rows: Sequence[Comparison]) -> str:
    """docs/closure.md."""
    compared = [row for row in rows if not math.isnan(row.ratio)]
    misses = [row for row in rows if row.disagrees]
    off = np.abs(np.array([row.ratio for row in compared]) - 1)
    mixed = [row for row in rows if 0 < row.learnt < DATA_SETS]
    text = f"""# The closure against the limit

The closure of THEORY §8 replaces a data set by its averages. This page holds its learning times (loss below 0.45) against
those of `solve_limit`, on {COUNT} experiments drawn at random from seed {SEED}, each with {DATA_SETS} data sets; no part of the
closure was chosen by looking at them. `python -m tests.limit.closure_experiments` computes the page again.

Of {len(rows)} learning times, {len(compared)} are reached by the closure and on every data set of the limit: there the closure
is off by {100 * np.median(off):.1f} % in the median, {100 * np.quantile(off, 0.9):.1f} % at the 90th percentile and
{100 * off.max():.1f} % at most. {len(misses)} disagree: more than {100 * ALLOWED:.0f} % off, or learnt by one and not by the
other. On {len(mixed)} some data sets learn and others do not; the limit's mean is then over those that do, and nothing is
judged.

## What disagrees

"""
    text += _table(misses) if misses else "Nothing.\n"
    text += "\n## All learning times\n\n" + _table(rows)
    text += "\n## The experiments\n\n"
    columns = ("name", "d", "n_examples", "q0", "r", "alpha_min", "lambda_", "eta_1", "eta_2", "g0")
    cells = [[f"{v:g}" if isinstance(v := getattr(e, c), float) else str(v) for c in columns] for e in experiments()]
    return text + _rows(["", "d", "N", "q0", "r", "alpha_min", "lambda", "eta_1", "eta_2", "g0"], cells)


def _table(rows: Sequence[Comparison]) -> str:
    cells = []
    for row in rows:
        limit = f"{row.limit:.0f} ± {row.error:.0f}" if row.learnt > 1 else ("-" if not row.learnt else f"{row.limit:.0f}")
        told = f"{row.closure:.0f}" if math.isfinite(row.closure) else "not learnt"
        ratio = "" if math.isnan(row.ratio) else f"{row.ratio:.3f}"
        cells.append([row.experiment.name, row.schedule, row.kind, told, limit, f"{row.learnt} of {DATA_SETS}", ratio])
    names = ["experiment", "schedule", "kind", "closure", "limit (mean ± s.e.)", "learnt on", "closure / limit"]
    return _rows(names, cells)


def _rows(names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> int:
    """Compute everything and write the page."""
    rows = []
    for experiment in experiments():
        rows += compare(experiment)
        for row in rows[-4:]:
            print(f"{row.experiment.name} {row.schedule} {row.kind} {row.closure:.0f} {row.limit:.0f} {row.ratio:.3f}")
    PAGE.write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
