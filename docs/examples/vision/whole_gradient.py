"""Level of the accumulated noise of real mini-batches, epoch by epoch, beside THEORY §5's recursion.

``theory-sim vision run whole-gradient.toml --out runs``, then ``python whole_gradient.py runs > whole_gradient.csv``, and the
same of ``independent-batches.toml`` with ``--out more``: ``python whole_gradient.py more > independent_batches.csv``. The
initial weights count as noise in both levels; ``start`` is what is left of them, so that the noise that batches added since is
level^2 - start^2, measured and by the recursion.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from theory_sim import Trajectory

RATES = {"large": 0.4, "small": 0.004}
MOMENTUM, WEIGHT_DECAY, STEPS = 0.9, 1.5e-3, 10


def left_of_start(rate: float, steps: int) -> float:
    """Share of the initial weights after so many steps of heavy ball with weight decay."""
    left, velocity = 1.0, 0.0
    for _ in range(steps):
        velocity = MOMENTUM * velocity + WEIGHT_DECAY * left
        left -= rate * velocity
    return left


def main(folder: Path) -> None:
    """Print a row for each run and epoch."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("arm", "seed", "epoch", "level", "recursion", "start"))
    for arm, rate in RATES.items():
        for path in sorted(each for each in folder.glob(f"*-{arm}-seed*") if each.is_dir()):
            data, seed = Trajectory.load(path).dataset, path.name.rpartition("seed")[2]
            first = float(data["tau_noise_exact"][0])
            for epoch in range(1, data.sizes["record"]):
                at = data.isel(record=epoch)
                norms, levels = at["norm_noise"].values, at["tau_noise"].values
                known = levels > 0  # parameters that start at 0 have no level yet
                level = np.sqrt((norms**2).sum() / ((norms[known] / levels[known]) ** 2).sum())
                table.writerow((arm, seed, epoch, float(level), float(at["tau_noise_exact"]),
                                first * left_of_start(rate, STEPS * epoch)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
