"""The small sizes of the second edition's studies: from runs to table, verdict and figure, and back from the stored table."""

from __future__ import annotations

from pathlib import Path

import pytest

from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, run_study


@pytest.mark.slow
@pytest.mark.parametrize("name", ["losses", "optimisers", "schedules", "alpha-law", "sample-complexity", "label-noise",
                                  "batch-size", "rates", "single-feature", "kernel-freezing", "architecture",
                                  "regularisation-over-time", "changing-kernels", "mitigation-over-time",
                                  "placement-over-time", "optimisers-over-time", "optimisers-batches"])
def test_a_small_size_runs_and_decides_nothing(name: str, tmp_path: Path) -> None:
    study = get_study(name)
    result = run_study(study, size="small", out=tmp_path, workers=0, threads=1)
    assert (result.failed, result.pending) == (0, 0) and result.verdict is not None
    assert {each.verdict for each in result.verdict.findings} == {"undecided"}
    stored = read_table(tmp_path / f"{name}-small" / "table.csv")
    assert study.decide(stored) == result.verdict and study.plot(stored).axes
