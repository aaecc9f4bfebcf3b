"""A whole step of the default preset, against the two products of its W part in NumPy.

The step is all of it: W and V, both with fresh noise, signal and noise parts, and the evaluation of the training set.
The products are of m_W = 1000 neurons, d = 200 and the examples that hold P. Float32, two threads, in turn. Exit
status 1 if the target is missed.
"""

from __future__ import annotations

import sys

import numpy as np
from timing import interleaved, numpy_products, report

from theory_sim.data import draw_data
from theory_sim.data.examples import Q_ONLY
from theory_sim.experiment import Experiment
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.losses import make_loss

THREADS = 2
TARGET = 2.2


def main() -> int:
    """Measure, print, and return the exit status."""
    experiment = Experiment.preset()
    data = draw_data(experiment)
    with BlockPool(THREADS) as pool:
        network = SplitNetwork(experiment, data, pool)
        steps, loss = iter(range(10**9)), make_loss(experiment)

        def step() -> None:
            residual = data.y * loss.slope(data.y * network.f) / len(data)
            network.step(residual, experiment.eta_2, next(steps))

        products = numpy_products(network.W.weights.astype(np.float32), np.ascontiguousarray(data.x1[data.kind != Q_ONLY]))
        times = interleaved({"theory_sim": (1, step), "numpy products": (THREADS, products)}, rounds=100)
    return int(report(times, "theory_sim", "numpy products", TARGET, "step of the default preset"))


if __name__ == "__main__":
    sys.exit(main())
