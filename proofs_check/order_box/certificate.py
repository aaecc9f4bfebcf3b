"""A box's cells as what a second look needs: where they lie and what is stated of each; residuals it makes itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from proofs_check.order_box.box import CertifiedBox, Cover
from theory_sim import __version__

__all__ = ["box_certificate"]


def box_certificate(found: CertifiedBox) -> dict[str, Any]:
    """Content of a certificate's file."""
    return {
        "version": __version__, "experiment": found.experiment.fields(), "data": found.digest, "level": found.level,
        "box": {name: list(ends) for name, ends in found.box.items()}, "verdict": found.verdict,
        "covers": [_cover(each) for each in found.covers],
    }


def _cover(cover: Cover) -> dict[str, Any]:
    grid = cover.grid
    return {
        "schedule": cover.schedule, "low": dict(grid.low), "unit": dict(grid.unit), "size": dict(grid.size),
        "cells": [{"part": [list(each) for each in part], **asdict(proved)} for part, proved in cover.proved],
        "left": [{"part": [list(edge) for edge in each.part], "reason": each.reason} for each in cover.failed],
    }
