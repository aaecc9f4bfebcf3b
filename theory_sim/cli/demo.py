"""The main job: `theory-sim demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from theory_sim.cli.app import app
from theory_sim.cli.help import Described
from theory_sim.cli.interrupted import interruptible, say_interrupted, typed
from theory_sim.cli.options import Quiet, RunsOut, Seeds, Threads, make_plan
from theory_sim.cli.runs import end, get_findings, make_result
from theory_sim.terminal.output import Force, Output, TextJsonCsv, Verbose, hanging

if TYPE_CHECKING:
    from theory_sim.sweeps.plan import Plan
    from theory_sim.sweeps.run_plan import PreparedPlan
    from theory_sim.trajectory import Trajectory


@app.command(cls=Described)
def demo(
    seeds: Seeds = "0:5", threads: Threads = None, out: RunsOut = Path("runs"),
    figures: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for figures.")] = Path("figures"),
    verbose: Verbose = False,
    force: Force = False, quiet: Quiet = False, form: TextJsonCsv = "text",
) -> None:
    """The main job: what is learnt first under a large rate, annealed later (L-S), and a small one (S), and what that costs.

    First the default preset at finite width, drawn with the mean field's curve, then the preset "gap" in the infinite-width
    limit. Runs that are already there are read, not run again, and unfinished ones are continued; figures of its own that are
    there are replaced.
    """
    from theory_sim.engines import Engine
    from theory_sim.plots.decomposition import plot_decomposition
    from theory_sim.plots.learning_order import plot_learning_order
    from theory_sim.plots.style import FORMATS, require_own_figure, save_figure
    from theory_sim.regimes import regime
    from theory_sim.sweeps.demonstration import GAP_ENGINE, gap_plan, measure, tell
    from theory_sim.sweeps.over_seeds import summarise
    from theory_sim.sweeps.run_plan import prepare_plan
    from theory_sim.terminal.regime_tables import regime_table
    from theory_sim.terminal.tables import order_tables, summary_tables

    drawn = {"learning-order": plot_learning_order, "decomposition": plot_decomposition}
    paths = {figures / f"{name}.{suffix}": draw for name, draw in drawn.items() for suffix in FORMATS}
    for path in paths:
        require_own_figure(path)
    plan, gap = make_plan(None, None, None, "L-S,S", seeds), gap_plan()
    output = Output(form, quiet=quiet)
    with interruptible(lambda: [("finished runs are kept; continue with:", typed(without=("--force",)))]):
        first, second = (prepare_plan(each, out, engine=engine, existing="replace" if force else "continue", threads=threads)
                         for each, engine in ((plan, Engine()), (gap, GAP_ENGINE)))
        for note in (*first.notes, *second.notes):
            output.note(f"note: {note}")
        judged = regime(plan.experiment.replace(schedule=plan.compare[0]))
        if verbose:
            output.say(regime_table(judged, verbose=True))
        results = _run(plan, first, output, left=f"{len(gap)} of the second experiment")
        trajectories = [run for _, run in results]
        summaries = summarise(trajectories)
        output.say(summary_tables(summaries, verbose=True) if verbose else order_tables(summaries))
        exact = [Engine("mean-field").run(plan.experiment.replace(schedule=schedule)) for schedule in plan.compare]
        shown = {plot_learning_order: [*trajectories, *exact], plot_decomposition: trajectories}
        for path, draw in paths.items():
            save_figure(draw(shown[draw]), path, force=True)
        output.note("note: now the second experiment, at infinite width; up to a minute")
        wide = _run(gap, second, output)
        parts = measure(trajectories), measure([run for _, run in wide])
        story = tell(*parts)
    findings = get_findings([*trajectories, *(run for _, run in wide)])
    output.say(f"runs: {out}{'/'}", f"figures: {', '.join(str(path) for path in paths if path.suffix == '.png')}", "",
               *(hanging(head, line, 11) for head, line in story.items()))
    output.put(make_result(summaries, {
        "experiment": plan.experiment.fields(), "engine": Engine().label, "regime": judged.to_dict(), "findings": findings,
        "runs": [str(path) for path, _ in (*results, *wide)], "figures": [str(path) for path in paths],
        "parts": [part.to_dict() for part in parts], "story": story,
    }, said=True))
    end(findings)


def _run(plan: Plan, prepared: PreparedPlan, output: Output, *, left: str = "") -> list[tuple[Path, Trajectory]]:
    """The runs of one part; exit status 130 if they are interrupted, with what is ``left`` besides."""
    from theory_sim.terminal.progress import run_progress

    with run_progress(plan, shown=not output.quiet) as progress:
        results = prepared.run(progress)
    if results[-1][1].outcome == "interrupted":
        done = f"{len(results) - 1} of {len(plan)} runs done{f', then {left}' if left else ''}; finished runs are kept"
        say_interrupted(results[-1][1].message, [(f"{done}; continue with:", typed(without=("--force",)))])
        raise typer.Exit(130)
    return results
