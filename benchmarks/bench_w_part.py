"""The W part of a step, against its two products in NumPy and against the same step in PyTorch.

All three run in one process, one after another in each round, on two threads and float32: m = 2000 independent neurons,
d = 200, N = 1600 examples that all have x_1. A step is the gradient, fresh noise, the update of U, signal and noise
(THEORY §3, §4), the forward pass at the new weights, its patterns and the sum over neurons. Exit status 1 if a target
is missed. Without PyTorch that comparison is left out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import interleaved, numpy_products, report

from theory_sim.data import draw_data
from theory_sim.experiment import Experiment
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool

THREADS = 2
TARGET_PRODUCTS = 1.45
TARGET_TORCH = 0.8
# tau_0 is a number, so that weights stay in their normal range over thousands of steps.
EXPERIMENT = Experiment(
    d=200, N=1600, q0=0.0, p0=0.0, m_W=2000, m_V=2, neurons="independent", schedule="constant", eta_1=0.5,
    tau_0=0.05, dtype="float32",
)
Array = np.ndarray[Any, Any]


def torch_step(network: SplitNetwork, x1: Array, residual: Array) -> Callable[[], None]:
    """Return the same step in eager PyTorch: in place, outputs reused, no autograd."""
    import torch

    torch.set_num_threads(THREADS)
    rate, decay, tau_xi = EXPERIMENT.eta_1, EXPERIMENT.lambda_, EXPERIMENT.tau_xi
    x, slope = torch.from_numpy(x1.copy()), torch.from_numpy(residual.astype(np.float32))
    u = torch.from_numpy(network.W.u.copy())
    weights, noise = (torch.from_numpy(part.copy()) for part in (network.W.weights.astype(np.float32), network.W.noise))
    signal, gradient, xi = torch.zeros_like(weights), torch.empty_like(weights), torch.empty_like(weights)
    z, weighted, f = torch.empty(len(weights), len(x)), torch.empty_like(x), torch.empty(len(x))
    pattern = (weights @ x.T > 0).to(torch.float32)

    def step() -> None:
        with torch.inference_mode():
            torch.mul(x, slope[:, None], out=weighted)
            torch.mm(pattern, weighted, out=gradient)
            gradient.mul_(u[:, None])
            xi.normal_()
            weights.mul_(1 - rate * decay).sub_(gradient, alpha=rate).sub_(xi, alpha=rate * tau_xi)
            signal.mul_(1 - rate * decay).sub_(gradient, alpha=rate)
            noise.mul_(1 - rate * decay).sub_(xi, alpha=rate * tau_xi)
            torch.mm(weights, x.T, out=z)
            torch.gt(z, 0, out=pattern)
            torch.mv(z.relu_().T, u, out=f)

    return step


def idiomatic_torch_step(network: SplitNetwork, x1: Array, residual: Array) -> Callable[[], None]:
    """Return the same step in eager PyTorch as one writes it first: expressions that allocate, no autograd."""
    import torch

    torch.set_num_threads(THREADS)
    rate, decay, tau_xi = EXPERIMENT.eta_1, EXPERIMENT.lambda_, EXPERIMENT.tau_xi
    x, slope = torch.from_numpy(x1.copy()), torch.from_numpy(residual.astype(np.float32))
    u = torch.from_numpy(network.W.u.copy())
    weights, noise = (torch.from_numpy(part.copy()) for part in (network.W.weights.astype(np.float32), network.W.noise))
    signal = torch.zeros_like(weights)
    pattern = (weights @ x.T > 0).float()

    def step() -> None:
        nonlocal weights, signal, noise, pattern
        with torch.no_grad():
            gradient = u[:, None] * (pattern @ (slope[:, None] * x))
            xi = tau_xi * torch.randn_like(weights)
            weights = (1 - rate * decay) * weights - rate * (gradient + xi)
            signal = (1 - rate * decay) * signal - rate * gradient
            noise = (1 - rate * decay) * noise - rate * xi
            z = weights @ x.T
            pattern = (z > 0).float()
            u @ torch.relu(z)

    return step


def main() -> int:
    """Measure, print, and return the exit status."""
    data = draw_data(EXPERIMENT)
    with BlockPool(THREADS) as pool:
        network = SplitNetwork(EXPERIMENT, data, pool)
        # Patterns change as in a run, and outputs stay near 0: the residual of f = 0 at a tenth of the rate's size.
        residual = -0.05 * data.y / len(data)
        steps = iter(range(10**9))
        calls: dict[str, tuple[int, Callable[[], None]]] = {
            "theory_sim": (1, lambda: network.step(residual, EXPERIMENT.eta_1, next(steps))),
            "numpy products": (THREADS, numpy_products(network.W.weights.astype(np.float32), data.x1)),
        }
        try:
            calls["torch"] = (THREADS, idiomatic_torch_step(network, data.x1, residual))
            calls["torch, in place"] = (THREADS, torch_step(network, data.x1, residual))
        except ModuleNotFoundError:
            print("torch is not installed: that comparison is left out")
        times = interleaved(calls)
    missed = report(times, "theory_sim", "numpy products", TARGET_PRODUCTS, "W part of a step")
    if "torch" in times:
        missed |= report(times, "theory_sim", "torch", TARGET_TORCH, "W part of a step")
        # Tuned by hand: every output reused, inference mode. It has no target.
        report(times, "theory_sim", "torch, in place", math.inf, "W part of a step")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
