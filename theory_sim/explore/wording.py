"""What the page says, as plain data: the words and numbers of `theory-sim check`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group
from rich.text import Text

from theory_sim.experiment import Experiment
from theory_sim.explore.sliders import get_values
from theory_sim.explore.view import View
from theory_sim.regimes import get_conditions
from theory_sim.report.content import Grid, Lines
from theory_sim.report.tables import blocks_of
from theory_sim.sweeps.phase_boundaries import BOUNDARIES
from theory_sim.terminal.regime_tables import VERBOSE_HINT, order_lines, regime_table, shown_factor
from theory_sim.theory.conditions import in_words
from theory_sim.theory.shown_times import shown_time

__all__ = ["label_boundaries", "say_apart", "say_view"]

_ROWS: Final = 9


def say_view(view: View) -> dict[str, Any]:
    """Regime, verdict, standing and losses of a view."""
    head, *rest = regime_table(view.judged).renderables
    orders = order_lines(view.judged)
    others = [each for each in rest if not (isinstance(each, Text) and each.plain in (*orders, VERBOSE_HINT))]
    return {
        "exact": view.exact,
        "engine": view.judged.engine,
        "by": _by(view),
        "verdict": _plain(blocks_of(Group(*others))),
        "conditions": _plain(blocks_of(head)),
        "orders": orders,
        "standing": list(_standing(view)),
        "losses": _losses(view),
    }


def _by(view: View) -> str:
    """What predicted the words, and what will."""
    if not view.judged.by:
        return ""
    follows = view.judged.approximate and not view.judged.instead
    return f"Predicted by the {view.judged.by}.{' The mean field follows once the sliders are at rest.' if follows else ''}"


def label_boundaries(experiment: Experiment) -> dict[str, str]:
    """Label of each condition that is a boundary."""
    return {id: id for id in BOUNDARIES} | {each.id: each.label for each in get_conditions(experiment) if each.id in BOUNDARIES}


def say_apart(computed: Experiment | None, shown: Experiment) -> str:
    """In which parameters the computed curves differ from the closure's; empty if in none."""
    if computed is None:
        return ""
    then, now = get_values(computed), get_values(shown)
    differ = [f"{name} = {then[name]:g} (now {now[name]:g})" for name in then if then[name] != now[name]]
    return f"What was computed was started at other parameters: {', '.join(differ)}." if differ else ""


def _standing(view: View) -> Iterator[str]:
    for each in view.judged.conditions:
        if each.id in BOUNDARIES:
            yield f"{each.label}: {in_words(each.value)}, bound {in_words(each.threshold)}; {shown_factor(each)}"


def _losses(view: View) -> dict[str, Any]:
    head = ["tau", *(f"{name}: {kind}-only" for name in view.courses for kind in ("P", "Q"))]
    rows = [[shown_time(tau), *("-" if math.isnan(loss) else f"{loss:.3f}" for loss in losses)]
            for tau, losses in view.losses(_ROWS)]
    return {"title": "Training loss (nats) at some times", "head": head, "rows": rows}


def _plain(blocks: list[Grid | Lines]) -> list[dict[str, Any]]:
    return [asdict(block) for block in blocks]
