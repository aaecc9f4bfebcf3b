"""What the paper's authors told its reviewers, retold: what the marks "[F n]" of sources refer to.

Their feedback is no part of this repository, so each passage stands here in other words, under its lines. The documentation has
the same passages with the questions and where each is answered (explanation/reviewers.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from theory_sim.errors import InputError

__all__ = ["PASSAGES", "RETOLD", "Passage", "retell"]

_MARK: Final = re.compile(r"\bF (\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*)")


RETOLD: Final = "[F n] is line n of the authors' feedback to the paper's reviewers. In other words:"
"""What stands over retold passages."""


@dataclass(frozen=True)
class Passage:
    """Some lines of the feedback, in other words.

    Attributes
    ----------
    first, last : int
        Lines, counted from 1.
    text : str
        What they say.
    """

    first: int
    last: int
    text: str


PASSAGES: Final = (
    Passage(
        1, 4,
        "The paper introduces the learning order, supports its claims by theory and experiments, and proposes a "
        "mitigation for small learning rates that works in both.",
    ),
    Passage(
        5, 9,
        "A small batch acts as a large learning rate does: both raise the scale of SGD's noise, which grows with the "
        "rate and falls with the batch size (Smith and others 2017).",
    ),
    Passage(
        10, 12,
        "The published evidence is mostly of SGD on images, ImageNet included; under other optimisers, such as Adam, "
        "the phenomenon may be absent.",
    ),
    Passage(
        13, 17,
        "Memorizable patterns take few examples but a complex model; generalizable patterns take many examples, but a "
        "linear model fits them.",
    ),
    Passage(
        18, 20,
        "Inherently noisy means that noise in the examples makes many of them necessary: here the noise is sqrt(d) "
        "times as long as the signal w*, so that of the order of d examples are needed.",
    ),
    Passage(
        21, 21,
        "Annealing means that the noise of the pre-activations falls by a constant factor at a certain epoch.",
    ),
    Passage(
        22, 24,
        "The Gaussian noise is essential: it stands for the noise of SGD, and the analysis rests on its being larger "
        "at a larger learning rate.",
    ),
    Passage(
        25, 27,
        "SGD acts on training and generalisation by adding noise to the pre-activations, so the mitigation adds its "
        "noise just there.",
    ),
    Passage(
        28, 30,
        "Noise on the gradient would do as well for the data analysed; noise on pre-activations should carry over "
        "better to large real data sets, and does.",
    ),
    Passage(
        31, 35,
        "The main contribution to proof techniques is a kernel that changes because activation patterns change "
        "quickly, where results on the tangent kernel mostly need patterns that stay.",
    ),
    Passage(
        36, 36,
        "Theorem C.2 extends the technique of the tangent kernel to a sequence of kernels that have an optimal "
        "classifier in common.",
    ),
    Passage(
        37, 39,
        "Whether the analysis extends to other losses is not clear. For the squared loss the phenomenon itself is in "
        "doubt, and the data distribution at least would have to change.",
    ),
    Passage(
        40, 42,
        "The proof uses that the logistic loss has no gradient left once an output has the right sign and is large: "
        "so the small rate ignores x_1 of examples with both patterns. The squared loss lacks that property.",
    ),
    Passage(
        43, 46,
        "Regularisation simplifies the analysis: every step adds fresh noise, which accumulates without it and "
        "reaches a stable level with a mild amount of it.",
    ),
    Passage(
        47, 47,
        "The analysis could do without regularisation, and its message would be the same.",
    ),
    Passage(
        48, 50,
        "Whether one type of feature is enough for a large rate to generalise better is an open question.",
    ),
    Passage(
        51, 54,
        "With enough width, the right start, a small rate and no weight decay, training stays in the regime of the "
        "tangent kernel and generalises as a kernel method on random features.",
    ),
    Passage(
        55, 56,
        "A larger rate may leave that regime, so that features are no longer random, and the tangent kernel can "
        "generalise worse than such features (Wei and others 2018).",
    ),
)


def retell(source: str) -> tuple[str, ...]:
    """What the lines that a source cites say, in other words; empty for a source that cites none.

    Parameters
    ----------
    source : str
        With marks such as "[F 38-42]" or "F 3, 26-30".

    Returns
    -------
    tuple of str
        The passages that hold a cited line, each under its lines.

    Raises
    ------
    InputError
        If a line is cited that the feedback does not have.

    Examples
    --------
    >>> for line in retell("THEORY §5 [F 21], [D]"):
    ...     print(line)
    F 21: Annealing means that the noise of the pre-activations falls by a constant factor at a certain epoch.
    """
    wanted: set[int] = set()
    for mark in _MARK.findall(source):
        for part in mark.split(", "):
            first, _, last = part.partition("-")
            wanted.update(range(int(first), int(last or first) + 1))
    if wanted and not wanted <= set(range(1, PASSAGES[-1].last + 1)):
        raise InputError(f"lines {min(wanted)} to {max(wanted)} of the feedback in {source!r}",
                         f"lines 1 to {PASSAGES[-1].last}", "correct the mark")
    return tuple(f"F {_span(passage)}: {passage.text}" for passage in PASSAGES
                 if wanted & set(range(passage.first, passage.last + 1)))


def _span(passage: Passage) -> str:
    return f"{passage.first}" if passage.first == passage.last else f"{passage.first}-{passage.last}"
