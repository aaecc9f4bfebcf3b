"""Stores for reports: runs and a sweep that take milliseconds, a stored study, and claims that somebody made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from theory_sim import Experiment, simulate
from theory_sim.engines import Engine
from theory_sim.report.content import Grid, Report, Section
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

TINY = Experiment(name="tiny", d=10, max_tau=20.0, n_test=5)
STUDY = Path(__file__).parents[2] / "docs" / "explanation" / "questions" / "results" / "kernel-change"
HOSTILE = "<script>alert(1)</script>\"'&\u202eright to left \N{HEBREW LETTER ALEF}" + "long" * 500


def make_stores(folder: Path) -> Path:
    """Two runs, a sweep over a field with both schedules, and a study."""
    for schedule in ("L-S", "S"):
        simulate(TINY.replace(schedule=schedule), "closure", store=folder / f"tiny-{schedule}-seed0-closure")
    sweep = Sweep("cells", TINY, (Product({"r": [0.3, 0.6]}),), ("L-S", "S"), (0,), (Engine("closure"),))
    store = SweepStore.create(folder / "cells", sweep)
    run_sweep(store, workers=0)
    collect(store)
    shutil.copytree(STUDY, folder / "kernel-change-default")
    return folder


def entry(id: str, **changed: Any) -> dict[str, Any]:
    """Entry of a claim in a verification, nothing of which is true."""
    return {"id": id, "summary": f"Summary of {id}.", "statement": r"\frac{1}{2}x^2\ge0", "source": "THEORY §0",
            "kind": "inequality", "bound": "exact", "outcome": "proved", "corrected": "",
            "expected": changed.get("outcome", "proved"),
            "as_expected": True, "assumptions": ["x is real"], "domain": ["x in [0, 1]"], "assuming": [],
            "asked": ["x**2/2 >= 0"], "evidence": ["1 step shown"],
            "twins": [{"name": "minus", "outcome": "refuted", "where": "at x = 1"}],
            "recheck": f"proofs-check recheck evidence/{id}.json", **changed}  # fmt: skip


def write_claims(path: Path, entries: list[dict[str, Any]]) -> Path:
    """File as `proofs-check verify --format json` prints it."""
    path.write_text(json.dumps({"schema": "proofs-check.verification", "schema_version": 1, "level": "quick", "claims": entries,
                                "failed": 0}))
    return path


def large_report(count: int) -> Report:
    """A report with a table of so many runs."""
    generator = np.random.default_rng(0)
    rows = [(f"{r:.4f}", f"seed-{i}", ("P first", "Q first")[i % 2], f"{tau:.1f}", f"{error:.4f}")
            for i, (r, tau, error) in enumerate(generator.random((count, 3)))]
    grid = Grid("Every run", ("r", "seed", "order", "tau_P", "P_error"), rows, filtered=True)
    return Report("Many runs", "theory-sim report", [Section("Sweep", "Which?", ["this"], ["that"], [grid])])
