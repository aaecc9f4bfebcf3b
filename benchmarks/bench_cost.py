"""How the cost of a run grows: fitted exponents beside those of the theory.

Of each engine one size is varied and the others are fixed. Processor time of one thread is measured, the median of several
calls, so that other work on the machine weighs little. The exponent is the slope of the line through the logarithms, with its
standard error; a part of each step that does not grow with the size makes it smaller than the theory's. ``--quick`` takes small
sizes, which show only that everything runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from timing import Record, record

from theory_sim.data import draw_data, draw_test_data
from theory_sim.engines import Engine, simulate
from theory_sim.experiment import Experiment
from theory_sim.limit.network import LimitNetwork
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.train.losses import make_loss

Timed = Callable[[BlockPool, int], Callable[[], object]]
CALLS: Final = 7
# Share of examples with P alone; it would change with d / N by default.
P_ONLY: Final = 0.125


class Growth(NamedTuple):
    """One size of one engine.

    Attributes
    ----------
    engine, size : str
        What is measured, and what grows.
    unit : str
        What is timed: a step, or a whole run.
    theory : float
        Exponent of the theory.
    source : str
        Where it stands.
    sizes : sequence of int
        Values of the size.
    make : callable
        Pool and value to the call that is timed.
    """

    engine: str
    size: str
    unit: str
    theory: float
    source: str
    sizes: Sequence[int]
    make: Timed


def finite(pool: BlockPool, *, m: int = 1000, d: int = 200, N: int = 1600) -> Callable[[], object]:
    """A step at finite width."""
    experiment = Experiment(m_W=m, m_V=m, d=d, N=N, p0=P_ONLY)
    data = draw_data(experiment)
    return _step(SplitNetwork(experiment, data, pool), experiment, data)


def limit(pool: BlockPool, spatial: Literal["mean", "exact"], *, d: int = 1000, N: int = 4000) -> Callable[[], object]:
    """A step in the limit of infinite width."""
    experiment = Experiment(d=d, N=N, p0=P_ONLY, schedule="S", eta_2=0.5, max_tau=1500.0, record_every=50.0)
    data = draw_data(experiment)
    network = LimitNetwork(experiment, data, draw_test_data(experiment), pool, kernel="moving", spatial=spatial,
                           noise="vanishing", tolerance=1e-8, continuous=False)
    return _step(network, experiment, data)


def _step(network: Any, experiment: Experiment, data: Any) -> Callable[[], object]:
    steps, loss = iter(range(10**9)), make_loss(experiment)

    def step() -> None:
        residual = data.y * loss.slope(data.y * network.f) / len(data)
        network.step(residual, experiment.eta_2, next(steps))

    return step


def whole_run(engine: str, steps: int) -> Callable[[], object]:
    """A whole run of so many steps, with twenty records."""
    eta_2 = 0.5
    experiment = Experiment(d=100, N=800, m_W=200, m_V=200, schedule="S", eta_2=eta_2, max_tau=eta_2 * steps,
                            record_every=eta_2 * steps / 20)
    return lambda: simulate(experiment, Engine(engine), threads=1)


def closure(d: int) -> Callable[[], object]:
    """A whole run of the closure, which has no examples and no neurons."""
    experiment = Experiment(d=d, N=8 * d, schedule="S", eta_2=0.5, max_tau=200.0)
    return lambda: simulate(experiment, "closure", threads=1)


def growths(*, quick: bool) -> list[Growth]:
    """What is measured."""
    def sizes(first: int, count: int = 4) -> list[int]:
        first = max(first // 8, 32) if quick else first
        return [first * 2**k for k in range(3 if quick else count)]

    docs = "limit: cost and memory"
    return [
        Growth("finite", "m", "step", 1.0, "gradient and outputs: products of m by d by N", sizes(500),
               lambda pool, m: finite(pool, m=m)),
        Growth("finite", "d", "step", 1.0, "the same", sizes(200), lambda pool, d: finite(pool, d=d)),
        Growth("finite", "N", "step", 1.0, "the same", sizes(800), lambda pool, N: finite(pool, N=N)),
        Growth("finite", "T", "run", 1.0, "each step costs the same", sizes(400), lambda pool, T: whole_run("finite", T)),
        Growth("limit, mean pairs", "d", "step", 1.0, docs, sizes(1000), lambda pool, d: limit(pool, "mean", d=d)),
        Growth("limit, mean pairs", "N", "step", 1.0, docs, sizes(1000), lambda pool, N: limit(pool, "mean", N=N)),
        Growth("limit, exact pairs", "N", "step", 2.0, docs, sizes(4000, 3), lambda pool, N: limit(pool, "exact", d=200, N=N)),
        Growth("limit", "T", "run", 1.0, "limit: a step costs the same at the end of a run as at its start", sizes(400),
               lambda pool, T: whole_run("limit", T)),
        Growth("closure", "d", "run", 0.0, "closure: averages over data sets, without examples", sizes(100),
               lambda pool, d: closure(d)),
    ]  # fmt: skip


def seconds(call: Callable[[], object], calls: int) -> float:
    """Processor time of a call, the median of several, after one that is not timed."""
    call()
    times = []
    for _ in range(calls):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(np.median(times))


def fitted(sizes: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Slope of log cost against log size, and its standard error.

    Examples
    --------
    >>> slope, error = fitted([1, 2, 4], [3, 12, 48])
    >>> round(slope, 12), round(error, 12)
    (2.0, 0.0)
    """
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(costs, float))
    x -= x.mean()
    slope = float(x @ y / (x @ x))
    rest = y - y.mean() - slope * x
    return slope, float(np.sqrt(max(rest @ rest, 0.0) / max(len(x) - 2, 1) / (x @ x)))


def main() -> int:
    """Measure and print; what is measured has no target."""
    quick = "--quick" in sys.argv[1:]
    with threadpool_limits(1), BlockPool(1) as pool:
        for growth in growths(quick=quick):
            calls = 2 if quick or growth.unit == "run" else CALLS
            costs = [seconds(growth.make(pool, size), calls) for size in growth.sizes]
            slope, error = fitted(growth.sizes, costs)
            record(Record("cost", f"{growth.engine}, {growth.unit} against {growth.size}", slope, "exponent", low=slope - error,
                          high=slope + error, theory=growth.theory, source=growth.source,
                          points=list(zip(growth.sizes, costs, strict=True))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
