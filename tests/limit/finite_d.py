"""What the mean field leaves out at finite d, measured: the protocol, fixed before any result (THEORY §16).

``python -m tests.limit.finite_d`` simulates what finite_d.csv of docs/explanation lacks and prints what follows from it.

Experiments
    Two laws (`experiment`), each at several d with N / d = 1 / kappa^2 fixed. "P": all examples are P-only, 50 steps to
    tau = 8 d; only d changes, and the mean field is one course in units of d. "PQ": all three kinds at the rate 16, to
    tau = 4 d; Q learns in its own time, so that the mean field is solved at each d.
Simulation
    The limit in steps, data sets 0, 1, ... (`DATA_SETS` of each d); from d = 10 000 on with the mean over pairs of different
    examples, whose error is of a smaller order than what is looked for.
Quantities
    log of the odds c^2 / (1 - c^2) of the overlap c, halfway and at the end; log of the learning time of P at 0.45; mean
    training loss of P-only examples at the end.
Statistic
    Mean over data sets of limit - mean field by control variates: a linear regression on statistics of the data set whose
    expectations are known exactly (`statistics`), taken at these. Where data sets are fewer than four times the statistics, the
    coefficients are those of the largest d that has more. Fit of |mean| and of the scatter over data sets to powers of d.
Amended
    Data sets at d = 3200 and 10 000, from 16 and 6 to 8 and 4, for computing time and before any of these ran. After the first
    results: statistics of the kinds' shares given their counts, which do not vary (the regression was singular), the mean field
    at these shares, and 16 sets of particles, whose error was as large as the corrections of learning time and loss. Since the
    mean field counts d - 1 directions across w*: of P alone it is solved at d = 10 million and at the N / d of each d, its own
    standard error is added, and before any of these ran 100 data sets at d = 3200. There are 62 of these, and 3 at 10 000, as
    many as had run when time was up.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.result_table import read_table, write_table
from theory_sim import Experiment, draw_data, simulate
from theory_sim.closure.mean_field.solve import NODES, follow_particles
from theory_sim.data.examples import BOTH, P_ONLY, Q_ONLY, Data
from theory_sim.theory.closure import Closure
from theory_sim.theory.crossings import learning_time

TABLE = Path(__file__).parents[2] / "docs" / "explanation" / "finite_d.csv"
LEVEL, WITHOUT_PAIRS = 0.45, 10_000
QUANTITIES = ("log odds, halfway", "log odds", "log tau_P", "loss P-only")
DATA_SETS = {
    "P": {100: 400, 200: 300, 400: 200, 800: 100, 1600: 50, 3200: 62, 10_000: 3},
    "PQ": {100: 300, 200: 200, 400: 120, 800: 40},
}  # fmt: skip
STATISTICS = 15
# The mean field's own errors must be small beside the corrections.
PARTICLES, SETS = 4096, 16
INFINITE = 10**7


def experiment(law: str, d: int, seed: int = 0) -> Experiment:
    """The experiment of a law at d."""
    fields: dict[str, Any] = {"p0": 1.0, "q0": 0.0, "eta_1": 0.16 * d, "max_tau": 8.0 * d}
    if law == "PQ":
        fields = {"p0": 0.25, "q0": 0.2, "r": 0.3, "eta_1": 16.0, "max_tau": 4.0 * d}
    fields["record_every"] = 0.5 * fields["eta_1"]  # each step
    return Experiment(d=d, kappa=0.7, lambda_=0.1 / d, schedule="constant", n_test=1, seed=seed, **fields)


@dataclass(frozen=True)
class Row:
    """One run of the limit on one data set: the quantities, and statistics less their expectations."""

    law: str
    d: int
    seed: int
    values: tuple[float, ...]
    statistics: tuple[float, ...]


def quantities(tau: Any, overlap: Any, loss: Any, end: float) -> tuple[float, ...]:
    """The four QUANTITIES of a course."""
    c = [float(np.interp(time, tau, np.nan_to_num(overlap))) for time in (0.5 * end, end)]
    odds = [math.log(each * each / (1.0 - each * each)) for each in c]
    return (*odds, math.log(learning_time(np.asarray(tau), np.asarray(loss), LEVEL)), float(np.interp(end, tau, loss)))


def simulated(law: str, d: int, seed: int) -> Row:
    """One run of the limit, and what is known of its data set."""
    e = experiment(law, d, seed)
    run = simulate(e, "limit", threads=1, spatial="exact" if d < WITHOUT_PAIRS else "mean")
    courses = run.dataset["tau"].values, run.history("P_overlap"), run.history("loss_train", kind="P-only")
    values = quantities(*courses, e.max_tau)
    return Row(law, d, seed, tuple(_digits(v) for v in values), tuple(_digits(v) for v in statistics(e, draw_data(e))))


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def predicted(course: Closure, e: Experiment) -> tuple[float, ...]:
    """The same quantities of a course of the mean field."""
    return quantities(course.tau, course.overlap, course.loss_P, e.max_tau)


def statistics(e: Experiment, data: Data) -> tuple[float, ...]:
    """STATISTICS numbers of a data set less their expectations given its kinds, whose counts do not vary.

    With G the inner products of y z of the examples that hold P, z across w*: 1'G^k 1, v'G^k v and s'G^k s over n_P, and
    1'G^k v, 1'G^k s, for the centred margins v and a centred mark s of P-only. Rows of z are N(0, I / d) in d - 1 dimensions,
    so that G is a Wishart matrix, of which E G^2 = n (n + 1 + N) / d^2 and
    E G^3 = n (n^2 + N^2 + 3 n N + 3 n + 3 N + 4) / d^3, n = d - 1, N = n_P (times the identity).
    """
    d, label = e.d, data.y > 0
    holds, q = data.kind != Q_ONLY, data.kind != P_ONLY
    shares = [float(np.mean((data.kind == kind) & label) - 0.5 * np.mean(data.kind == kind)) for kind in (Q_ONLY, BOTH)]
    middle = 0.5 * (e.alpha_min + e.alpha_max)
    assert data.pq is not None
    alpha = [float(np.sum((data.pq.alpha - middle)[q & of])) / data.y.size for of in (label, ~label)]
    w, z = np.asarray(data.pq.w_star, data.x1.dtype), data.x1[holds] * data.y[holds, None].astype(data.x1.dtype)
    along = (z @ w).astype(np.float64)
    n, size = along.size, d - 1

    def gram(vector: np.ndarray) -> np.ndarray:
        """G times a vector."""
        down = vector.astype(z.dtype) @ z
        down -= np.dot(down, w) * w
        return np.asarray(z @ down, np.float64)

    v = along * math.sqrt(d) - e.g0 - math.sqrt(2.0 / math.pi)
    mark = (data.kind[holds] == P_ONLY) - float(np.mean(data.kind[holds] == P_ONLY))
    one = np.ones(n)
    found = [*shares, *alpha, float(v.mean()), float(np.mean(v * v)) - (1.0 - 2.0 / math.pi)]
    once, twice = size / d, size * (size + 1 + n) / d**2
    thrice = size * (size**2 + n**2 + 3 * size * n + 3 * size + 3 * n + 4) / d**3
    of_one, of_v = gram(one), gram(v)
    again = gram(of_one)
    found += [one @ of_one / n - once, of_one @ of_one / n - twice, of_one @ again / n - thrice]
    found += [v @ of_one / n - once * v.sum() / n, of_v @ of_one / n - twice * v.sum() / n]
    found += [(v @ of_v - once * v @ v) / n, (of_v @ of_v - twice * v @ v) / n]
    found += [float(mark @ of_one) / n, float(gram(mark) @ of_one) / n]
    return tuple(float(each) for each in found)


@dataclass(frozen=True)
class Mean:
    """Mean of limit - mean field at one d, its standard error, and the scatter over data sets without and with statistics."""

    law: str
    d: int
    quantity: str
    count: int
    mean: float
    error: float
    scatter: float
    rest: float


class OfMeanField:
    """Quantities of the mean field, means over sets of particles.

    Of P alone as d goes to infinity at N / d of each d, whose whole N is not quite d / kappa^2, linear in log N; of "PQ" at
    each d and the shares that the kinds have.
    """

    def __init__(self) -> None:
        self._infinite: tuple[np.ndarray, np.ndarray] | None = None
        self.error = np.zeros(len(QUANTITIES))

    def __call__(self, law: str, d: int) -> np.ndarray:
        """Of learning times the log in units of d; ``error`` then holds their standard errors over sets of particles."""
        e = experiment(law, d)
        if law == "PQ":
            shares = np.bincount(draw_data(e).kind, minlength=3) / e.n_examples
            return self._mean(e.replace(p0=float(shares[P_ONLY]), q0=float(shares[Q_ONLY])), SETS)
        whole = experiment(law, INFINITE)
        if self._infinite is None:
            more = whole.replace(kappa=None, N=round(1.01 * whole.n_examples))
            slope = (self._mean(more, 2) - self._mean(whole, 2)) / math.log(1.01)
            self._infinite = self._mean(whole, SETS), slope
        mean, slope = self._infinite
        return mean + slope * math.log(e.n_examples / d * INFINITE / whole.n_examples)

    def _mean(self, e: Experiment, sets: int) -> np.ndarray:
        runs = [predicted(follow_particles(e, NODES, PARTICLES, seed), e) for seed in range(sets)]
        self.error = np.std(runs, axis=0, ddof=1) / math.sqrt(sets)
        return np.asarray(np.mean(runs, axis=0)) - np.array([0.0, 0.0, math.log(e.d), 0.0])


def means(rows: list[Row]) -> list[Mean]:
    """The statistic of the protocol, for each law, d and quantity."""
    found, of_mean_field = [], OfMeanField()
    for law, sizes in DATA_SETS.items():
        slopes: dict[int, np.ndarray] = {}
        for d in sorted(sizes):
            chosen = [row for row in rows if (row.law, row.d) == (law, d)]
            if len(chosen) < 3:
                continue
            values = np.array([row.values for row in chosen]) - of_mean_field(law, d) - np.array([0, 0, math.log(d), 0])
            given = np.array([row.statistics for row in chosen])
            used = np.ptp(given, axis=0) > 1e-9
            for index, quantity in enumerate(QUANTITIES):
                if len(chosen) >= 4 * STATISTICS:
                    centred = given[:, used] - given[:, used].mean(axis=0)
                    slopes[index] = np.linalg.lstsq(centred, values[:, index] - values[:, index].mean(), rcond=None)[0]
                    freedom = len(chosen) - 1 - int(used.sum())
                else:
                    freedom = len(chosen) - 1
                left = values[:, index] - given[:, used] @ slopes[index]
                rest = float(np.sqrt(np.sum((left - left.mean()) ** 2) / freedom))
                error = math.hypot(rest / math.sqrt(len(chosen)), of_mean_field.error[index])
                found.append(Mean(law, d, quantity, len(chosen), float(left.mean()), error,
                                  float(values[:, index].std(ddof=1)), rest))
    return found


def exponent(found: list[Mean], name: str) -> tuple[float, float]:
    """Fitted power of d of |mean| or scatter over one law and quantity, by weighted least squares, and its standard error."""
    d = np.log([each.d for each in found])
    values = np.abs([getattr(each, name) for each in found])
    errors = np.array([each.error / abs(each.mean) if name == "mean" else 1.0 / math.sqrt(2.0 * each.count) for each in found])
    design = np.stack([np.ones_like(d), d], axis=1) / errors[:, None]
    covariance = np.linalg.inv(design.T @ design)
    return float((covariance @ design.T @ (np.log(values) / errors))[1]), float(math.sqrt(covariance[1, 1]))


def load() -> list[Row]:
    """Read the table."""
    return [Row(
        cells["law"], int(cells["d"]), int(cells["seed"]),
        *(tuple(map(float, cells[name].split("; "))) for name in ("values", "statistics")),
    ) for cells in read_table(TABLE)]  # fmt: skip


def main() -> int:
    """Simulate what is missing, then print the means."""
    rows = load() if TABLE.exists() else []
    known = {(row.law, row.d, row.seed) for row in rows}
    for d, law, count in sorted((d, law, count) for law, sizes in DATA_SETS.items() for d, count in sizes.items()):
        for seed in range(count):
            if (law, d, seed) not in known:
                rows.append(simulated(law, d, seed))
        write_table(rows, Row, TABLE)
        sys.stderr.write(f"{law} d = {d}: {count} data sets\n")
    for each in means(rows):
        sys.stdout.write(f"{each.law:3}{each.d:6} {each.quantity:18} {each.count:4}  {each.mean:+.5f} +- {each.error:.5f}"
                         f"  scatter {each.scatter:.4f}, {each.rest:.4f} left\n")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
