"""Phase diagrams: cells, boundaries and counts against what they stand for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofs_check.suggestion.moves import moves
from theory_sim import Experiment
from theory_sim.engines import Engine
from theory_sim.errors import InputError
from theory_sim.regimes import get_conditions, regime, verdict_requirements
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.phase import phase_diagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import cell_edges
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.theory import conditions
from theory_sim.theory.learning_times import tau_Q
from theory_sim.theory.separation import pattern_motion

BASE = Experiment(max_tau=1500.0, eta_2=0.1)
RADII, DECAYS = [0.1, 0.2, 0.4, 0.8], [1e-5, 1e-4, 1e-3]


# Each stands on runs or closures that take long together.
pytestmark = pytest.mark.tier2
FINE = 13  # points of a boundary's grid a side; 61 show nothing more of what is asked here


@pytest.fixture(autouse=True, scope="module")
def coarse() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("theory_sim.sweeps.phase_boundaries._FINE", FINE)
        yield


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    sweep = Sweep("p", BASE, (Product({"r": RADII, "lambda": DECAYS}),), ("L-S", "S"), (0, 1), (Engine("closure"),))
    store = SweepStore.create(tmp_path_factory.mktemp("phase") / "p", sweep)
    assert run_sweep(store, workers=0).failed == 0
    return collect(store)


def test_cells_hold_the_commonest_phase(summary: Summary) -> None:
    diagram = phase_diagram(summary, "r", "lambda")
    assert (diagram.x.tolist(), diagram.y.tolist(), diagram.values.shape) == (RADII, DECAYS, (3, 4))
    of_pair = {("P first", "Q first"): 0, ("Q first", "Q first"): 1, ("P first", "P first"): 2}
    for (i, decay), (j, radius) in itertools.product(enumerate(DECAYS), enumerate(RADII)):
        at = summary.dataset["order"].sel(r=radius, level=0.45, seed=0).sel({"lambda": decay}).isel(engine=0)
        pair = tuple(str(at.sel(schedule=schedule).values) for schedule in ("L-S", "S"))
        assert diagram.values[i, j] == of_pair.get(pair, len(PHASES) - 1)
    assert len(set(diagram.values.ravel())) >= 3 and diagram.unanimous.all()
    turned = phase_diagram(summary, "lambda", "r")
    np.testing.assert_array_equal(turned.values, diagram.values.T)


def test_disagreeing_seeds_are_marked(summary: Summary) -> None:
    changed = summary.dataset.copy(deep=True)
    changed["order"].loc[{"r": 0.2, "lambda": 1e-4, "schedule": "S", "seed": 1}] = "tie"
    diagram = phase_diagram(Summary(changed, summary.sweep), "r", "lambda")
    assert np.argwhere(~diagram.unanimous).tolist() == [[1, 1]]
    changed["order"].loc[{"r": 0.2, "lambda": 1e-4}] = ""  # not run
    assert math.isnan(phase_diagram(Summary(changed, summary.sweep), "r", "lambda").values[1, 1])


def test_boundaries_are_where_the_conditions_turn(summary: Summary) -> None:
    diagram = phase_diagram(summary, "r", "lambda")
    found = {boundary.id: boundary for boundary in diagram.boundaries}
    moving = found["L-S-moves"]
    for i, j in ((0, 0), (6, 4), (FINE - 1, FINE - 1)):
        radius, decay = float(moving.x[j]), float(moving.y[i])
        e = BASE.replace(r=radius, **{"lambda": decay})
        motion = pattern_motion(e.eta_1, e.tau_xi, e.tau_0_value, radius, tau_Q(0.45, r=radius, p0=e.p0_value,
                                alpha_min=e.alpha_min, alpha_max=e.alpha_max))  # fmt: skip
        assert moving.margin[i, j] == pytest.approx(math.log(motion), rel=1e-9, abs=1e-9)
        assert found["S-is-frozen"].margin[i, j] == pytest.approx(math.log(0.03 / motion * e.eta_1 / e.eta_2), rel=1e-6)
    # rd does not depend on lambda; it turns where S learns both at once by the closed forms.
    wide = found["S-learns-Q-first"].margin
    assert np.ptp(wide, axis=0).max() < 1e-12 and (np.diff(wide[0]) > 0).all()
    assert moving.x[0] < RADII[0] and moving.x[-1] > RADII[-1]  # to the cells' borders


def test_agreements_count_cells(summary: Summary) -> None:
    diagram = phase_diagram(summary, "r", "lambda")
    counted = {(each.predictor, each.statement): each for each in diagram.agreements}
    both = simulated_only = predicted_only = 0
    for decay, radius in itertools.product(DECAYS, RADII):
        e = BASE.replace(r=radius, **{"lambda": decay})
        held = next(c.holds for c in get_conditions(e) if c.id == "L-S-moves")
        at = summary.dataset["order"].sel(r=radius, level=0.45, seed=0, schedule="L-S").sel({"lambda": decay})
        seen = str(at.values[0]) == "P first"
        both += held and seen
        simulated_only += seen and not held
        predicted_only += held and not seen
    each = counted["Y(eta_1) >= 1", "L-S learns P first"]
    assert (each.both, each.simulated_only, each.predicted_only, each.cells) == (both, simulated_only, predicted_only, 12)
    # These runs are the closure's: it agrees with itself wherever it predicts an order.
    closure = counted["closure", "both"]
    predicts = [bool(regime(BASE.replace(r=x, **{"lambda": y})).predicted_order) for y in DECAYS for x in RADII]
    assert closure.agree == closure.cells == sum(predicts)


def test_rewording_the_conditions_changes_no_number(summary: Summary, monkeypatch: pytest.MonkeyPatch) -> None:
    def numbers() -> tuple[Any, ...]:
        diagram = phase_diagram(summary, "r", "lambda")
        points = [regime(BASE.replace(r=x, **{"lambda": y}), infinite_width=limit)
                  for x, y, limit in itertools.product(RADII, DECAYS, (True, False))]
        return (diagram.agreements, [boundary.margin.tolist() for boundary in diagram.boundaries],
                [(p.rd_needed, p.lazy_deficit, len(p.conditions), len(p.warnings), len(p.notes), p.holds) for p in points],
                [each.slack for each in verdict_requirements(BASE)], [moves(BASE.replace(r=0.05), "S-learns-Q-first")])

    before, row = numbers(), conditions._row
    monkeypatch.setattr(conditions, "_row", lambda id, label, *rest, **more: row(id, f"anew: {label[::-1]}", *rest, **more))
    assert all(each.label.startswith("anew") for each in get_conditions(BASE))
    assert numbers() == before


def test_ratios_of_fields_and_other_quantities(tmp_path: Path) -> None:
    sweep = Sweep("q", BASE.replace(max_tau=400.0), (Product({"eta_2": [0.1, 1.6, 0.4], "lambda": DECAYS, "g0": [1.0, 2.0]}),),
                  ("L-S", "S"), (0,), (Engine("closure"),))  # fmt: skip
    store = SweepStore.create(tmp_path / "q", sweep)
    run_sweep(store, workers=0)
    found = collect(store)
    with pytest.raises(InputError, match="2 labels of g0"):
        phase_diagram(found, "eta_2/eta_1", "lambda")
    ratio = phase_diagram(found, "eta_2/eta_1", "lambda", "error_ratio", select={"g0": 2.0})
    assert ratio.x.tolist() == [0.1 / 16, 0.4 / 16, 1.6 / 16] and ratio.agreements == ()
    at = found.dataset["P_error"].sel(g0=2.0, eta_2=0.4).sel({"lambda": 1e-4})
    by_hand = float(at.sel(schedule="S").values[0, 0] / at.sel(schedule="L-S").values[0, 0])
    assert ratio.values[1, 1] == pytest.approx(by_hand, rel=1e-12)
    turned = phase_diagram(found, "eta_1/eta_2", "lambda", "error_ratio", select={"g0": 2.0})
    assert turned.x.tolist() == [10.0, 40.0, 160.0]
    np.testing.assert_array_equal(turned.values, ratio.values[:, ::-1])
    # Y(eta_1) does not know eta_2; Y(eta_2) grows with it.
    margins = {boundary.id: boundary.margin for boundary in ratio.boundaries}
    assert np.ptp(margins["L-S-moves"], axis=1).max() < 1e-9 and (np.diff(margins["S-is-frozen"], axis=1) < 0).all()
    h = phase_diagram(found, "eta_2", "lambda", "h_at_tau_P", select={"g0": 1.0, "schedule": "L-S"})
    assert h.values[0, 0] == float(found.dataset["h_at_tau_P"].sel(g0=1.0, eta_2=0.1, schedule="L-S").values[0, 0, 0])


@pytest.mark.parametrize(
    ("x", "y", "quantity", "said"),
    [
        ("r", "r", "order", "two parameters"), ("d", "r", "order", "a product varies: r, lambda"),
        ("radius", "r", "order", "a varied field"), ("r/lambda", "lambda", "order", "one field"),
        ("r", "lambda", "size", "error_ratio"), ("r", "lambda", "h", "2 labels of schedule"),
    ],
)  # fmt: skip
def test_bad_diagrams_are_refused(x: str, y: str, quantity: str, said: str, summary: Summary) -> None:
    with pytest.raises(InputError, match=said):
        phase_diagram(summary, x, y, quantity)


def test_one_schedule_has_no_phases(tmp_path: Path) -> None:
    sweep = Sweep("one", BASE.replace(max_tau=50.0), (Product({"r": [0.1, 0.2], "lambda": [1e-4]}),), ("S",), (),
                  (Engine("closure"),))  # fmt: skip
    store = SweepStore.create(tmp_path / "one", sweep)
    run_sweep(store, workers=0)
    with pytest.raises(InputError, match="both schedules"):
        phase_diagram(collect(store), "r", "lambda")


def test_two_values_a_factor_of_ten_apart_are_even_on_a_logarithmic_scale() -> None:
    edges = cell_edges(np.array([1e-4, 1e-3]))
    assert edges[0] > 0 and edges == pytest.approx([10**-4.5, 10**-3.5, 10**-2.5])


def test_a_cell_of_disagreeing_seeds_has_the_phase_of_most(summary: Summary) -> None:
    changed = summary.dataset.isel(seed=[0, 0, 0]).assign_coords(seed=[0, 1, 2]).copy(deep=True)
    before = phase_diagram(summary, "r", "lambda").values
    changed["order"].loc[{"r": 0.2, "lambda": 1e-4, "schedule": "S", "seed": 2}] = "tie"
    diagram = phase_diagram(Summary(changed, summary.sweep), "r", "lambda")
    np.testing.assert_array_equal(diagram.values, before)
    assert np.argwhere(~diagram.unanimous).tolist() == [[1, 1]]
