"""Command: branch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from theory_sim.cli.app import app
from theory_sim.cli.interrupted import interruptible, say_interrupted, typed
from theory_sim.cli.options import Quiet, RunsOut, Threads, parse_settings
from theory_sim.cli.runs import end, get_findings
from theory_sim.terminal.output import Output, Result, TextJsonCsv
from theory_sim.terminal.wrapping import Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory_sim.trajectory import Trajectory

Changes = Annotated[list[str], typer.Option(
    "--set", metavar="FIELD=VALUE[/VALUE...]",
    help="A field that changes; with several values, one continuation each; of several such fields every combination.",
)]

_NAME: Final = 15
"""Letters of a run's name side by side: what a table of 80 columns has beside seven columns of numbers."""


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
    from theory_sim.storage.plain import make_plain
    from theory_sim.sweeps.branching import Branches, combinations
    from theory_sim.sweeps.plan import Plan
    from theory_sim.terminal.progress import run_progress
    from theory_sim.trajectory import Trajectory

    changes = combinations(*_changes(settings))
    base = Trajectory.load(run)
    output = Output(form, quiet=quiet)
    prepared = Branches.prepare(base, at_tau, changes, out, threads=threads)

    def how() -> Steps:
        done = sum(path.exists() for path in prepared.paths.values())
        return [(f"{done} of {len(prepared.paths)} continuations done; continue with:", typed())]

    with interruptible(how):
        with run_progress(Plan.of(base.experiment), shown=not quiet) as progress:
            results = prepared.run(progress)
        trajectories = [trajectory for _, trajectory in results]
        if trajectories[-1].outcome == "interrupted":
            say_interrupted(trajectories[-1].message, how())
            raise typer.Exit(130)
        findings = get_findings(trajectories)
        rows = [_row(path, trajectory) for path, trajectory in results]
        plain = [make_plain(row) for row in rows]
        output.put(Result("theory-sim.branch", lambda: {"at_tau": at_tau, "findings": findings, "continuations": plain},
                          lambda: [_table(rows, at_tau, base), *(f"run: {path}" for path, _ in results)], lambda: plain))
    end(findings)


def _row(path: Path, run: Trajectory) -> dict[str, Any]:
    """What a continuation came to; of data without P and Q the learning time of each kind."""
    from theory_sim.observe.learning_order import has_patterns, learning_order, times_by_kind

    last = run.dataset.isel(record=-1)
    row = {"run": path.name, "outcome": run.outcome, "tau": float(last["tau"]), "train_loss": float(last["train_loss"])}
    row |= {f"loss_train {kind}": float(last["loss_train"].sel(kind=kind)) for kind in last["kind"].values.tolist()}
    if not has_patterns(run):
        return {**row, **{f"tau {kind}": time for kind, time in times_by_kind(run).items()}}
    learnt = learning_order(run)
    return {**row, "P_error": float(last["P_error"]), "tau_P": learnt.tau_P, "tau_Q": learnt.tau_Q, "order": learnt.order}


def _table(rows: Sequence[dict[str, Any]], at_tau: float, base: Trajectory) -> Any:
    from theory_sim.terminal.tables import broken_name, headed_table, shown_level
    from theory_sim.theory.conditions import in_words
    from theory_sim.theory.crossings import LEVELS
    from theory_sim.theory.shown_times import shown_learning_time
    from theory_sim.train.losses import make_loss

    loss = make_loss(base.experiment)
    level = f"{shown_level(loss.at_level(LEVELS[0]))}{'' if loss.unit == 'nat' else f' of the {loss.name} loss'}"
    names = [name for name in rows[0] if name not in ("run", "outcome", "tau")]
    heads = (name.removeprefix("loss_train ").replace("_error", " error").replace("train_loss", "all") for name in names)
    table = headed_table(f"Continuations from tau = {at_tau:g}: training losses at the end, learnt below {level}",
                         ("run", *heads))
    table.columns[0].no_wrap = True  # names are broken behind hyphens below
    for row in rows:
        cells = (row[name].replace(" ", "\n") if isinstance(row[name], str) else shown_learning_time(row[name], row["tau"])
                 if name.startswith("tau") else in_words(row[name]) for name in names)
        table.add_row(broken_name(row["run"], _NAME), *cells)
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
