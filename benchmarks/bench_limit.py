"""Runs of the infinite-width limit at d = 1000, N = 4000, 3000 steps, and one step of them against NumPy.

A step of the exact mode is measured against what the direct double sum of THEORY §7 takes for one single earlier time,
arcsin(rho cos theta) over all pairs; it would take that for each, so that the whole history must cost less than one of them.
Both modes are shown beside the two products of the patches with a vector (outputs and gradient), which no step that moves a
linear part can avoid; that ratio has no target. Two threads for all. Exit status 1 if a target is missed. With ``--large`` also
d = 10 000, N = 40 000, 2000 steps, which takes minutes and up to 4 GiB.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from typing import Literal

import numpy as np
from timing import Record, interleaved, record, report

from theory_sim.data import draw_data, draw_test_data
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.limit.network import LimitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.losses import make_loss

THREADS = 2
MIDDLE = Experiment(d=1000, N=4000, schedule="S", eta_2=0.5, max_tau=1500.0, record_every=50.0)
LARGE = Experiment(d=10_000, N=40_000, lambda_=1e-5, schedule="constant", eta_1=16.0, max_tau=32_000.0, record_every=1600.0)
TARGETS: dict[Literal["mean", "exact"], float] = {"mean": 6.0, "exact": 12.0}
TARGET_LARGE, TARGET_MEMORY = 900.0, 4.0
# One step beside the direct sum over one earlier time.
TARGET_DIRECT = 1.0


def run(experiment: Experiment, spatial: Literal["mean", "exact"], target: float) -> bool:
    """Time a whole run; tell whether it took longer than the target."""
    start = time.perf_counter()
    trajectory = simulate(experiment, "limit", spatial=spatial, threads=THREADS)
    seconds = time.perf_counter() - start
    name = (f"limit, {spatial} pairs, d = {experiment.d}, N = {experiment.n_examples}, "
            f"{trajectory.dataset.attrs['final_step']} steps")
    return record(Record("time", name, seconds, "s", target))


def step_ratios(spatial: Literal["mean", "exact"]) -> bool:
    """Time one step in the middle of a run against its peers; tell whether a target is missed."""
    train, test = draw_data(MIDDLE), draw_test_data(MIDDLE)
    x = np.ascontiguousarray(train.x1[train.kind != 1])
    with BlockPool(THREADS) as pool:
        network = LimitNetwork(
            MIDDLE, train, test, pool, kernel="moving", spatial=spatial, noise="vanishing", tolerance=1e-8, continuous=False
        )
        steps, loss = iter(range(10**9)), make_loss(MIDDLE)

        def step() -> None:
            residual = train.y * loss.slope(train.y * network.f) / len(train)
            network.step(residual, MIDDLE.eta_2, next(steps))

        weights, residuals = np.ones(x.shape[1], x.dtype), np.ones(len(x), x.dtype)

        def products() -> None:
            np.dot(x, weights)
            np.dot(residuals, x)

        times = interleaved({"theory_sim": (1, step), "numpy products": (THREADS, products)}, rounds=40)
        name = f"step of the limit, {spatial} pairs"
        report(times, "theory_sim", "numpy products", math.inf, name)
        missed = False
        if spatial == "exact":
            length = np.linalg.norm(x, axis=1)
            cosine = np.clip((x / length[:, None]) @ (x / length[:, None]).T, -1, 1)
            inner = (x @ x.T) / (2 * math.pi)

            def direct() -> None:
                (inner * np.arcsin(np.float32(0.9) * cosine)) @ residuals

            times = interleaved({"theory_sim": (1, step), "numpy direct": (THREADS, direct)}, rounds=10)
            missed = report(times, "theory_sim", "numpy direct", TARGET_DIRECT, name)
    return missed


def main() -> int:
    """Measure, print, and return the exit status."""
    missed = []
    for spatial, target in TARGETS.items():
        simulate(MIDDLE.replace(max_tau=1.0), "limit", spatial=spatial, threads=THREADS)  # compiles
        missed.append(run(MIDDLE, spatial, target))
        missed.append(step_ratios(spatial))
    if "--large" in sys.argv[1:]:
        missed.append(run(LARGE, "mean", TARGET_LARGE))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        missed.append(record(Record("memory", "peak of all runs of the limit", peak, "GiB", TARGET_MEMORY)))
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
