"""The theorem at growing dimension: r = r_0 d^-a, lambda = lambda_0 d^-b, N = d/kappa^2 (THEORY §8, §9, §13).

Question: do learning times, separation and error scale with d as §8 says, and is the gap in test error there?

Statement: along such a family S learns Q first at tau_Q = c_Q / ((1 - p_0) arctan(r) (1 + r^2)), L-S learns P first at
tau_P = c_P d / (1 - q_0) and keeps Q's separation at J(r)/lambda times the residual; and S's error on P becomes a multiple of
L-S's, tenfold at an r d of the order 10^3.

The family: a = 0.45, b = 1.2, kappa = 1/2, p_0 = 1/8, q_0 = 0.3, g_0 = 1, alpha uniform on [1/2, 1]; r = 0.55 and
lambda = 1.6e-3 at d = 100. Of §9's conditions it satisfies a < 1, b > 1 and b < 3 a, that with r^3/lambda in place of
r^2/lambda, with least slack 0.15. eta_2/eta_1 = 1e-4, so that S's patterns are frozen; noise stationary for eta_1 = 16 at the
start. Runs are those of the limit in continuous time, up to tau = 6 d.

Statistics, over data sets. With every run's learning times at the level 0.45: the logarithm of tau over its closed form, for P
under L-S and for Q under S; its mean at each d, with Student's interval; and the slope of these means in log d, by least
squares, with Student's interval: by how much the exponent misses the closed form's. When P is learnt under L-S: the
separation h over -J(r)/lambda times the residual on z, measured at that time. The ratio of the errors on P, S over L-S on
the same data, at the smallest training loss that every run at that d reaches by the end (errors when a run first reaches one of
a list of losses, their logarithms interpolated in log loss); beside it at equal loss of the P-only examples (0.45) and at equal
tau, the end.

Decision, seven parts, each interval at level 1 - 0.05/7:

1. *Order*: the exact interval of the share of data sets, all d together, with P first under L-S and Q first under S lies
   above 1/2 (supported), below (refuted).
2., 3. *Exponents* of tau_P under L-S and of tau_Q under S: the slope's interval lies within +-0.1 (supported) or outside
   (refuted). Second edition, after the result of the first was seen: half of the range of the local exponent over these d,
   from a parabola, is added to each side.
4., 5. *Constants* of the two, at the largest d with six data sets or more: the interval of the ratio to the closed form lies
   within a factor 1.15 of 1 (supported), or outside of that (refuted).
6. *Separation*, at the same d: the interval of the ratio lies within 0.9 to 1.1, or outside.
7. *Gap*, at the same d: the interval of the ratio of errors at equal training loss lies above 10, or below.

The closure stands beside, at the same d and beyond, also for the paper's alpha on [0, 1], and decides nothing.

Fixed before the first stored result. Known by then: the closure's courses of many such families, from which a, b and the
constants were chosen so that the conditions for the order hold from d = 100 on and the gap is large at d <= 10^4 (for this
family it said errors in the ratio 1.2, 1.6, 3.2, 8.8, 24 at equal loss of P-only examples); one data set of the limit up to
d = 3162, seed 999, which is not among the study's, with a ratio of about 11 at the end; and two data sets, seeds 0 and 1, at
d = 100 and 316, when the figure was drawn for the first time, with h 1.54 and 1.18 of the plateau. The list of dimensions and
the number of data sets follow from the cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.observe.learning_order import learning_order
from theory_sim.statistics.intervals import mean_interval, student_quantile
from theory_sim.statistics.power_laws import curvature_error
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.engines import CLOSURE, LIMIT, get_rows
from theory_sim.studies.groups import done_seeds, group_row, pair_row
from theory_sim.studies.registry import register
from theory_sim.studies.scaling.figure import plot
from theory_sim.studies.study import Finding, Judgement, PartPower, Size, Study, StudyVerdict
from theory_sim.sweeps.blocks import Product, Zip
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory import learning_times
from theory_sim.theory.separation import J
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["A", "B", "FAMILIES", "STUDY", "experiment_at"]

A: Final = 0.45
"""Exponent of r = r_0 d^-a."""
B: Final = 1.2
"""Exponent of lambda = lambda_0 d^-b."""
FAMILIES: Final = {"alpha in [1/2, 1]": 0.5, "alpha in [0, 1]": 0.0}
"""Laws of alpha by name, each with its lower end: the first is judged, the paper's is followed by the closure alone."""

_FIRST: Final = 100
_LEVEL: Final = 1 - 0.05 / 7
_LEAST_SETS: Final = 6
_LOSSES: Final = (0.4, 0.35, 0.3, 0.25, 0.22, 0.2, 0.18, 0.16, 0.14, 0.12, 0.1, 0.08, 0.06, 0.04)
_DATA_SETS: Final[dict[Size, dict[int, int]]] = {
    "small": {20: 2, 40: 2},
    "default": {100: 8, 316: 8, 1000: 8, 3162: 4, 5000: 6, 10_000: 1},
    "full": {100: 24, 316: 24, 1000: 24, 3162: 24, 5000: 24, 10_000: 8, 20_000: 1},
}
_EXACT_BELOW: Final = 1000
_WITH_D: Final = ("d", "r", "lambda_", "max_tau", "record_every")
_CLOSURE: Final[dict[Size, tuple[int, ...]]] = {
    "small": (20, 40),
    "default": tuple(round(100 * 10 ** (k / 4)) for k in range(13)),
    "full": tuple(round(100 * 10 ** (k / 4)) for k in range(17)),
}


def experiment_at(d: int, alpha_min: float = 0.5) -> Experiment:
    """Experiment of the family at a dimension, schedule L-S."""
    share = d / _FIRST
    r, lambda_ = (float(f"{value:.6g}") for value in (0.55 * share**-A, 1.6e-3 * share**-B))
    # Records follow the shorter learning time, which grows more slowly than the run.
    time_q = learning_times.tau_Q(0.45, r=r, p0=0.125, alpha_min=0.5)
    return Experiment(
        d=d, kappa=0.5, q0=0.3, r=r, alpha_min=alpha_min, lambda_=lambda_, eta_1=16.0, eta_2=16e-4, tau_xi=0.001,
        epsilon_1=0.23, max_tau=6.0 * d, record_every=float(round(time_q / 7)), n_test=1,
    )


def _plan(size: Size) -> Mapping[str, Sweep]:
    sweeps = {}
    for d, seeds in _DATA_SETS[size].items():
        spatial = "exact" if d < _EXACT_BELOW else "mean"
        base = experiment_at(d).replace(observe={"gradients": {}})
        engine = Engine("limit", {"time": "flow", "spatial": spatial})
        sweeps[f"d{d}"] = Sweep(f"d{d}", base, (), ("L-S", "S"), tuple(range(seeds)), (engine,))
    points = [experiment_at(d) for d in _CLOSURE[size]]
    together = Zip({field: [getattr(e, field) for e in points] for field in _WITH_D})
    laws = Product({"alpha_min": list(FAMILIES.values())})
    sweeps["closure"] = Sweep("closure", points[0], (laws, together), ("L-S", "S"), (0,), (CLOSURE,))
    return sweeps


def _error_at_loss(level: float) -> Callable[[Trajectory], float]:
    return lambda run: error_at_loss(run, level)


def _error_at_P_loss(run: Trajectory) -> float:
    return error_at_loss(run, 0.45, kind="P-only")


def _separation(run: Trajectory) -> float:
    """h over -J(r)/lambda times the residual on z, when P is learnt; NaN where nothing was recorded of residuals."""
    if "residual_Q" not in run.dataset:
        return math.nan
    when, e, tau = learning_order(run).tau_P, run.experiment, run.history("tau")
    if not math.isfinite(when):
        return math.nan
    residual, h = (float(np.interp(when, tau, of)) for of in (run.history("residual_Q", direction="z"),
                                                               run.history("h", part="total")))
    return -h * e.lambda_ / (J(e.r) * residual)


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    import pandas

    rows = []
    for engine, e, runs in _groups(summaries):
        large, small = (runs.sel(schedule=schedule) for schedule in ("L-S", "S"))
        pair, errors = pair_row(large, small), _errors(large, small)
        law = next(name for name, low in FAMILIES.items() if low == e.alpha_min)
        closed = {
            "tau_P": learning_times.tau_P(0.45, d=e.d, q0=e.q0, g0=e.g0),
            "tau_Q": learning_times.tau_Q(0.45, r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max),
        }
        for schedule, group in (("L-S", large), ("S", small)):
            kept = group.isel(seed=done_seeds(group))
            row = {"d": e.d, "r": e.r, "lambda": e.lambda_, "r d": e.r * e.d, "alpha": law, "schedule": schedule,
                   "engine": engine.name, **group_row(group), **pair}
            for name, value in closed.items():
                row[f"{name} closed form"] = value
                row |= _mean(f"log {name} / closed form", np.log(kept[name].isel(level=0).values / value))
            row |= _mean("h / plateau", kept["separation"].values if schedule == "L-S" else [])
            rows.append({**row, **errors})
    return pandas.DataFrame(rows)


def _groups(summaries: Mapping[str, Summary]) -> Iterator[tuple[Engine, Experiment, xarray.Dataset]]:
    """Each experiment with the one engine of its sweep and its runs, by schedule and seed."""
    for summary in summaries.values():
        runs, base = summary.dataset.isel(engine=0), summary.sweep.experiment
        axes = summary.sweep.varied_axes()
        for place in np.ndindex(*map(len, axes)):
            at = runs.isel({axis.name: i for axis, i in zip(axes, place, strict=True)})
            e = base.replace(**{field: at[field].item() for axis in axes for field in axis.fields})
            yield summary.sweep.engines[0], e, at


def _errors(large: xarray.Dataset, small: xarray.Dataset) -> dict[str, float]:
    """Ratio of the errors on P, small rate over large: at equal training loss, at equal loss of P-only examples."""
    kept = done_seeds(large, small)
    one, other = large.isel(seed=kept), small.isel(seed=kept)
    loss = max((float(at["train_loss"].max()) for at in (one, other) if len(kept)), default=math.nan)
    at_loss = [np.array([_log_error(at.isel(seed=i), loss) for i in range(len(kept))]) for at in (one, other)]
    at_P_loss = [np.log(at["error_at_P_loss"].values) for at in (one, other)]
    columns = {"equal loss": loss}
    for name, logs in (("equal loss", at_loss), ("equal P loss", at_P_loss)):
        columns |= {key: math.exp(value) for key, value in _mean(f"error S / L-S, {name}", logs[1] - logs[0]).items()}
    return columns


def _log_error(run: xarray.Dataset, loss: float) -> float:
    """Logarithm of a run's error on P when its training loss first was so low, from the list of losses and the run's end."""
    course = [(level, float(run[_at_loss(level)])) for level in _LOSSES]
    known = [(level, error) for level, error in [*course, (float(run["train_loss"]), float(run["P_error"]))] if error > 0]
    levels, errors = np.log(np.array(sorted(known))).T
    return float(np.interp(math.log(loss), levels, errors)) if levels[0] <= math.log(loss) <= levels[-1] else math.nan


def _at_loss(level: float) -> str:
    return f"error_at_loss_{level:g}"


def _mean(name: str, sample: ArrayLike) -> dict[str, float]:
    """Mean over data sets with Student's interval at the level of one part; NaN unless every one is known."""
    low, mean, high = _student(np.asarray(sample, dtype=float))
    return {name: mean, f"{name} low": low, f"{name} high": high}


def _student(sample: NDArray[np.float64]) -> tuple[float, float, float]:
    if not len(sample) or not np.isfinite(sample).all():
        return math.nan, math.nan, math.nan
    found = mean_interval(sample.tolist(), _LEVEL)
    return (found.low, found.value, found.high) if found.n > 1 else (math.nan, found.value, math.nan)


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    limit = get_rows(table, LIMIT)
    limit = limit[limit["alpha"] == next(iter(FAMILIES))]
    large, small = (limit[limit["schedule"] == schedule].sort_values("d") for schedule in ("L-S", "S"))
    statement = "P is learnt first under L-S and Q first under S"
    findings = [judge_share(statement, int(large["flips"].sum()), int(large["pairs"].sum()), level=_LEVEL, what="data sets")]
    times = (("tau_P", "L-S", large), ("tau_Q", "S", small))
    findings += [_exponent(name, schedule, rows) for name, schedule, rows in times]
    enough = limit[limit["n"] >= _LEAST_SETS]
    d = int(enough["d"].max()) if len(enough) else None
    at = {schedule: rows[rows["d"] == d] for schedule, rows in (("L-S", large), ("S", small))}
    for name, schedule, _ in times:
        said = f"{name} under {schedule} is its closed form within a factor 1.15"
        findings.append(_within(said, at[schedule], f"log {name} / closed form", (-math.log(1.15), math.log(1.15)), math.exp))
    said = "the separation under L-S is J(r)/lambda times the residual, within 10 %"
    findings.append(_within(said, at["L-S"], "h / plateau", (0.9, 1.1)))
    said = "S's error on P is more than tenfold that of L-S at equal training loss"
    findings.append(_within(said, at["L-S"], "error S / L-S, equal loss", (10.0, math.inf)))
    return StudyVerdict.of(findings, 0.95)


def _exponent(name: str, schedule: str, rows: pandas.DataFrame) -> Finding:
    """Whether log(tau / closed form) has a slope in log d within +-0.1."""
    from scipy.stats import linregress

    statement = f"the exponent of {name} in d under {schedule} is the closed form's within 0.1"
    x, y = np.log(rows["d"].to_numpy(dtype=float)), rows[f"log {name} / closed form"].to_numpy(dtype=float)
    if len(x) < 3 or not np.isfinite(y).all():
        return Finding(statement, "undecided", f"{len(x)} dimensions, {int(np.isfinite(y).sum())} of them with {name} known")
    own = linregress(x, np.log(rows[f"{name} closed form"].to_numpy(dtype=float))).slope
    fit = linregress(x, y)
    error = float(fit.stderr) if np.ptp(y) > 0 else 0.0  # linregress has none for a constant
    bend = curvature_error(np.exp(x), np.exp(y)) if np.ptp(y) > 0 else 0.0
    half = student_quantile(len(x) - 2, _LEVEL) * error + bend
    low, high = float(fit.slope) - half, float(fit.slope) + half
    reason = (f"{own + fit.slope:.3f} fitted from d = {rows['d'].min()} to {rows['d'].max()}, closed form {own:.3f}: off by "
              f"{low:+.3f} to {high:+.3f} at {_LEVEL:.2%}, {bend:.3f} of it to each side for the curvature")
    return Finding(statement, _side(low, high, -0.1, 0.1), reason, float(fit.slope), low, high)


def _within(
    statement: str, rows: pandas.DataFrame, column: str, ends: tuple[float, float], shown: Callable[[float], float] = float
) -> Finding:
    """Whether a column's interval, at one dimension, lies between two ends."""
    if rows.empty:
        return Finding(statement, "undecided", f"no dimension with {_LEAST_SETS} data sets")
    row = rows.iloc[0]
    low, high = float(row[f"{column} low"]), float(row[f"{column} high"])
    if not (math.isfinite(low) and math.isfinite(high)):
        return Finding(statement, "undecided", f"not known on every data set at d = {row['d']}")
    reason = f"{shown(low):.4g} to {shown(high):.4g} at {_LEVEL:.2%}, {row['n']} data sets at d = {row['d']}"
    return Finding(statement, _side(low, high, *ends), reason, shown(float(row[column])), shown(low), shown(high))


def _side(low: float, high: float, least: float, most: float) -> Judgement:
    if least <= low and high <= most:
        return "supported"
    return "refuted" if high < least or low > most else "undecided"


STUDY: Final = register(Study(
    name="scaling",
    brief="growth with d against the theorem's",
    question="Do learning times, separation and test error scale with d as the theorem says?",
    source="THEORY §8, §9, §13 [D]",
    statement="S learns Q first and L-S learns P first, with §8's exponents and constants; the gap in error becomes tenfold.",
    hypothesis="Along r = r_0 d^-0.45, lambda = lambda_0 d^-1.2, N = 4 d: both orders at every d, tau_P ~ d, tau_Q ~ 1/r, "
               "separation J(r)/lambda, error ratio above 10 at the largest d with six data sets.",
    statistic="Learning times over closed forms and the slope of that in log d; h over its plateau; ratio of errors on P.",
    rule="Seven parts at level 1 - 0.05/7: order above 1/2; two exponents within 0.1, curvature in their error; two constants "
         "within 15 %; separation within 10 %; ratio of errors above 10.",
    limits="The limit in continuous time, no finite width; one family, alpha on [1/2, 1]; b < 3 a holds by 0.15 only; d up to "
           "10 000, there one data set; pairs of patches x_1 by their mean from d = 1000 on; errors by §10's formula.",
    seconds={"small": 10, "default": 580, "full": 20_000},
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    metrics={"separation": _separation, "error_at_P_loss": _error_at_P_loss,
         **{_at_loss(level): _error_at_loss(level) for level in _LOSSES}},
    power=(PartPower("order", 35, _LEVEL),
           *(PartPower(part, why=f"a mean, reckoned after the runs: with {why}") for part, why in (
               ("exponent of tau_P", "its error, 0.003, and 0.016 for the curvature the closed form's is supported with "
                                     "probability above 0.99"),
               ("exponent of tau_Q", "its error, 0.006, and 0.042 for the curvature the closed form's is supported with "
                                     "probability 0.99"),
               ("constant of tau_P", "a spread of 0.014 the closed form is supported with probability above 0.99"),
               ("constant of tau_Q", "a spread of 0.004 the closed form is supported with probability above 0.99"),
               ("separation", "a spread of 0.0014 the plateau is supported with probability above 0.99"),
               ("gap", "a spread of 0.10 a ratio of 15 is told from 10 with probability above 0.99")))),
))
