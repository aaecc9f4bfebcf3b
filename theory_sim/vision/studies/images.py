"""A memorizable patch on real images [F 4].

Question: does a large rate, annealed, learn real images before a memorizable patch on them, where a small rate learns the patch
first, and is it better on clean images for that reason?

Statement of the authors: on images with a patch that is easy to fit and hard to generalise from, the small rate memorises the
patch early and then neglects the images that have it; the large rate learns the image first, and generalises better.

Hypothesis, arms L (0.4, times 0.01 at epoch 8) and S (0.004), each with the patch and without it:

1. *Gap*: with the patch, L is ahead of S on clean images by more than it is without the patch.
2. *Order*: at epoch 8, before L is annealed, S has a higher accuracy than L on patches alone.
3. *Patterns*: during the epoch before, more activation patterns flip under L than under S.
4. *Kernels*: at epoch 8 the two-time tangent kernel has drifted further under L than under S.
5. *Noise*: under L with the patch, at epoch 8, the measured level of the accumulated noise over that of THEORY §5's recursion
   lies within a factor 1.25 of 1.

Statistic: 1. (L - S with the patch) - (L - S without it) of the accuracy on all clean images for reporting, at the end.
2. to 4. the difference with the patch, seed by seed, on recorded held-out images of each kind: 256, for patterns 21, for
kernels one. 5. the ratio.
A mean over seeds, with Student's interval. The training images, patterns, start and order of batches differ by seed; the
images for reporting do not.

Decision. Each part at level 1 - 0.05/5: the interval lies above 0, or for the ratio between 0.8 and 1.25: supported; wholly
outside: refuted; else undecided. Diverged runs count for nothing.

Fixed before the first stored result. Known by then: a prototype on a JPEG-compressed subset of CIFAR-10, two seeds (which are
not kept), whose constants these are, chosen on the images that it reports: with the patch L 0.46 and 0.45, S 0.40 and 0.40 on
clean images; without it L 0.49 and S 0.46. So part 1 was near 0.03 there; three seeds decide it only if it varies by less than
0.005 from seed to seed. The other parts were not looked at on any run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theory_sim.studies.study import PartPower, StudyVerdict
from theory_sim.vision.studies.base import ImageStudy, difference_of_differences, judge_mean, paired, register
from theory_sim.vision.studies.design import LARGE, SEEDS, SMALL
from theory_sim.vision.studies.figure import plot

if TYPE_CHECKING:
    import pandas

__all__ = ["STUDY"]

_LEVEL: Final = 1 - 0.05 / 5
_FACTOR: Final = 1.25


def _decide(table: pandas.DataFrame) -> StudyVerdict:
    kept = table[table["diverged"] == 0]
    large, small = LARGE.name, SMALL.name
    findings = [judge_mean("With the patch, L is further ahead on clean images than without it",
                           difference_of_differences(kept, "clean accuracy", large, small), level=_LEVEL,
                           what="difference of differences of clean accuracy")]
    for statement, column, one, other in (
        ("At epoch 8 S knows more of the patch than L", "patch-only accuracy at annealing", small, large),
        ("More patterns flip under L than under S", "flips an epoch before", large, small),
        ("The two-time kernel drifts further under L than under S", "kernel drift, two times", large, small),
    ):
        findings.append(judge_mean(statement, paired(kept, column, one, other), level=_LEVEL,
                                   what=f"{column}, {one} - {other}"))
    rows = kept[(kept["arm"] == large) & (kept["patch"] == 1)]
    ratios = (rows["noise level"] / rows["noise level by recursion"]).dropna()
    findings.append(judge_mean("The level of the accumulated noise is that of §5", [float(ratio) for ratio in ratios],
                               level=_LEVEL, low=1 / _FACTOR, high=_FACTOR, what="measured level over the recursion's"))
    return StudyVerdict.of(findings, 0.95)


STUDY: Final = register(ImageStudy(
    name="images",
    brief="images before a patch; clean accuracy",
    question="Does a large rate, annealed, learn images before a memorizable patch, and is it better on clean images for it?",
    source="F 4",
    statement="The small rate memorises the patch early and neglects the images; the large one learns images first.",
    hypothesis="With the patch, against no patch, L gains on S on clean images; before annealing S knows more of the patch; L "
               "flips more patterns and moves the kernel further; its accumulated noise has §5's level.",
    statistic="Difference of differences of clean accuracy; differences at epoch 8; measured noise level over §5's.",
    rule="Five parts: Student's interval over seeds at 1 - 0.05/5 against 0; of the noise, within a factor 1.25.",
    limits="One small network, images of 16 x 16, 14 epochs, constants tuned on a subset of CIFAR-10; the gradient of 256 "
           "images, taken anew twice an epoch, stands for the whole one in the split: what it changes between counts as noise.",
    seconds={"small": 60, "default": 620, "full": 5_200},
    power=(*(PartPower(part, len(SEEDS["default"]), _LEVEL, "a mean over seeds, reckoned after the runs; 9 reach 0.9",
                       of_mean=True) for part in ("gap", "order", "patterns", "kernels")),
           PartPower("noise", why="a ratio between two borders: it rests on its spread over seeds, unknown before")),
    arms=(LARGE, SMALL), decide=_decide, figure=plot,
))
