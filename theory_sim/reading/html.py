"""What a notebook shows of the program's objects: a small table, escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

__all__ = ["html_table"]


def html_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()) -> str:
    """A table for Jupyter's ``_repr_html_``.

    Parameters
    ----------
    title : str
        Caption.
    head : sequence of str
        Names of the columns.
    rows : iterable of sequences
        Cells; numbers with four digits that count, "-" where there is none, "infinite" where one has no bound.
    notes : iterable of str
        A paragraph each, below.

    Examples
    --------
    >>> html_table("<run>", ["tau"], [[0.5]])
    '<table><caption>&lt;run&gt;</caption><thead><tr><th>tau</th></tr></thead><tbody><tr><td>0.5</td></tr></tbody></table>'
    """
    headed = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(each)}</td>' for each in row)}</tr>" for row in rows)
    below = "".join(f"<p>{html.escape(each)}</p>" for each in notes)
    return f"<table><caption>{html.escape(title)}</caption><thead><tr>{headed}</tr></thead><tbody>{body}</tbody></table>{below}"


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return html.escape(str(value))
    if not math.isfinite(value):
        return "-" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    text = f"{value:.4g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e7 else text.replace("e+0", "e").replace("e+", "e")
