"""A certified order as what a second look needs: residuals in whole numbers, and every bound that the proof rests on."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from proofs_check.order.approximate import BITS
from proofs_check.order.arm import Arm
from proofs_check.order.certify import CertifiedOrder
from proofs_check.order.width import WidthTheorem
from theory_sim import __version__
from theory_sim.arrays import Array

__all__ = ["certificate"]


def certificate(found: CertifiedOrder) -> dict[str, Any]:
    """Content of a certificate's file; of a data set that is certified, or undecided at a level, but whose rates are proved."""
    fresh = {each.schedule: {"fresh": each.to_dict()} for each in found.fresh}
    widths = {each.schedule: {"width": _width(each)} for each in found.widths
              if each.width is not None and math.isfinite(each.most)}
    return {
        "version": __version__, "experiment": found.experiment.fields(), "data": found.digest, "level": found.level,
        "verdict": found.verdict,
        "arms": [_arm(arm) | fresh.get(arm.schedule, {}) | widths.get(arm.schedule, {}) for arm in found.arms],
    }


def _width(found: WidthTheorem) -> dict[str, Any]:
    """Of the sharpest method; what is stated is wider by a part in 10^6 than what is proved."""
    return {"delta": found.delta, "order": found.order, "width": found.width, "step": found.step, "most": found.most,
            "output": found.output * (1.0 + 1e-6), "loss": found.loss * (1.0 + 1e-6)}


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "schedule": arm.schedule, "rates": _runs(arm.run.rates), "switch": arm.switch,
        "residuals": {"bits": BITS, "packed": _packed(arm.run.residuals)},
        "curvature": _runs(arm.curvature), "residual_error": arm.residual_error.tolist(), "drift": arm.drift.tolist(),
        "norm": arm.largest_norm * (1.0 + 1e-9),
        "series": {"powers": arm.powers, "largest_cosine": arm.largest_cosine, "tail": arm.tail},
        "losses": {name: [low.tolist(), high.tolist()] for name, (low, high) in arm.losses.items()},
        "levels": [each.to_dict() for each in arm.levels],
    }


def _runs(values: Iterable[float]) -> list[list[float | int]]:
    """Numbers as [value, how often] in turn."""
    found: list[list[float | int]] = []
    for value in np.asarray(values).tolist():
        if found and found[-1][0] == value:
            found[-1][1] += 1
        else:
            found.append([value, 1])
    return found


def _packed(values: Array) -> str:
    """Whole numbers (T, N): second differences in time, folded to whole numbers from 0, byte by byte, compressed."""
    differences = values.copy()
    for _ in range(2):
        differences[1:] = np.diff(differences, axis=0)
    folded = ((differences << 1) ^ (differences >> 63)).astype("<u8")
    planes = folded.reshape(*values.shape, 1).view(np.uint8).transpose(2, 0, 1)
    return base64.b64encode(zlib.compress(np.ascontiguousarray(planes).tobytes(), 6)).decode("ascii")
