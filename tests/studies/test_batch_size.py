"""The study batch-size: made-up runs through the code that makes its table, and the noise scales of its batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from tests.studies.made_up import require_each_way, shown_on, summaries_of
from theory_sim.studies.batch_size.study import STUDY
from theory_sim.sweeps.sweep_run import SweepRun

SHARES = {"orders": 2, "small batch": 3, "rate alone": 4, "stops": 5}


def _table(part: str = "", count: int = 15, collapse: float = 1.2, by_g: float = 8.0, spread: float = 0.1) -> Any:
    """Shares by counts of 15; the two means by their ratios; from tau_0 = 3, not judged, all is the other way round."""
    shown = shown_on(part, count)

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e = run.experiment
        k, (rate, g) = e.seed - 460, (float(name.split("-")[1]), int(name.split("-")[3]))
        first = {(48.0, 0): shown("rate alone", k), (4.0, 3200): shown("small batch", k), (48.0, 800): shown("stops", k),
                 (16.0, 800): not shown("orders", k)}.get((rate, g), False)
        error = 0.01 * (1.0 if g == 0 else by_g if g == 800 else 2.0) * math.exp(spread if (k + int(rate) + g) % 3 else -spread)
        if (rate, g) == (4.0, 800):
            error /= collapse
        if e.tau_0_value == 3.0:
            first, error = not first, 1e-4
        # order at 0.50 is the second level
        order = ["Q first", "P first" if first else "Q first", "P first"]
        return {"P_error": error, "order": order, "tau_P": [1.0] * 3, "tau_Q": [2.0] * 3}

    return STUDY.tabulate(summaries_of(STUDY, outcome))


@pytest.mark.alternating
@pytest.mark.parametrize("part", SHARES)
def test_each_share_can_come_out_each_way(part: str) -> None:
    require_each_way(STUDY, _table, part, SHARES[part], 15)


@pytest.mark.parametrize(("changes", "place", "verdict"), [
    ({"collapse": 3.0}, 0, "refuted"), ({"collapse": 1 / 3.0}, 0, "refuted"), ({"collapse": 1.5}, 0, "undecided"),
    ({"by_g": 1.0}, 1, "refuted"), ({"by_g": 2.0}, 1, "undecided"), ({"collapse": 1.0}, 0, "supported"),
])
def test_each_mean_can_come_out_each_way(changes: Mapping[str, float], place: int, verdict: str) -> None:
    assert STUDY.decide(_table(**changes)).findings[place].verdict == verdict  # type: ignore[arg-type]


def test_batches_have_the_noise_scale_that_is_aimed_at() -> None:
    table = _table()
    assert len(table) == 2 * 11
    aimed, exact = table["g"].to_numpy(dtype=float), table["exact g"].to_numpy(dtype=float)
    assert (abs(exact - aimed) <= 0.02 * aimed).all(), "eta (N/B - 1) of THEORY §12"
    (ax,) = STUDY.plot(table).axes
    lazy = table[(table["tau_0"] == 10) & (table["eta"] == 16)].sort_values("g")
    drawn = {each.get_label(): each.lines[0] for each in ax.containers}["rate 16"]
    assert drawn.get_xdata().tolist() == [50.0, 100.0, 800.0, 3200.0], "full batches stand at half the least g"
    assert drawn.get_ydata().tolist() == pytest.approx(lazy["P error"].tolist())
