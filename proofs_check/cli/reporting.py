"""The command that makes a file for a co-author: report."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from proofs_check.cli.app import AtLevel, app, parse_level
from proofs_check.cli.verifying import Ids
from theory_sim.terminal.output import Force, require_free

_ALL: Final = "80 s of one processor"  # user and system time of all 193


@app.command()
def report(
    ids: Ids = None, level: AtLevel = "quick",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The report.")] = Path("proofs.html"),
    force: Force = False,
) -> None:
    r"""Verify claims, and write one HTML file that needs nothing else: statements, verdicts, evidence, how to check again.

    Exit status 1 unless each verdict is as expected and every twin is refuted. It needs the extra report:
    pip install 'theory-sim\[report]'.
    """
    from proofs_check.claim import claims, find
    from proofs_check.junit import Judged
    from proofs_check.report.document import make_report
    from proofs_check.verify import as_expected
    from theory_sim.report.extra import versions
    from theory_sim.report.page import render
    from theory_sim.report.write import write_report
    from theory_sim.terminal.progress import count_progress
    from theory_sim.terminal.wrapping import say_aside

    require_free(out, force=force)
    versions()  # before minutes of work
    chosen_level = parse_level(level)
    judged = []
    chosen = [find(id) for id in ids] if ids else claims()
    say_aside(f"note: {len(chosen)} claims with their twins; all {len(claims())} take about {_ALL} at level quick")
    with count_progress("claim", len(chosen)) as begin:
        for claim in chosen:
            begin(claim.id)
            start = time.perf_counter()
            own, twins, right = as_expected(claim, level=chosen_level)
            judged.append(Judged(claim, own, twins, right, time.perf_counter() - start))
    command = shlex.join(["proofs-check", "report", *(ids or ()), "--level", level, "--out", out.name])
    write_report(out, render(make_report(judged, chosen_level, command=command)), force=force)
    typer.echo(out)
    raise typer.Exit(0 if all(each.right for each in judged) else 1)
