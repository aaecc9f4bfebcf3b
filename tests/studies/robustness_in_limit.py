"""Arms that no mean computes, in other settings, by the limit on three data sets: for the page robustness-by-study.md.

``python -m tests.studies.robustness_in_limit`` computes all of them into robustness-in-limit.csv and writes the page's table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.result_table import read_table, write_table
from tests.studies.robustness_by_study import LEVELS_READ, SETTINGS, _written, changed, engine_of
from theory_sim import learning_order, simulate
from theory_sim.experiment import Experiment
from theory_sim.studies.registry import get_study

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "robustness-by-study.md"
TABLE: Final = PAGE.with_name("robustness-in-limit.csv")
SETS: Final = 3
STUDIES: Final[Mapping[str, tuple[str, ...]]] = {
    "batch-size": ("rate-4-g-800", "rate-4-g-3200", "rate-16-g-800", "rate-16-g-3200"), "label-noise": (), "losses": (),
    "optimisers": ("heavy-ball", "nesterov"), "mitigation-over-time": (), "regularisation": ("noise-annealed",),
}
"""Sweeps whose arms are computed; of a study that names none, all."""


@dataclass(frozen=True)
class Row:
    """One run: learning times at the study's level, infinity for not by the end."""

    study: str
    arm: str
    setting: str
    seed: int
    tau_P: float
    tau_Q: float

    @property
    def cell(self) -> str:
        """Both kinds as they are learnt; a dash in place of one that is not by the end; "none" of a run that has no order."""
        if math.isnan(self.tau_P):
            return "none"
        if math.isinf(min(self.tau_P, self.tau_Q)):
            return "– –"
        first, other = ("P", "Q") if self.tau_P < self.tau_Q else ("Q", "P")
        return f"{first} {'–' if math.isinf(max(self.tau_P, self.tau_Q)) else other}"


def arms(study: str) -> dict[str, Experiment]:
    """Experiments of a study at its first seeds that the limit takes and no mean does, one of each that differ there."""
    found: dict[str, Experiment] = {}
    for name, sweep in get_study(study).plan("default").items():
        if STUDIES[study] and name not in STUDIES[study]:
            continue
        for run in sweep:
            e = run.experiment
            if run.experiment.seed != sweep.seeds[0] or (study == "batch-size" and e.tau_0_value != 10.0):
                continue
            e = e.replace(observe={}, seed=0, name="run", n_test=1, m_W=100, m_V=100, dtype="float64", tau_0=e.tau_0_value,
                          kappa=e.kappa if e.kappa is not None else math.sqrt(e.d / e.N), N=None)
            schedule = {"constant": "constant large rate"}.get(e.schedule, e.schedule)
            if e.pieces is not None and e.schedule == "pieces":
                schedule = f"annealed at {e.pieces[0][0]:g}"
            label = name.replace("-", " ") + ("" if study == "batch-size" else f": {schedule}")
            if not engine_of(e) and e not in found.values() and _taken(e):
                found[label] = e
    return found


def _taken(e: Experiment) -> bool:
    from theory_sim.engines import ENGINES

    solver = ENGINES["limit"]
    return solver.unsupported(e, {option.name: option.default for option in solver.options}) is None


def rows(study: str, seeds: range = range(SETS)) -> Iterator[Row]:
    """Every arm in every setting, on the data sets 5000 and up, which no study uses."""
    for arm, e in arms(study).items():
        for setting in SETTINGS:
            for k in seeds:
                yield row_of(study, arm, e, setting, 5000 + k)


def row_of(study: str, arm: str, e: Experiment, setting: str, seed: int) -> Row:
    """One run."""
    new = changed(e, setting).replace(seed=seed, record_every=e.record_every)
    order = learning_order(simulate(new, "limit"), level=LEVELS_READ[study])
    return Row(study, arm, setting, seed, round(order.tau_P, 3), round(order.tau_Q, 3))


def load() -> list[Row]:
    """The stored runs."""
    return [Row(c["study"], c["arm"], c["setting"], int(c["seed"]), float(c["tau_P"]), float(c["tau_Q"]))
            for c in read_table(TABLE)]


def shown(found: list[Row]) -> str:
    """What three data sets show: one cell where they agree, else each with its number, the most frequent first."""
    cells = [row.cell for row in found]
    counts = sorted({cell: cells.count(cell) for cell in cells}.items(), key=lambda item: (-item[1], item[0]))
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{cell} ({count})" for cell, count in counts)


def page_table(found: list[Row]) -> str:
    """A row an arm, a column a setting."""
    lines = [f"| study, arm | {' | '.join(_written(setting) for setting in SETTINGS)} |", "|---" * (len(SETTINGS) + 1) + "|"]
    for study, arm in dict.fromkeys((row.study, row.arm) for row in found):
        mine = [row for row in found if (row.study, row.arm) == (study, arm)]
        cells = [shown([row for row in mine if row.setting == setting]) for setting in SETTINGS]
        lines.append(f"| {study}, {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    found: list[Row] = []
    for study in STUDIES:
        for row in rows(study):
            print(row, row.cell, flush=True)
            found.append(row)
        write_table(found, Row, TABLE)
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("| study, arm |")
    PAGE.write_text(text[:start] + page_table(found) + text[text.index("\n\n", start):], encoding="utf-8")


if __name__ == "__main__":
    main()
