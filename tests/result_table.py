"""A table of results as CSV, one dataclass a row: how experiments that take hours keep what they have."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["csv_text", "log_uniform", "read_table", "write_table"]


def write_table(rows: Sequence[Any], kind: type, table: Path) -> None:
    """Write rows of a dataclass, whole or not at all; several values in one cell are joined by "; "."""
    draft = table.with_suffix(".draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(kind)])
        for row in rows:
            writer.writerow(["; ".join(map(str, v)) if isinstance(v, tuple) else v for v in asdict(row).values()])
    draft.replace(table)


def read_table(table: Path) -> Iterator[dict[str, str]]:
    """Cells of each row, by column."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def csv_text(names: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """A table of texts as CSV, to stand beside a page."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *cells])
    return text.getvalue()


def log_uniform(rng: np.random.Generator) -> Callable[[float, float], float]:
    """Draws between two ends, uniform in the logarithm."""

    def spread(low: float, high: float) -> float:
        return float(math.exp(rng.uniform(math.log(low), math.log(high))))

    return spread
