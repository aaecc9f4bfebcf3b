"""The bias b: what all outputs on P patches have in common, where Q does not balance the labels (THEORY §16).

Q's patches are small and the two classes far apart in size, so that label -1 is learnt first. The mean of y times the margins
of the P-only examples is then not 0: it is b, less what their own memories take back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, draw_data, simulate
from theory_sim.closure.mean_field import law
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.data.examples import P_ONLY

UNBALANCED = Experiment(
    d=100, kappa=0.7, p0=0.3, q0=0.0, r=5.0, alpha_min=0.1, alpha_max=0.101, patterns="frozen", schedule="constant", eta_1=8.0,
    lambda_=1e-3, max_tau=800.0, record_every=400.0, n_test=1,
)  # fmt: skip
DATA_SETS = 32


def predicted(e: Experiment, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """b at the end, and the mean of y times the margins of P-only particles."""
    found: dict[str, float] = {}
    inner = law.ParticleLaw.step

    def kept(self: law.ParticleLaw, setting: Any, state: Any, step: Any, weight: Any) -> Any:
        after, only = inner(self, setting, state, step, weight), setting.examples.only
        label, of = self._particles.label[only], setting.examples.weight[only]
        found["mean"] = float(of @ (label * after.margin[only]) / of.sum())
        return after

    monkeypatch.setattr(law.ParticleLaw, "step", kept)
    return float(follow_particles(e, 60, 2048).bias[-1]), found["mean"]


def measured(e: Experiment, seed: int) -> tuple[float, ...]:
    """Mean output of the two labels' P-only examples on a data set; and differences of labels in margins and numbers."""
    e = e.replace(seed=seed)
    run, data = simulate(e, "limit", threads=1), draw_data(e)
    assert data.pq is not None
    f, up, only = run.dataset["f_train"].values, data.y > 0, data.kind == P_ONLY
    v = np.abs(data.x1 @ data.pq.w_star) * math.sqrt(e.d)
    first, second = only & up, only & ~up
    return (0.5 * float(f[first].mean() + f[second].mean()), float(v[first].mean() - v[second].mean()),
            float(data.y[only].mean()), float(data.y[~only].mean()))  # fmt: skip


@pytest.mark.tier2
def test_a_law_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on data sets has it, by control variates, where a mean field without it has nothing."""
    bias, mean = predicted(UNBALANCED, monkeypatch)
    monkeypatch.setattr(law.ParticleLaw, "_bias", lambda *given: 0.0)
    twin, nothing = predicted(UNBALANCED, monkeypatch)
    rows = np.array([measured(UNBALANCED, seed) for seed in range(DATA_SETS)])
    design = np.column_stack([np.ones(DATA_SETS), rows[:, 1:]])
    found = np.linalg.lstsq(design, rows[:, 0], rcond=None)[0]
    rest = rows[:, 0] - design @ found
    error = math.sqrt(float(rest @ rest) / (DATA_SETS - design.shape[1]) * np.linalg.inv(design.T @ design)[0, 0])
    assert abs(found[0] - mean) < 3.0 * error and abs(found[0] - nothing) > 4.0 * error, (found[0], error, mean, nothing)
    assert twin == 0.0 and abs(nothing) < 2e-3 < 0.02 < mean < 0.95 * bias


def test_it_vanishes_as_d_goes_to_infinity_with_q_as_it_is() -> None:
    """Q's own balance is of the order of 1 in tau, and b's kernel of the order of 1 / d: at d = 25 600, a tenth is left."""
    biases = [float(np.abs(follow_particles(UNBALANCED.replace(d=d, lambda_=0.1 / d, max_tau=8.0 * d), 40, 256).bias).max())
              for d in (400, 1600, 6400, 25_600)]  # fmt: skip
    assert biases == sorted(biases, reverse=True) and biases[3] < 0.4 * biases[2], biases
