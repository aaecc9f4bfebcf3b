"""Run a study on images: its runs, then its table and verdict beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theory_sim.reading.arguments import accepts
from theory_sim.storage.folders import make_folder
from theory_sim.storage.plain import make_plain
from theory_sim.studies.sealed_files import TABLE, write_sealed
from theory_sim.studies.study import StudyVerdict, require_size
from theory_sim.vision.one_run import Progress
from theory_sim.vision.run import run_arms
from theory_sim.vision.studies.base import IMAGE_STUDIES, ImageStudy
from theory_sim.vision.studies.design import make_plan, tabulate

if TYPE_CHECKING:
    import pandas

__all__ = ["RUNS", "ImageStudyResult", "run_image_study"]

RUNS = "image-runs"


@dataclass(frozen=True)
class ImageStudyResult:
    """What came of a study on images.

    Attributes
    ----------
    study : ImageStudy
    size : str
    folder : Path
        Holds ``table.csv`` and ``verdict.json``.
    table : pandas.DataFrame
        A row a run.
    verdict : StudyVerdict
    data : str
        Source of the images.
    """

    study: ImageStudy
    size: str
    folder: Path
    table: pandas.DataFrame
    verdict: StudyVerdict
    data: str

    def report(self) -> dict[str, Any]:
        """What was asked and found, without the table."""
        study = self.study
        return {"study": study.name, "size": self.size, "data": self.data, "question": study.question, "source": study.source,
                "statement": study.statement, "hypothesis": study.hypothesis, "statistic": study.statistic, "rule": study.rule,
                "limits": study.limits, **self.verdict.to_dict(),
                "runs": {"done": len(self.table), "diverged": int(self.table["diverged"].sum())}}

    def to_dict(self) -> dict[str, Any]:
        """All of it but the runs, for JSON."""
        return {**self.report(), "folder": str(self.folder), "table": make_plain(self.table.to_dict("records"))}


@accepts(study="ImageStudy or a text", size="a text", source="a text", path="a path", out="a path", workers="a whole number",
         any_version="True or False", progress="a function")
def run_image_study(
    study: ImageStudy | str, *, size: str = "default", source: str | None = None, path: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "studies", workers: int = 2, any_version: bool = False, progress: Progress | None = None,
) -> ImageStudyResult:
    """Compute a study on images into ``out/<name>-<size>``, or continue what is there of it, and judge.

    Runs lie in ``out/image-runs-<size>``, where both studies find those that they share.

    Parameters
    ----------
    study : ImageStudy or str
        ``images`` or ``mitigation-on-images``.
    size : {"small", "default", "full"}
        How many seeds and images.
    source, path
        As for `load_images`; by default CIFAR-10, and of the small size drawn images.
    out : path
        Folder of the studies.
    workers, any_version, progress
        As for `run_arms`.

    Raises
    ------
    InputError
        If there is no such study or size, or no data.
    StoreError
        If a folder holds other runs, or a table or verdict that was edited, or cannot be written.

    Examples
    --------
    >>> from theory_sim.vision import run_image_study
    >>> result = run_image_study("images", path="cifar-10-python.tar.gz")  # doctest: +SKIP
    >>> result.verdict.verdict  # doctest: +SKIP
    'undecided'
    """
    chosen = IMAGE_STUDIES[study] if isinstance(study, str) else study
    known = require_size(size)
    source = source or ("generated" if known == "small" else "cifar-10")
    plan = make_plan(known, chosen.arms, source, None if path is None else str(path))
    runs = run_arms(plan, out=Path(out) / f"{RUNS}-{size}", workers=workers, any_version=any_version, progress=progress)
    table = tabulate(plan, runs)
    folder = Path(out) / f"{chosen.name}-{size}"
    result = ImageStudyResult(chosen, size, folder, table, chosen.decide(table), source)
    make_folder(folder)
    write_sealed(folder, {TABLE: table.to_csv(index=False)}, result.report())
    return result
