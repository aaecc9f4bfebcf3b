"""The command that makes a file for a co-author."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from theory_sim.cli.app import app
from theory_sim.terminal.output import Force, require_free
from theory_sim.terminal.safe_text import one_line
from theory_sim.terminal.wrapping import say_aside


@app.command("report")
def report_command(
    stores: Annotated[list[Path], typer.Argument(help="Folders of runs, sweeps and studies, or folders that hold some.")],
    claims: Annotated[Path | None, typer.Option(
        metavar="VERDICTS", help="Verdicts on the theory's statements: what `proofs-check verify --format json` printed.",
    )] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The report.")] = Path("report.html"),
    force: Force = False,
) -> None:
    r"""Write one HTML file that needs nothing else: what was asked and seen, figures, tables, and how to compute it again.

    What is damaged or unfinished is named in it. Exit status 1 if anything is damaged. The figures need the extra report:
    pip install 'theory-sim\[report]'.
    """
    from theory_sim.report.gather import gather
    from theory_sim.report.page import render
    from theory_sim.report.write import write_report

    require_free(out, force=force)
    words = ["theory-sim", "report", *map(str, stores), *(["--claims", str(claims)] if claims is not None else [])]
    report = gather(stores, claims, command=shlex.join([*words, "--out", out.name]))
    write_report(out, render(report), force=force)
    for each in report.problems:
        told = f"{each.what}: {each.found}; {each.fix}".replace(each.what, one_line(each.what))
        say_aside(f"{'finding' if each.damaged else 'note'}: {told}")
    typer.echo(out)
    raise typer.Exit(1 if any(each.damaged for each in report.problems) else 0)
