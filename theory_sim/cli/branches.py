"""Command: branch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.cli.app import app
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import Quiet, RunsOut, Threads, parse_settings
from theory_sim.cli.runs import end, get_findings
from theory_sim.terminal.output import Output, Result, TextJsonCsv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory_sim.trajectory import Trajectory

Changes = Annotated[list[str], typer.Option(
    "--set", metavar="FIELD=VALUE[/VALUE...]",
    help="A field that changes; with several values, one continuation each; of several such fields every combination.",
)]


@app.command()
def branch(
    run: Annotated[Path, typer.Argument(help="Folder of a saved run; it is only read.")],
    at_tau: Annotated[float, typer.Option(help="Learning-rate time up to which the continuations are that run.")],
    settings: Changes, threads: Threads = None, out: RunsOut = Path("runs"), quiet: Quiet = False,
    form: TextJsonCsv = "text",
) -> None:
    """Continue one run in several ways from a time on; what they share is computed once.

    Each is bitwise the whole run with its fields. Interrupted, the same command continues.
    """
    from theory_sim.sweeps.branching import Branches, combinations
    from theory_sim.sweeps.plan import Plan
    from theory_sim.terminal.progress import run_progress
    from theory_sim.trajectory import Trajectory

    changes = combinations(*_changes(settings))
    base = Trajectory.load(run)
    output = Output(form, quiet=quiet)
    prepared = Branches.prepare(base, at_tau, changes, out, threads=threads)
    with interruptible(lambda: f"continue with: {typed()}"):
        with run_progress(Plan.of(base.experiment), shown=not quiet) as progress:
            results = prepared.run(progress)
        trajectories = [trajectory for _, trajectory in results]
        if trajectories[-1].outcome == "interrupted":
            typer.echo(f"{trajectories[-1].message}; continue with: {typed()}", err=True)
            raise typer.Exit(130)
        findings = get_findings(trajectories)
        rows = [_row(path, trajectory) for path, trajectory in results]
        output.put(Result("theory-sim.branch", lambda: {"at_tau": at_tau, "findings": findings, "continuations": rows},
                          lambda: [_table(rows), *(f"run: {path}" for path, _ in results)], lambda: rows))
    end(findings)


def _row(path: Path, run: Trajectory) -> dict[str, Any]:
    """What a continuation came to."""
    from theory_sim.observe.learning_order import learning_order
    from theory_sim.storage.plain import make_plain

    learnt, last = learning_order(run), run.dataset.isel(record=-1)
    row = {"run": path.name, "outcome": run.outcome, "tau": float(last["tau"]), "train_loss": float(last["train_loss"]),
           "P_error": float(last["P_error"]), "tau_P": learnt.tau_P, "tau_Q": learnt.tau_Q, "order": learnt.order}
    plain: dict[str, Any] = make_plain(row)
    return plain


def _table(rows: Sequence[dict[str, Any]]) -> Any:
    from theory_sim.terminal.tables import headed_table

    table = headed_table("Continuations", ("run", "train loss", "P error", "tau_P", "tau_Q", "order"))
    for row in rows:
        times = ["not learnt" if row[name] is None else f"{row[name]:.0f}" for name in ("tau_P", "tau_Q")]
        table.add_row(row["run"], f"{row['train_loss']:.4f}", f"{row['P_error']:.4f}", *times, row["order"])
    return table


def _changes(settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Fields with one value, and fields with several."""
    fixed: dict[str, Any] = {}
    varied: dict[str, list[Any]] = {}
    for name, text in (pair.partition("=")[::2] for pair in settings):
        values = [parse_settings([f"{name}={value}"])[name.strip()] for value in text.split("/")]
        if len(values) == 1:
            fixed |= {name.strip(): values[0]}
        else:
            varied[name.strip()] = values
    parse_settings([pair.partition("/")[0] for pair in settings])  # refuses a field that is given twice
    return fixed, varied
