"""How wide must a network be before the limit describes it?

Question: at which widths m_W and m_V does the limit of infinite width describe the network, and what does it get wrong before?

Statement of THEORY (§2, §7, [D]): the limit describes the network at width m up to O(m^-1/2); the separation h falls short of
its limit by about 0.55 q for q < 0.3, where q = pi h / (2 arctan(r) (1 + r^2) sqrt(m_V) r tau); m_W is insensitive, m_W = 500
is enough for losses; and once the deficit is small the learning order is the limit's.

Hypothesis, in four parts. All networks have paired neurons, and the limit stands beside each on the same data.

1. *Rate.* The gap between network and limit falls like m^-1/2 where both widths are m: in the outputs on the training set at
   the end, in the losses of the three kinds at the end, and in the learning times; with a rate that is annealed after patterns
   have moved, and with the small rate throughout. From the limits of other networks (frozen patterns, patterns redrawn at each
   step) the same networks keep their distance.
2. *Deficit.* h falls short of the limit's by 0.55 q, to within a tenth: with patterns that only the signal moves (no noise, no
   decay), and with those that the noise of S moves as well.
3. *m_W.* With m_W = 500 the loss of P-only examples stays within 0.015 of the limit's at every record and tau_P within 5 %,
   under L-S and S.
4. *Order.* Where 0.55 q <= 0.15, which is where `regime` is content with the width, L-S and S show the limit's order.

Statistic. (1) Per seed and width: root mean square over examples of the difference of outputs, over kinds that of losses, over
learnt kinds that of the logarithms of learning times; then the root mean square over seeds, and the least-squares slope of its
logarithm against log m, by the jackknife over seeds (a seed's widths go together: they share its data). (2) Per seed and cell
of r, m_V and tau_0: h over the limit's h when the limit has learnt Q (level 0.45), and q of the limit's h then. The share
lacking has a part of mean zero, O(m^-1/2), of the neurons that happen to be drawn; the same neurons with tau_0 = 1000, where q
is practically zero, have it too. Deficit / q is the share lacking less that of this control, over q. (3), (4) Counts of seeds.

Decision. Twenty intervals, together at 95 %: each at level 1 - 0.05/20, Student's for means over seeds and of the jackknife's
pseudo-values, exact for shares.

1. Supported if the slope's interval lies inside (-3/4, -3/8), which is nearer to -1/2 than to its rivals -1 and -1/4, and
   holds -1/2; refuted if it lies outside. Against the other limits: supported if it lies above -1/4, refuted if below. Second
   edition, after the result of the first was seen: half of the range of the local exponent over these widths, from a parabola
   through the logarithms of the mean gaps, is added to each side; before, an interval inside that excludes -1/2 did as well.
2. Of the cells with a mean q from 0.08 to 0.3 (at most seven): supported if the intervals of every cell lie inside
   0.55 +- 0.055, refuted if one lies outside; two findings.
3. and 4. The interval of the share of seeds lies above 1/2: supported; below: refuted.

Else a part is undecided, as it is where a seed gives no number (a kind that the network does not learn).

Known before the rule was fixed, from trial runs with seeds from 1000 on, which the study does not use: slopes of about -1/2 on
8 data sets; deficit / q of 0.5 to 0.6 with patterns that only the signal moves, and of less than 0.4 under S's noise, so that
part 2 was expected to fail as it stands. Widths were chosen so that runs are short and q < 0.3.

Repeated on 68 data sets of their own, seeds 3000 to 3067, by the same rule, fixed before: counts have power 0.95 at 0.95.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment
from theory_sim.observe.learning_order import learning_order
from theory_sim.statistics.intervals import half_width, share_interval
from theory_sim.statistics.power_laws import curvature_error, jackknife_slopes
from theory_sim.studies.decisions import judge_first
from theory_sim.studies.engines import BOTH, FINITE, LIMIT, engine_label
from theory_sim.studies.groups import Row, done_seeds, grid_cells, make_table, mean_columns
from theory_sim.studies.registry import register
from theory_sim.studies.study import Finding, Judgement, PartPower, Size, Study, StudyVerdict
from theory_sim.studies.width.figure import plot
from theory_sim.sweeps.blocks import Product, Zip
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.theory.conditions import LAZY_DEFICIT_MAX, lazy_deficit, lazy_ratio
from theory_sim.theory.learning_times import g_level
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 20
_RATE: Final = (-0.75, -0.375)
_APART: Final = (-0.25, math.inf)
_DEFICIT: Final = (0.9 * 0.55, 1.1 * 0.55)
_GAPS: Final = ("outputs", "losses", "times")
_OTHER_LIMITS: Final = tuple(Engine("limit", {"kernel": kernel}) for kernel in ("frozen", "independent"))
_CLOSE_LOSS, _CLOSE_TIME, _ENOUGH_W = 0.015, 0.05, 500
_CONTROL: Final = 1000.0  # tau_0 at which q is practically zero
_STARTS: Final = (1.25, 2.5, _CONTROL)  # tau_0: with m_V four times as large, half of it gives the same q
_JUDGED_Q: Final = (0.08, 0.3)
_MOTION: Final = 0.00789  # tau_xi / tau_0 of the default experiment

_Groups = Mapping[tuple[str, str], "xarray.Dataset"]
"""Runs of the seeds that all have, by schedule and engine label."""


def _plan(size: Size) -> Mapping[str, Sweep]:
    small = size == "small"
    counts = {"small": (1, 1, 1), "default": (40, 20, 10), "full": (200, 100, 60)}[size]
    many, some, few = (tuple(range(count)) for count in counts)
    others = (*BOTH, *_OTHER_LIMITS)

    base = Experiment(d=20, r=0.7, tau_0=3.0, tau_xi=0.06, eta_2=1.0, n_test=1, dtype="float64", max_tau=300.0,
                      schedule="S", m_W=100, m_V=100)
    annealed = base.replace(schedule="pieces", pieces=((80.0, 8.0), (1e6, 1.0)))
    widths = (20, 80) if small else (128, 512, 2048, 8192)
    both = (Zip({"m_W": widths, "m_V": widths}),)

    q_base = Experiment(tau_0=1.0, m_W=100, m_V=100, dtype="float64", schedule="S", max_tau=500.0, record_every=20.0, n_test=1)
    if small:
        q_base = q_base.replace(d=40, record_every=50.0, eta_2=2.0)
    noiseless = q_base.replace(tau_xi=0.0, lambda_=0.0, eta_2=4.0)
    neurons = {"m_V": (1000, 4000) if small else (10_000, 40_000)}
    starts = Zip({"tau_0": _STARTS, "tau_xi": [_MOTION * tau_0 for tau_0 in _STARTS]})

    w_base = Experiment.preset("quick").replace(d=100, max_tau=500.0, n_test=1)
    v_base = Experiment.preset("quick").replace(m_W=100, tau_0=2.5, tau_xi=2.5 * _MOTION, record_every=20.0, n_test=1)
    if small:
        w_base = w_base.replace(d=40, m_V=400, max_tau=100.0)
        v_base = v_base.replace(d=40, max_tau=100.0)
    schedules = ("L-S", "S")
    return {
        "annealed": Sweep("annealed", annealed, both, ("pieces",), many, others),
        "small rate": Sweep("small-rate", base, both, ("S",), many, others),
        "noiseless": Sweep("noiseless", noiseless, (Product({"r": (0.3, 0.5), **neurons, "tau_0": _STARTS}),), ("S",), some,
                           BOTH),
        "moving": Sweep("moving", q_base, (Product(neurons), starts), ("S",), few, BOTH),
        "m_W": Sweep("m_W", w_base, (Product({"m_W": (20, 50) if small else (250, _ENOUGH_W)}),), schedules, few, BOTH),
        "order": Sweep("order", v_base, (Product({"m_V": (100, 400) if small else (2000, 8000, 32_000)}),), schedules, few,
                       BOTH),
    }


# -- numbers of a network and the limit on the same data ---------------------------------------------------------------


def _rms(values: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _outputs_gap(network: Trajectory, limit: Trajectory) -> float:
    return _rms(network.dataset["f_train"].values - limit.dataset["f_train"].values)


def _losses_gap(network: Trajectory, limit: Trajectory) -> float:
    return _rms(network.dataset["loss_train"].values[-1] - limit.dataset["loss_train"].values[-1])


def _times_gap(network: Trajectory, limit: Trajectory) -> float:
    """Of the kinds that the limit learns; infinite if the network does not learn one of them, NaN if there is none."""
    found, aimed = learning_order(network), learning_order(limit)
    pairs = [(found.tau_P, aimed.tau_P), (found.tau_Q, aimed.tau_Q)]
    gaps = [math.log(a / b) if math.isfinite(a) else math.inf for a, b in pairs if math.isfinite(b)]
    return _rms(gaps) if gaps else math.nan


def _h_ratio(network: Trajectory, limit: Trajectory) -> float:
    when = learning_order(limit).tau_Q
    return _h_at(network, when) / _h_at(limit, when) if math.isfinite(when) else math.nan


def _q(network: Trajectory, limit: Trajectory) -> float:
    """THEORY §2, with the limit's h and the noise level when the limit has learnt Q."""
    when, e = learning_order(limit).tau_Q, network.experiment
    if not math.isfinite(when):
        return math.nan
    level = float(np.interp(when, network.dataset["tau"].values, network.dataset["tau_noise_exact"].values))
    return lazy_ratio(abs(_h_at(limit, when)), r=e.r, m_V=e.m_V, tau=level)


def _h_at(run: Trajectory, tau: float) -> float:
    return float(np.interp(tau, run.dataset["tau"].values, run.history("h", part="total")))


def _P_loss_gap(network: Trajectory, limit: Trajectory) -> float:
    """Largest over the limit's records."""
    limit_tau, tau = (run.dataset["tau"].values for run in (limit, network))
    losses = np.interp(limit_tau, tau, network.history("loss_train", kind="P-only"))
    return float(np.max(np.abs(losses - limit.history("loss_train", kind="P-only"))))


# -- the table ---------------------------------------------------------------------------------------------------------


def _tabulate(summaries: Mapping[str, Summary]) -> pandas.DataFrame:
    rows: list[Row] = []
    for run in ("annealed", "small rate"):
        rows += _gap_rows(run, summaries[run])
    for run in ("noiseless", "moving"):
        rows += _deficit_rows(run, summaries[run])
    rows += _width_rows(summaries["m_W"], "m_W", _close)
    rows += _width_rows(summaries["order"], "order", _same_order)
    return make_table(rows)


def _compared(data: xarray.Dataset) -> Iterator[tuple[xarray.Dataset, xarray.Dataset]]:
    """Networks and the runs of another engine beside them, in each cell, of the seeds that have both."""
    for at, runs in grid_cells(data):
        if at["engine"] > 0:
            networks = data.isel({**at, "engine": 0})
            kept = done_seeds(networks, runs)
            yield networks.isel(seed=kept), runs.isel(seed=kept)


def _gap_rows(run: str, summary: Summary) -> list[Row]:
    """One row an engine and width with mean gaps, then one an engine with the slopes over the widths."""
    rows: list[Row] = []
    for networks, runs in _compared(summary.dataset):
        row: Row = {"part": "gap", "run": run, "against": engine_label(runs), "n": networks.sizes["seed"],
               "m_W": int(runs["m_W"]), "m_V": int(runs["m_V"])}
        for name in _GAPS:
            row |= mean_columns(f"gap of {name}", runs[f"gap of {name}"].values, least=0.0)
        rows.append(row)
    data = summary.dataset.isel(schedule=0)
    for engine in data["engine"].values[1:]:
        runs = data.sel(engine=engine)
        row = {"part": "slope", "run": run, "against": str(engine), "n": runs.sizes["seed"]}
        for name in _GAPS:
            gaps = runs[f"gap of {name}"].transpose("seed", ...).values
            row |= _judged(f"slope of {name}", jackknife_slopes(runs["m_V"].values, gaps))
        rows.append(row)
    return rows


def _judged(name: str, sample: Iterable[float]) -> dict[str, float]:
    """Columns of a mean that is judged: with its interval at 95 %, and what an interval at another level needs."""
    known = [float(value) for value in sample if math.isfinite(value)]
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
    return {**mean_columns(name, known), f"{name}: spread": spread, f"{name}: seeds": len(known)}


def _deficit_rows(run: str, summary: Summary) -> list[Row]:
    """One row a cell; a cell's control has the same r and m_V."""
    cells = [runs.assign_coords(r=runs.coords.get("r", summary.sweep.experiment.r))
             for _, runs in grid_cells(summary.dataset.sel(engine=LIMIT.label))]
    controls = {(float(cell["r"]), int(cell["m_V"])): cell for cell in cells if float(cell["tau_0"]) == _CONTROL}
    rows: list[Row] = []
    for cell in cells:
        control = controls[float(cell["r"]), int(cell["m_V"])]
        lacking, own = 1 - cell["h over limit"].values, 1 - control["h over limit"].values
        q = cell["q"].values
        row: Row = {"part": "deficit", "run": run, "against": LIMIT.label, "n": int(np.isfinite(lacking).sum()),
                    "r": float(cell["r"]), "m_W": summary.sweep.experiment.m_W, "m_V": int(cell["m_V"]),
                    "tau_0": float(cell["tau_0"])}
        row |= {**mean_columns("q", q), "0.55 q": 0.55 * mean_columns("q", q)["q"], **mean_columns("deficit", lacking)}
        if cell is not control:
            row |= mean_columns("deficit less the control's", list(lacking - own)) | _judged("deficit / q", (lacking - own) / q)
        rows.append(row)
    return rows


def _width_rows(summary: Summary, part: str, shown: Callable[[_Groups], NDArray[np.bool_]]) -> list[Row]:
    """One row a width: in how many seeds both schedules do what is asked, and each schedule's distance from the limit."""
    data, e = summary.dataset, summary.sweep.experiment
    (axis,) = (axis.name for axis in summary.sweep.axes() if axis.name in ("m_W", "m_V"))
    rows = []
    for width in data[axis].values:
        here = data.sel({axis: width})
        groups = {(str(s), str(engine)): here.sel(schedule=s, engine=engine)
                  for s in data["schedule"].values for engine in data["engine"].values}
        kept = done_seeds(*groups.values())
        groups = {key: runs.isel(seed=kept) for key, runs in groups.items()}
        widths = {"m_W": e.m_W, "m_V": e.m_V, axis: int(width)}
        row: Row = {"part": part, "run": "L-S and S", "against": LIMIT.label, "n": len(kept), **widths, "r": e.r,
                               "tau_0": e.tau_0_value}
        h = 4.0 * g_level(0.45, e.alpha_min, e.alpha_max)
        row["0.55 q"] = lazy_deficit(h, r=e.r, m_V=widths["m_V"], tau=e.tau_0_value)
        row["shown"] = count = int(shown(groups).sum())
        if kept:
            share = share_interval(count, len(kept))
            row |= {"share": share.value, "share low": share.low, "share high": share.high}
        for schedule in ("L-S", "S"):
            network, limit = groups[schedule, FINITE.label], groups[schedule, LIMIT.label]
            ratio = _over(network["tau_P"].isel(level=0).values, limit["tau_P"].isel(level=0).values)
            row |= mean_columns(f"{schedule}: tau_P / limit", ratio)
            row |= mean_columns(f"{schedule}: largest gap of P loss", list(limit["gap of P loss"].values), least=0.0)
            row |= mean_columns(f"{schedule}: Q loss at end - limit", _Q_loss(network) - _Q_loss(limit))
            row[f"{schedule}: order as in the limit"] = int(_orders_agree(groups, schedule).sum())
        rows.append(row)
    return rows


def _Q_loss(runs: xarray.Dataset) -> NDArray[np.float64]:
    values: NDArray[np.float64] = runs["loss_train"].sel(kind="Q-only").values
    return values


def _over(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return a / b


def _close(groups: _Groups) -> NDArray[np.bool_]:
    """Seeds on which P's loss and learning time are those of the limit, under both schedules."""
    close = []
    for schedule in ("L-S", "S"):
        network, limit = (groups[schedule, engine.label] for engine in BOTH)
        ratio = _over(network["tau_P"].isel(level=0).values, limit["tau_P"].isel(level=0).values)
        close.append((limit["gap of P loss"].values <= _CLOSE_LOSS) & (np.abs(ratio - 1) <= _CLOSE_TIME))
    return close[0] & close[1]


def _same_order(groups: _Groups) -> NDArray[np.bool_]:
    return _orders_agree(groups, "L-S") & _orders_agree(groups, "S")


def _orders_agree(groups: _Groups, schedule: str) -> NDArray[np.bool_]:
    network, limit = (groups[schedule, engine.label]["order"].isel(level=0).values for engine in BOTH)
    agree: NDArray[np.bool_] = network == limit
    return agree


# -- the rule ----------------------------------------------------------------------------------------------------------


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    findings = []
    for run in ("annealed", "small rate"):
        for name in _GAPS:
            rows = _slopes(table, run, LIMIT, name)
            findings.append(_judge(f"{run}: the gap of {name} falls like m^-1/2", rows, f"slope of {name}", _RATE, aim=-0.5))
        for other in _OTHER_LIMITS:
            rows = _slopes(table, run, other, "outputs")
            findings.append(_judge(f"{run}: the gap of outputs from the {other.label} stays", rows, "slope of outputs", _APART))
    cells = table[(table["part"] == "deficit") & (table["q"] >= _JUDGED_Q[0]) & (table["q"] < _JUDGED_Q[1])]
    for run, whose in (("noiseless", "patterns that only the signal moves"), ("moving", "patterns that the noise of S moves")):
        findings.append(_judge(f"{whose}: h falls short by 0.55 q", cells[cells["run"] == run], "deficit / q", _DEFICIT))
    enough = table[(table["part"] == "m_W") & (table["m_W"] == _ENOUGH_W)]
    findings.append(_judge_count(f"m_W = {_ENOUGH_W} is enough for the losses and learning time of P", enough))
    wide = table[(table["part"] == "order") & (table["0.55 q"] <= LAZY_DEFICIT_MAX)]
    if wide.empty:
        findings.append(Finding("the order is the limit's where 0.55 q <= 0.15", "undecided", "no such width"))
    for _, row in wide.iterrows():
        statement = f"at m_V = {row['m_V']:.0f}, where 0.55 q = {row['0.55 q']:.2f}, the order is the limit's"
        findings.append(_judge_count(statement, wide[wide["m_V"] == row["m_V"]]))
    return StudyVerdict.of(findings, 0.95)


def _slopes(table: pandas.DataFrame, run: str, against: Engine, name: str) -> pandas.DataFrame:
    """The row with a slope, and beside it by how much the law's curvature over the widths leaves it open."""
    rows = table[(table["run"] == run) & (table["against"] == against.label)]
    gaps, slope = (rows[rows["part"] == part] for part in ("gap", "slope"))
    bend = curvature_error(gaps["m_V"], gaps[f"gap of {name}"]) if len(gaps) > 1 else math.nan
    return slope.assign(**{f"slope of {name}: curvature": bend})


def _judge(statement: str, rows: pandas.DataFrame, column: str, between: tuple[float, float], *, aim: float = math.nan,
           ) -> Finding:  # fmt: skip
    """Whether the interval of a mean lies between two ends, and holds the aim, in every row, or outside of them in one."""
    if rows.empty:
        return Finding(statement, "undecided", "no such runs")
    outcomes: list[Judgement] = []
    reasons, numbers = [], []
    for _, row in rows.iterrows():
        mean, spread, seeds = (float(row[name]) for name in (column, f"{column}: spread", f"{column}: seeds"))
        bend = float(row.get(f"{column}: curvature", 0.0))
        if not math.isfinite(spread + bend) or seeds < row["n"]:
            outcomes.append("undecided")
            reasons.append(f"{mean:.3g} from {seeds:.0f} of {row['n']:.0f} seeds")
            continue
        half = half_width(spread, seeds, _LEVEL) + bend
        low, high = mean - half, mean + half
        inside, outside = between[0] < low and high < between[1], high < between[0] or low > between[1]
        inside = inside and not (aim < low or aim > high)
        outcomes.append("supported" if inside else "refuted" if outside else "undecided")
        told = f", {bend:.3f} of it to each side for the curvature" if bend else ""
        reasons.append(f"{mean:.3f} ({low:.3f} to {high:.3f}{told})")
        numbers.append((mean, low, high))
    verdict: Judgement = "refuted" if "refuted" in outcomes else "undecided" if "undecided" in outcomes else "supported"
    ends = f"above {between[0]:g}" if math.isinf(between[1]) else f"{between[0]:.4g} to {between[1]:.4g}"
    single = numbers[0] if len(numbers) == len(reasons) == 1 else ()
    return Finding(statement, verdict, f"{column} {', '.join(reasons)} at {_LEVEL:.2%}, aim {ends}", *single)


def _judge_count(statement: str, rows: pandas.DataFrame) -> Finding:
    return judge_first(statement, rows, "shown", "n", level=_LEVEL, what="seeds show it under both schedules")


STUDY: Final = register(Study(
    name="width",
    brief="width from which the limit describes a network",
    question="How wide must a network be before the limit describes it?",
    source="D, THEORY 2 and 7",
    statement="The limit describes the network at width m up to O(m^-1/2); the separation h falls short by 0.55 q, q < 0.3.",
    hypothesis="Gaps fall like m^-1/2, not from other limits; h lacks 0.55 q; m_W = 500 is enough; the order is the limit's.",
    statistic="Slope of log gap (RMS over seeds) against log width; h lacking over q, less a control's; counts of seeds.",
    rule="Twenty intervals at level 1 - 0.05/20: slopes, curvature in their error, in (-3/4, -3/8) and around -1/2, from other "
         "limits above -1/4; deficit / q in 0.55 +- 10 %; shares of seeds against 1/2.",
    limits="Paired neurons, split network, full batches; gaps at d = 20, deficit and order at d = 200; m up to 40 000.",
    seconds={"small": 20, "default": 400, "full": 2400},
    repeated_on=range(3000, 3068),
    plan=_plan, tabulate=_tabulate, decide=_decide, figure=plot,
    paired_metrics={"gap of outputs": _outputs_gap, "gap of losses": _losses_gap, "gap of times": _times_gap,
                    "h over limit": _h_ratio, "q": _q, "gap of P loss": _P_loss_gap},
    power=(PartPower("rate: outputs", why="a slope, reckoned after the runs: 0.98 annealed, 0.32 at the small rate, at -1/2"),
           PartPower("rate: losses, times", why="slopes, reckoned after the runs: below 0.01 with the curvature found"),
           PartPower("rate: from other limits", why="slopes, reckoned after the runs: above 0.99 at 0"),
           PartPower("deficit", why="means, reckoned after the runs: above 0.99 without noise; too wide under S's"),
           *(PartPower(part, 10, _LEVEL, "the first edition's size; 17 reach 0.9") for part in ("m_W", "order, each width"))),
))
