"""Runs in a process of its own that kills itself: ``python -m tests.killed STORE ENGINE new|resume POINT COUNT``.

SIGKILL comes at the COUNT-th passing of a named point (see theory_sim.storage.failpoints), or for POINT = "step" at step COUNT.
"""

from __future__ import annotations

import os
import signal
import sys

from theory_sim import Experiment, resume, simulate
from theory_sim.storage import failpoints

EXPERIMENT = Experiment(
    d=12, N=60, m_W=40, m_V=60, n_test=8, neurons="independent", tau_0=0.2, tau_xi=0.003, schedule="pieces", batch_size=17,
    pieces=((10.0, 2.0), (100.0, 0.5)), max_tau=24.0, record_every=2.0, seed=5,
    observe={"kernels": {"every_steps": 4, "probes": 5}, "patterns": {"log_steps": 5, "probes": 6}, "gradients": {}},
)
FLOW = EXPERIMENT.replace(neurons="paired", batch_size=None, observe={
    "kernels": {"every_tau": 5.0, "probes": 5}, "patterns": {"at_tau": [0.0, 3.3, 11.0], "probes": 6}, "gradients": {},
})  # fmt: skip
ENGINES = {
    "finite": lambda **given: simulate(EXPERIMENT, **given),
    "shared": lambda **given: simulate(EXPERIMENT.replace(network="shared"), **given),
    "limit": lambda **given: simulate(EXPERIMENT, "limit", noise="sampled", **given),
    "flow": lambda **given: simulate(FLOW, "limit", time="flow", spatial="mean", **given),
}


def main(store: str, engine: str, begin: str, point: str, count: str) -> None:
    """Run until killed, or to the end."""
    left = int(count)

    def hook(name: str) -> None:
        nonlocal left
        if name == point or (point == "any" and name):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    failpoints.set_hook(hook)

    def progress(step: int, tau: float, loss: float) -> None:
        if point == "step" and step >= int(count):
            os.kill(os.getpid(), signal.SIGKILL)

    if begin == "new":
        ENGINES[engine](store=store, checkpoint_seconds=0.0, progress=progress, threads=1)
    else:
        resume(store, checkpoint_seconds=0.0, progress=progress, threads=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
