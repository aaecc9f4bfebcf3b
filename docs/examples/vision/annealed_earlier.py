"""Accuracies of the runs with L annealed at epoch 5: at the end on all held-out images, at the annealing on 256 of each kind.

``theory-sim vision run annealed-earlier.toml --out runs``, then ``python annealed_earlier.py runs > annealed_earlier.csv``.
"""

import csv
import sys
from pathlib import Path

from theory_sim import Trajectory

ANNEALED = 5
ARMS = {"large": 1, "large-no-patch": 0}
KINDS = ("clean", "mixed", "patch-only")
RECORDED = ("clean", "patch-only")


def main(folder: Path) -> None:
    """Print a row for each run."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("arm", "patch", "seed", *(f"{kind} accuracy" for kind in KINDS),
                    *(f"{kind} accuracy at annealing" for kind in RECORDED)))
    for arm, patch in ARMS.items():
        for path in sorted(each for each in folder.glob(f"annealed-earlier-{arm}-seed*") if each.is_dir()):
            run = Trajectory.load(path)
            recorded, at = run.experiment.recorded, run.dataset["accuracy_train"].isel(record=ANNEALED)
            table.writerow(("large", patch, path.name.rpartition("seed")[2], *(recorded[f"accuracy {kind}"] for kind in KINDS),
                            *(float(at.sel(kind=kind)) for kind in RECORDED)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
