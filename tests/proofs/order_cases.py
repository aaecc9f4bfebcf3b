"""Small experiments of every option that a certified order has, drawn by a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory_sim.experiment import Experiment

SCHEDULES: dict[str, dict[str, Any]] = {
    "L-S": {"epsilon_1": 0.3}, "S": {}, "constant": {}, "step": {"step_tau": 20.0, "step_factor": 0.5},
    "pieces": {"pieces": ((16.0, 4.0), (30.0, 2.0), (90.0, 3.0))}, "cosine": {}, "linear": {}, "exponential": {},
    "power": {"power_time": 10.0, "power_exponent": 0.5}, "warm-up": {"warm_up": 30.0, "warm_up_from": 0.2},
    "warm-up-stable-decay": {"warm_up": 10.0, "decay_time": 20.0}, "cyclic": {"cycle": 25.0, "cycle_shape": "cosine"},
}
PATTERNS = ("moving", "moving", "moving", "frozen", "redrawn", "frozen-at-annealing")
SAMPLINGS = ("without-replacement", "with-replacement", "epochs")


def small_case(seed: int, *, most: int = 12, steps: int = 60) -> Experiment:
    """At most ``most`` examples and ``steps`` steps; every schedule comes in turn."""
    rng = np.random.default_rng(seed)
    schedule = list(SCHEDULES)[seed % len(SCHEDULES)]
    n = int(rng.integers(5, most + 1))
    shared = bool(rng.random() < 0.35)
    fields: dict[str, Any] = {
        "d": int(rng.integers(3 if shared else 1, 9)), "N": n, "p0": 0.3, "q0": float(rng.choice([0.3, 0.4])),
        "network": "shared" if shared else "split", "r": float(rng.choice([0.1, 0.3, 0.7, 1.5])),
        "eta_1": float(rng.choice([4.0, 3.3])), "eta_2": float(rng.choice([1.0, 0.7])),
        "lambda": float(rng.choice([0.0, 5e-4, 0.02])),
        "tau_0": float(rng.choice([0.1, 1.0])), "tau_xi": float(rng.choice([0.0, 1e-6, 0.01, 0.3])),
        "patterns": str(rng.choice(PATTERNS)), "alpha_min": float(rng.choice([0.0, 0.5])), "max_steps": steps,
        "dtype": str(rng.choice(["float32", "float64"])), "seed": seed, "schedule": schedule, "max_tau": 120.0, "n_test": 1,
        **SCHEDULES[schedule],
    }
    if shared and rng.random() < 0.5:
        fields["overlap_z"] = 0.6
    if rng.random() < 0.4:
        sampling = str(rng.choice(SAMPLINGS))
        fields |= {"batch_size": int(rng.integers(2, n)), "sampling": sampling}
    if rng.random() < 0.2:
        fields["epsilon_2"] = 0.4 if schedule != "L-S" else 0.2
    return Experiment(**fields)
