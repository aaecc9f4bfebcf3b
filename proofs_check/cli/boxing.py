"""order --box: one data set's learning order for all parameters of a box."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from theory_sim.errors import InputError
from theory_sim.terminal.output import Output, Result, hanging

if TYPE_CHECKING:
    from proofs_check.order_box.box import CertifiedBox
    from theory_sim.sweeps.plan import Plan

__all__ = ["order_box"]


def order_box(
    plan: Plan, box: str | None, minutes: float | None, level: float, output: Output, certificates: Path | None,
    others: Mapping[str, Any],
) -> NoReturn:
    """Certify a box, print what is proved and end."""
    from proofs_check.order.printed import folded
    from proofs_check.order_box.box import certify_box
    from proofs_check.order_box.preconditions import parse_box
    from proofs_check.order_box.text import box_fields, box_latex, box_lines, box_rows
    from theory_sim.terminal.progress import share_progress

    if box is None:
        raise InputError("--minutes without --box", "minutes bound the search over a box", "give --box too")
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise InputError(f"--minutes {minutes:g}", "a positive number of minutes", "such as --minutes 10")
    for name, value in others.items():
        if value is not None:
            raise InputError(f"{name} with --box", "one of the two", f"leave {name} or --box out")
    if len(plan.seeds) != 1:
        raise InputError(f"--box with {len(plan.seeds)} seeds", "one data set", "give one seed, such as --seeds 0")
    experiment = plan.experiment.replace(seed=plan.seeds[0])
    with share_progress(1) as progress:
        found = certify_box(experiment, parse_box(box), plan.compare, level=level, seconds=60.0 * (minutes or 10.0),
                            progress=progress(0, experiment.seed))
    output.say(*(hanging("", line.lstrip(), len(line) - len(line.lstrip())) for line in box_lines(found)))
    if certificates is not None:
        _save(found, certificates, output)
    output.put(Result("proofs-check.order-box", lambda: box_fields(found), tuple, lambda: box_rows(found),
                      others={"latex": lambda: folded(box_latex(found))}))
    raise typer.Exit(0 if found.verdict == "certified" else 1)


def _save(found: CertifiedBox, folder: Path, output: Output) -> None:
    from proofs_check.order_box.certificate import box_certificate
    from proofs_check.order_file import save_order

    path = folder / f"order-box-seed{found.experiment.seed}.json"
    save_order(box_certificate(found), path)
    output.step("check again:", f"proofs-check recheck {shlex.quote(str(path))}")
