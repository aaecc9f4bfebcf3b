"""Other settings of the data for the arms of each study, by the closure or the mean field: the page robustness-by-study.md.

``python -m tests.studies.robustness_by_study`` computes robustness-by-study.csv beside that page, some minutes of one
processor, and the page's tables; ``... page`` only the tables, ``... losses`` one study anew.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.result_table import read_table, write_table
from theory_sim.engines import simulate
from theory_sim.engines.registry import ENGINES
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.observe.learning_order import learning_order
from theory_sim.studies.registry import get_study

__all__ = ["LARGER", "LEVELS_READ", "NOT_COMPUTED", "PAGE", "PAPER", "SAME_ARMS", "SETTINGS", "TABLE", "Row", "arms", "changed",
           "engine_of", "first_d", "load", "others_first", "page_tables", "row_of", "summary"]

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "robustness-by-study.md"
TABLE = PAGE.with_suffix(".csv")
OWN, PAPER = "as in the study", "alpha on [0, 1]"
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    OWN: {}, PAPER: {"alpha_min": 0.0}, "kappa = 0.4": {"kappa": 0.4}, "kappa = 0.6": {"kappa": 0.6}, "q_0 = 0.3": {"q0": 0.3},
    "q_0 = 0.7": {"q0": 0.7},
}
LEVELS_READ: Final[Mapping[str, float]] = {
    "annealing-time": 0.45, "architecture": 0.45, "batch-size": 0.5, "essential-noise": 0.45, "kernel-change": 0.45,
    "kernel-freezing": 0.5, "label-noise": 0.5, "losses": 0.55, "mitigation-over-time": 0.45, "optimisers": 0.5,
    "optimisers-batches": 0.5, "optimisers-over-time": 0.5, "rates": 0.5, "regularisation": 0.45, "schedules": 0.5,
}
"""The level at which each study reads that a kind is learnt; others have no order in their table, or arms of one of these."""
SAME_ARMS: Final[Mapping[str, str]] = {
    "mitigation": "mitigation-over-time", "noise-placement": "mitigation-over-time",
    "placement-over-time": "mitigation-over-time", "regularisation-over-time": "regularisation",
}
"""Studies whose arms, as far as they can be computed, are those of another, which runs as long or longer."""
LARGER: Final = tuple(10 ** (k / 4) for k in range(1, 9))
"""Factors of a study's d at which alpha on [0, 1] is followed, along r ~ d^-0.45 and lambda ~ d^-1.2."""
_STABLE: Final = 34.0
"""Largest stable rate of these data: an average over blocks of time says nothing of what overshoots."""
_LEFT_OUT: Final = ("narrow", "split-finite", "-long", "-large-d")
"""Sweeps that repeat others in the limit, or are of another length or d."""


@dataclass(frozen=True)
class Row:
    """An arm of a study in one setting: learning times at the study's level, infinity for not by the end."""

    study: str
    arm: str
    setting: str
    d: int
    engine: str
    tau_P: float
    tau_Q: float

    @property
    def first(self) -> str:
        """The kind that is learnt first, or neither."""
        return "-" if math.isinf(min(self.tau_P, self.tau_Q)) else "P" if self.tau_P < self.tau_Q else "Q"

    @property
    def cell(self) -> str:
        """Both kinds as they are learnt; a dash in place of a kind that is not by the end."""
        if self.first == "-":
            return "– –"
        return self.first + (" –" if math.isinf(max(self.tau_P, self.tau_Q)) else " Q" if self.first == "P" else " P")


def arms(study: str) -> dict[str, Experiment]:
    """Every experiment of a study that the closure or the mean field computes, one of each that differ for them."""
    found: dict[str, Experiment] = {}
    for name, sweep in get_study(study).plan("default").items():
        if any(name.endswith(each) for each in _LEFT_OUT):
            continue
        for run in sweep:
            e = _averaged(run.experiment)
            if run.experiment.seed == sweep.seeds[0] and engine_of(e) and e not in found.values() and _stable(e):
                label = _label(study, name, e)
                found[label if label not in found else f"{label}, level {e.tau_0_value:.0f}"] = e
    return found


def _averaged(e: Experiment) -> Experiment:
    """Without what means over data sets do not read, and with kappa in place of N, of which it is another name."""
    if e.kappa is None:
        e = e.replace(kappa=math.sqrt(e.d / e.N), N=None)
    level = e.tau_0_value if e.tau_xi > 0 else 1.0  # patterns that stay do not depend on it
    return e.replace(observe={}, seed=0, name="run", n_test=1, m_W=100, m_V=100, dtype="float64", tau_0=level)


def engine_of(e: Experiment) -> str:
    """The closure, or the mean field where only it knows the loss; empty if neither computes the experiment."""
    for name in ("closure", "mean-field"):
        solver = ENGINES[name]
        if solver.unsupported(e, {option.name: option.default for option in solver.options}) is None:
            return name
    return ""


def _stable(e: Experiment) -> bool:
    rates = [rate for _, rate in e.pieces] if e.schedule == "pieces" else [e.eta_2 if e.schedule == "S" else e.eta_1]
    return max(rates) < _STABLE


def _label(study: str, sweep: str, e: Experiment) -> str:
    """What tells an arm from the study's others."""
    if study == "schedules":
        return sweep
    said = "" if sweep in ("baseline", "patterns", "tau", "threshold", "lambda", "unannealed") else sweep.replace("-", " ")
    if study in ("kernel-freezing", "rates", "batch-size"):  # their sweeps are their arms
        return said
    schedule = {"constant": "constant large rate"}.get(e.schedule, e.schedule)
    if e.schedule == "pieces":
        schedule = f"annealed at {e.pieces[0][0]:g}"
    if study == "kernel-change":
        said = e.patterns.replace("-", " ")
    if study == "regularisation":
        said = f"λ = {e.lambda_:g}"
    if study == "annealing-time" and e.schedule == "L-S":
        said = f"η₂ = {e.eta_2:g}"
    return f"{said}: {schedule}" if said else schedule


def changed(e: Experiment, setting: str, larger: float = 1.0) -> Experiment:
    """An arm in a setting, at so many times its d; L-S anneals at the same loss of examples with P for every q_0.

    All times grow like d, and the noise keeps its level, and its motion a time constant of the decay.
    """
    d = round(e.d * larger)
    share = d / e.d
    new = e.replace(
        d=d, r=float(f"{e.r * share**-0.45:.6g}"), lambda_=float(f"{e.lambda_ * share**-1.2:.6g}"),
        tau_xi=float(f"{e.tau_xi * share**-0.6:.6g}"), max_tau=e.max_tau * share, record_every=e.max_tau * share / 120,
        pieces=tuple((until * share, rate) for until, rate in e.pieces or ()) or None, **SETTINGS[setting])
    return new.replace(epsilon_1=round(e.epsilon_1 * (1 - new.q0) / (1 - e.q0), 6))


def row_of(study: str, arm: str, setting: str, larger: float = 1.0) -> Row:
    """One run."""
    e = changed(arms(study)[arm], setting, larger)
    engine = engine_of(e)
    order = learning_order(simulate(e, engine), level=LEVELS_READ[study])
    return Row(study, arm, setting, e.d, engine, order.tau_P, order.tau_Q)


def _row_or_none(study: str, arm: str, setting: str, larger: float) -> Row | None:
    """None where the run has more blocks of time than the closure takes: at a rate that changes with each step."""
    try:
        return row_of(study, arm, setting, larger)
    except InputError as error:
        if "blocks by tau" not in error.found:
            raise
        return None


def rows(study: str) -> Iterator[Row]:
    """Every arm in every setting, and with alpha on [0, 1] at larger d until each learns first what it does in the study."""
    names = list(arms(study))
    own = {}
    for setting in SETTINGS:
        found = [row_of(study, arm, setting) for arm in names]
        own = own or {row.arm: row.first for row in found}
        yield from found
        for larger in LARGER if setting == PAPER else ():
            if all(row.first == own[row.arm] for row in found if own[row.arm] != "-"):
                break
            found = [row for arm in names if (row := _row_or_none(study, arm, setting, larger)) is not None]
            yield from found


def load() -> list[Row]:
    """The stored rows."""
    return [Row(c["study"], c["arm"], c["setting"], int(c["d"]), c["engine"], float(c["tau_P"]), float(c["tau_Q"]))
            for c in read_table(TABLE)]


def page_tables(found: list[Row]) -> dict[str, str]:
    """The page's table of each study: a row an arm, a column a setting; bold where another kind is first than in the study."""
    tables = {}
    for study in LEVELS_READ:
        mine = [row for row in found if row.study == study]
        d = mine[0].d
        largest = max(row.d for row in mine)
        columns = [(setting, d) for setting in SETTINGS] + ([(PAPER, largest)] if largest > d else [])
        at = {(row.arm, row.setting, row.d): row for row in mine}
        heads = [_written(setting) + (f", d = {size}" if size > d else "") for setting, size in columns]
        lines = [f"| arm | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for arm in dict.fromkeys(row.arm for row in mine):
            cells = [at.get((arm, *column)) for column in columns]
            own = at[arm, OWN, d].first
            shown = ["not computed" if row is None else row.cell if row.first == own else f"**{row.cell}**" for row in cells]
            lines.append(f"| {arm} | {' | '.join(shown)} |")
        tables[study] = "\n".join(lines)
    return tables


NOT_COMPUTED: Final[Mapping[str, str]] = {
    "annealing-time": "levels and speeds of patterns: no neurons",
    "architecture": "shared filters, both layers trained, finite width: the means are of the split, wide network",
    "batch-size": "every batch: no mini-batch noise; rate 48: beyond the largest stable rate",
    "essential-noise": "per step, per τ: placed noise; batches: no mini-batch noise",
    "kernel-change": "nothing", "kernel-freezing": "nothing",
    "label-noise": "every wrong label: the means are of right ones",
    "losses": "exponential and hinge: means of the logistic and the squared loss alone; gradients on examples: no examples",
    "mitigation-over-time": "every arm with placed noise: no noise but ξ",
    "optimisers": "momentum and adaptive rules: gradient descent alone",
    "optimisers-batches": "every batch: no mini-batch noise; momentum and adaptive rules: gradient descent alone",
    "optimisers-over-time": "momentum and adaptive rules: gradient descent alone",
    "rates": "48 and 96: beyond the largest stable rate",
    "regularisation": "noise that is annealed by itself: placed noise",
    "schedules": "at larger d, rates that change with each step: too many blocks of time",
}
"""What of each study the closure and the mean field do not compute, and why."""


def first_d(found: list[Row], study: str) -> int | None:
    """The d from which on, with alpha on [0, 1], each arm that learns anything in the study learns the same kind first."""
    mine = [row for row in found if row.study == study]
    own = {row.arm: row.first for row in mine if row.setting == OWN}
    for d in sorted({row.d for row in mine}):
        if all(row.first == own[row.arm] for row in mine if (row.setting, row.d) == (PAPER, d) and own[row.arm] != "-"):
            return d
    return None


def summary(found: list[Row]) -> str:
    """The page's first table, without its head."""
    lines = []
    for study, level in LEVELS_READ.items():
        mine = [row for row in found if row.study == study]
        number, d = len({row.arm for row in mine}), first_d(found, study)
        when = f"d = {d}" if d else f"none to d = {max(row.d for row in mine)}"
        also = "".join(f", {other}" for other, same in SAME_ARMS.items() if same == study)
        lines.append(f"| [{study}](#{study}){also} | {number} | {level:.2f} | {when} | {NOT_COMPUTED[study]} |")
    return "\n".join(lines)


def others_first(found: list[Row], setting: str) -> tuple[int, int]:
    """Arms that, at the study's own d, learn another kind first in a setting; of how many that learn anything in their own."""
    own = {(row.study, row.arm): row for row in found if row.setting == OWN and row.first != "-"}
    there = {(row.study, row.arm, row.d): row.first for row in found if row.setting == setting}
    return sum(there[*key, row.d] != row.first for key, row in own.items()), len(own)


def _written(setting: str) -> str:
    return setting.replace("alpha", "α").replace("kappa", "κ").replace("q_0", "q₀").replace("as in the study", "own")


def write_page(found: list[Row]) -> None:
    """Put the tables into the page, each between the heading of its study and the next empty line after a table."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("| [annealing-time]")
    text = text[:start] + summary(found) + text[text.index("\n\n", start):]
    for study, table in page_tables(found).items():
        start = text.index("| arm |", text.index(f"## {study}\n"))
        text = text[:start] + table + text[text.index("\n\n", start):]
    PAGE.write_text(text, encoding="utf-8")


def main(studies: Sequence[str]) -> None:
    """Compute these studies, all where none is named; ``page`` computes none."""
    found = {study: [row for row in load() if row.study == study] for study in LEVELS_READ} if studies else {}
    for study in LEVELS_READ if not studies else [study for study in studies if study != "page"]:
        found[study] = []
        for row in rows(study):
            print(row, row.cell, flush=True)
            found[study].append(row)
    write_table([row for study in LEVELS_READ for row in found[study]], Row, TABLE)
    write_page(load())


if __name__ == "__main__":
    main(sys.argv[1:])
