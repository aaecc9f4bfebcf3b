"""The command that opens a page with sliders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from theory_sim.cli.app import app
from theory_sim.cli.help import Described
from theory_sim.cli.options import File, Preset, Settings, make_plan
from theory_sim.terminal.output import Force, require_free


@app.command("explore", cls=Described)
def explore_command(
    file: File = None, preset: Preset = None, settings: Settings = None,
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FILE", help="File that the page's button Save writes.",
    )] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of this machine; 0 for any that is free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address alone.")] = False,
    force: Force = False,
) -> None:
    r"""Open a page whose sliders move an experiment: learning curves of L-S and S, regime, verdict, and the limit on demand.

    The page is on this machine alone, at an address that nobody can guess. Ctrl-C ends it. It needs the extra explore:
    pip install 'theory-sim\[explore]'.
    """
    from theory_sim.explore.saving import Target
    from theory_sim.explore.serve import Server
    from theory_sim.explore.view import SCHEDULES

    if out is not None:
        require_free(out, force=force)
    plan = make_plan(file, preset, settings, None, None)
    seeds = f" Of the seeds {', '.join(map(str, plan.seeds))} the first is taken." if len(plan.seeds) > 1 else ""
    others = [name for name in plan.compare if name not in SCHEDULES]
    schedules = f" Not shown: the schedule {', '.join(others)}." if others else ""
    start = plan.experiment.replace(schedule=SCHEDULES[0], seed=plan.seeds[0])
    server = Server(start, Target(out, force) if out is not None else None, note=f"{seeds}{schedules}".strip(), port=port)

    def begun(address: str) -> None:
        typer.echo(f"{address}\nCtrl-C ends it.")
        if not no_browser:
            import webbrowser

            webbrowser.open(address)

    server.run(begun)
