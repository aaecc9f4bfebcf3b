"""A small rate with annealed pre-activation noise, on real images with a memorizable patch [F 26-30].

Question: does annealed pre-activation noise give a small rate on real images what the large rate has?

Statement of the authors: their "mitigation strategy for small learning rate [...] works both theoretically and empirically".

Hypothesis, arms S (0.004) and N (the same with pre-activation noise of standard deviation 0.4, shared over batch and channels,
annealed to 0 at epoch 8), each with the patch and without it:

1. *Gain*: with the patch, N is ahead of S on clean images by more than it is without the patch.
2. *Order*: at epoch 8, before the noise is annealed, S has a higher accuracy than N on patches alone.

Statistic: as in the study images: (N - S with the patch) - (N - S without it) of the accuracy on all clean images for reporting
at the end; S - N on the recorded patches alone at epoch 8, with the patch. A mean over seeds with Student's interval.

Decision. Each part at level 1 - 0.05/2: the interval lies above 0: supported; below: refuted; else undecided. Diverged runs
count for nothing.

Fixed before the first stored result. Known by then: the prototype named in the study images, with the patch N 0.43 and 0.45, S
0.40 and 0.40 on clean images. N without the patch was not looked at, nor was part 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theory_sim.studies.study import PartPower, StudyVerdict
from theory_sim.vision.studies.base import ImageStudy, difference_of_differences, judge_mean, paired, register
from theory_sim.vision.studies.design import NOISY, SEEDS, SMALL
from theory_sim.vision.studies.figure import plot

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 2


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    kept = table[table["diverged"] == 0]
    noisy, small = NOISY.name, SMALL.name
    return StudyVerdict.of([
        judge_mean("With the patch, noise gains more on clean images than without it",
                   difference_of_differences(kept, "clean accuracy", noisy, small), level=_LEVEL,
                   what="difference of differences of clean accuracy"),
        judge_mean("At epoch 8 S knows more of the patch without noise than with it",
                   paired(kept, "patch-only accuracy at annealing", small, noisy), level=_LEVEL,
                   what=f"patch-only accuracy at annealing, {small} - {noisy}"),
    ], 0.95)


STUDY: Final = register(ImageStudy(
    name="mitigation-on-images",
    brief="annealed noise at a small rate, on images",
    question="Does annealed pre-activation noise give a small rate on real images what the large rate has?",
    source="F 26-30",
    statement="Annealed pre-activation noise is a mitigation strategy for a small learning rate that works empirically.",
    hypothesis="With the patch, against no patch, noise gains on clean images; before it is annealed the patch is learnt less.",
    statistic="Difference of differences of clean accuracy, noise against none; patch-only accuracy at epoch 8.",
    rule="Two parts: Student's interval over seeds at 1 - 0.05/2 against 0.",
    limits="One small network, images of 16 x 16, 14 epochs, one level of noise; constants tuned on a subset of CIFAR-10.",
    seconds={"small": 60, "default": 620, "full": 5_200},
    power=tuple(PartPower(part, len(SEEDS["default"]), _LEVEL, "a mean over seeds, reckoned after the runs; 8 reach 0.9",
                          of_mean=True) for part in ("gain", "order")),
    arms=(SMALL, NOISY), decide=_decide, figure=plot,
))
