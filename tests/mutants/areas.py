"""What is mutated: the code of physics, statistics and verdicts, by area."""

from pathlib import Path
from typing import Final

AREAS: Final[dict[str, tuple[str, ...]]] = {
    "physics": ("theory_sim/data/**/*.py", "theory_sim/network/*.py", "theory_sim/train/**/*.py", "theory_sim/loop/run.py",
                "theory_sim/loop/steps.py", "theory_sim/loop/divergence.py"),
    "numeric": ("theory_sim/numeric/*.py",),
    "closure": ("theory_sim/theory/closure/*.py", "theory_sim/closure/*.py"),
    "limit": ("theory_sim/limit/*.py",),
    "theory": ("theory_sim/theory/*.py", "theory_sim/**/regimes.py"),
    "observers": ("theory_sim/observe/*.py",),
    "statistics": (
        "theory_sim/statistics/*.py",
        *(f"theory_sim/**/{name}.py" for name in ("decisions", "groups", "over_seeds", "compare", "width_fit")),
    ),
    "plots": ("theory_sim/plots/*.py", "theory_sim/studies/*/figure.py"),
    "studies": ("theory_sim/studies/*/*.py", "theory_sim/**/small_rate.py", "theory_sim/sweeps/phase*.py",
                "theory_sim/**/study_tables.py"),
    "claims": ("proofs_check/claims/*.py",),
    "methods": (
        "proofs_check/methods/*.py",
        *(f"proofs_check/**/{name}.py" for name in ("constants", "evaluate", "falsify", "nearest", "verify", "well_posed")),
    ),
    "recheck": ("proofs_check/recheck/*.py", "proofs_check/**/certificate.py", "proofs_check/**/premises.py"),
}  # fmt: skip
"""Area to patterns of files below the root. A file belongs to the first area of which a pattern fits."""

LEFT_OUT: Final = ("**/memory.py", "theory_sim/numeric/pool.py")
"""Estimates of memory and the threads, which no result depends on."""


class NothingFitsError(Exception):
    """A pattern names no file: what it named was moved or renamed."""


def files_of_areas(root: Path) -> dict[str, list[str]]:
    """Return the files of each area, as sorted paths below ``root``.

    Raises
    ------
    NothingFitsError
        If a pattern fits no file.
    """
    taken = {path for pattern in LEFT_OUT for path in _fitting(root, pattern)}
    areas: dict[str, list[str]] = {}
    for area, patterns in AREAS.items():
        found = {path for pattern in patterns for path in _fitting(root, pattern)} - taken
        areas[area] = sorted(found)
        taken |= found
    return areas


def _fitting(root: Path, pattern: str) -> list[str]:
    found = [path.relative_to(root).as_posix() for path in root.glob(pattern) if path.name != "__init__.py"]
    if not found:
        raise NothingFitsError(f"{pattern!r} fits no file below {root}; change it in {__name__.replace('.', '/')}.py")
    return found
