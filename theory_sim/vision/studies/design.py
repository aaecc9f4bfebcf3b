"""What the studies on images share: arms, data, network and training of each size, and the table of their runs.

The constants are those of a prototype on a JPEG-compressed subset of CIFAR-10 with seeds that no study has. It chose the
class pattern's amplitude (at 0.1 no arm learns the patch in 20 epochs, at 0.5 the large rate learns it before it is annealed),
the patch's size, decay and both rates, with 16 epochs. Here they are fixed, with 14 epochs, as long as fits the time of the
default size. Splits are drawn anew, and accuracies are of images for reporting; the prototype's test images may be among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.studies.study import Size
from theory_sim.trajectory import Trajectory
from theory_sim.vision.networks.base import NETWORKS
from theory_sim.vision.patch import KINDS, Patch
from theory_sim.vision.plan import Arm, DataChoice, Training, VisionPlan

if TYPE_CHECKING:
    import pandas

__all__ = ["ANNEALED", "LARGE", "NOISY", "SEEDS", "SMALL", "make_plan", "tabulate"]

ANNEALED: Final = 8
"""Epoch at which rate or noise is annealed."""
LARGE: Final = Arm("large", ((0, 0.4), (ANNEALED, 0.004)))
SMALL: Final = Arm("small", ((0, 0.004),))
NOISY: Final = Arm("small-noise", ((0, 0.004),), noise=((0, 0.4), (ANNEALED, 0.0)))
SEEDS: Final[Mapping[Size, range]] = {"small": range(2), "default": range(3), "full": range(10)}
_PATCH: Final = Patch(size=4, amplitude=0.35)


def make_plan(size: Size, arms: Sequence[Arm], source: str, path: str | None) -> VisionPlan:
    """Arms and their controls at a size.

    Parameters
    ----------
    size : {"small", "default", "full"}
    arms : sequence of Arm
        With the patch.
    source, path : str
        As for `load_images`.
    """
    both = tuple(each for arm in arms for each in (arm, arm.control()))
    training = Training(epochs=14, batch=64, momentum=0.9, weight_decay=1.5e-3, reference=256, kernel_probes=4,
                        kernel_epochs=ANNEALED)
    data = DataChoice(source, path, side=16, train=5000, tune=2000, report=5000, evaluate="report")
    network = NETWORKS["small-resnet"]()
    if size == "full":
        data = DataChoice(source, path, side=16, train=10_000, tune=2000, report=5000, evaluate="report")
    if size == "small":
        data = DataChoice(source, path, side=8, train=192, tune=64, report=128, evaluate="report")
        network = NETWORKS["small-resnet"](widths=(8, 16))  # type: ignore[call-arg]
        training = Training(epochs=10, batch=32, momentum=0.9, weight_decay=1.5e-3, group=32, reference=64, kernel_probes=3,
                            kernel_epochs=ANNEALED)
    return VisionPlan("images", data, network, both, _PATCH, training, tuple(SEEDS[size]))


def tabulate(plan: VisionPlan, runs: Sequence[Trajectory]) -> pandas.DataFrame:
    """A row a run, in the order of arms and seeds: accuracies at the end on all held-out images, and what was recorded at the
    annealing and after it."""
    import pandas

    pairs = [(arm, seed) for arm in plan.arms for seed in plan.seeds]
    return pandas.DataFrame([_row(arm, seed, run) for (arm, seed), run in zip(pairs, runs, strict=True)])


def _row(arm: Arm, seed: int, run: Trajectory) -> dict[str, Any]:
    recorded: Mapping[str, Any] = getattr(run.experiment, "recorded", {})
    row: dict[str, Any] = {"arm": arm.name.removesuffix("-no-patch"), "patch": int(arm.patch), "seed": seed,
                           "diverged": int(bool(recorded["diverged"]))}
    row |= {f"{name} accuracy": float(recorded[f"accuracy {name}"]) for name in KINDS}
    data = run.dataset
    if data.sizes["record"] <= ANNEALED + 2 or row["diverged"]:
        return row | dict.fromkeys(_COLUMNS, math.nan)
    at = data.isel(record=ANNEALED)
    for name in KINDS:
        row[f"{name} accuracy at annealing"] = float(at["accuracy_train"].sel(kind=name))
        row[f"{name} loss at annealing"] = float(at["loss_train"].sel(kind=name))
    last = {"feature": "all", "since": "last record"}
    row["flips an epoch before"] = float(at["flips"].sel(last))
    row["flips an epoch after"] = float(data.isel(record=ANNEALED + 2)["flips"].sel(last))
    norms, levels = at["norm_noise"].values, at["tau_noise"].values
    known = levels > 0  # parameters that start at 0 and have no noise yet
    row["noise level"] = float(np.sqrt((norms**2).sum() / ((norms[known] / levels[known]) ** 2).sum()))
    row["noise level by recursion"] = float(at["tau_noise_exact"])
    row["gradient error / xi"] = float(at["gradient_error"]) / float(at["xi_norm"])
    drifts = data.isel(record_kernels=1).sel(kernel_part="all")
    row |= {f"kernel drift, {word} times": float(drifts[f"kernel_drift_{name}"]) for word, name in
            (("equal", "equal"), ("two", "two"))}
    return row


_COLUMNS: Final = (
    *(f"{name} {what} at annealing" for name in KINDS for what in ("accuracy", "loss")), "flips an epoch before",
    "flips an epoch after", "noise level", "noise level by recursion", "gradient error / xi", "kernel drift, equal times",
    "kernel drift, two times",
)
