"""The paper's setting beside that of the studies, by the closure: runs for the page robustness.md.

``python -m tests.studies.robustness`` computes robustness.csv beside that page, a minute of one processor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.result_table import write_table
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.observe.equal_loss import error_at_loss
from theory_sim.observe.learning_order import learning_order

TABLE = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "robustness.csv"
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as in the studies": {}, "alpha on [0, 1]": {"alpha_min": 0.0}, "kappa = 0.4": {"kappa": 0.4},
    "kappa = 0.6": {"kappa": 0.6}, "q_0 = 0.3": {"q0": 0.3}, "q_0 = 0.7": {"q0": 0.7},
    "alpha on [0, 1], q_0 = 0.3": {"alpha_min": 0.0, "q0": 0.3}, "alpha on [0, 1], small rate 0.0016": {
        "alpha_min": 0.0, "eta_2": 0.0016},
}
"""Changes of the default preset, which is that of most studies but for its level of noise and widths."""
D, LARGER = 200, tuple(round(200 * 10 ** (k / 4)) for k in range(1, 9))
"""The studies' d; d at which a setting without a flip is followed, along r ~ d^-0.45 and lambda ~ d^-1.2."""
LOSS = 0.4


@dataclass(frozen=True)
class Row:
    """Both schedules of one setting at one d: learning times at level 0.45, infinity for not by the end, and ratios of errors.

    The ratios, S's error on P over L-S's, are at tau = 6 d, 9 d and 12 d, the end, and at a training loss of 0.4.
    """

    setting: str
    d: int
    large_tau_P: float
    large_tau_Q: float
    small_tau_P: float
    small_tau_Q: float
    ratio_half: float
    ratio_later: float
    ratio_end: float
    ratio_equal_loss: float

    @property
    def flips(self) -> bool:
        """Whether L-S learns P first and S Q first."""
        return self.large_tau_P < self.large_tau_Q and self.small_tau_Q < self.small_tau_P


def experiment(setting: str, d: int = D) -> Experiment:
    """The default preset in a setting; L-S anneals at the same loss of examples with P for every q_0."""
    base, share = Experiment(), d / D
    e = base.replace(d=d, r=float(f"{base.r * share**-0.45:.6g}"), lambda_=float(f"{base.lambda_ * share**-1.2:.6g}"),
                     max_tau=12.0 * d, record_every=0.1 * d, n_test=1, **SETTINGS[setting])
    return e.replace(epsilon_1=round(base.epsilon_1 * (1 - e.q0) / (1 - base.q0), 6))


def row_of(setting: str, d: int = D) -> Row:
    """Both schedules by the closure."""
    e = experiment(setting, d)
    large, small = (simulate(e.replace(schedule=schedule), "closure") for schedule in ("L-S", "S"))
    orders = [learning_order(run) for run in (large, small)]

    def error(run: Any, share: float) -> float:
        tau = run.history("tau")
        return float(run.history("P_error")[(tau <= share * e.max_tau * (1 + 1e-9)).nonzero()[0][-1]])

    ratios = [error(small, share) / error(large, share) for share in (0.5, 0.75, 1.0)]
    return Row(setting, d, *(time for order in orders for time in (order.tau_P, order.tau_Q)), *ratios,
               error_at_loss(small, LOSS) / error_at_loss(large, LOSS))


def rows() -> Iterator[Row]:
    """Every setting at the studies' d, and without a flip there at larger ones until there is one."""
    for setting in SETTINGS:
        found = row_of(setting)
        yield found
        for d in LARGER:
            if found.flips:
                break
            found = row_of(setting, d)
            yield found


def read(cells: Mapping[str, str]) -> Row:
    """A row of the stored table."""
    return Row(cells["setting"], int(cells["d"]), *(float(cells[name]) for name in list(cells)[2:]))


def main() -> None:
    found = []
    for row in rows():
        print(row, row.flips, flush=True)
        found.append(row)
    assert all(math.isfinite(row.ratio_end) for row in found)
    write_table(found, Row, TABLE)


if __name__ == "__main__":
    main()
