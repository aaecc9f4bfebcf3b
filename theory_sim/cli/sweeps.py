"""Commands on sweeps."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from theory_sim.cli.app import sweep
from theory_sim.cli.interrupted import interruptible
from theory_sim.cli.options import Json, Out, Quiet, Seeds, parse_seeds_option, printed_warnings

if TYPE_CHECKING:
    from theory_sim.sweeps.store import SweepStatus, SweepStore

Folder = Annotated[Path, typer.Argument(help="Folder of the sweep.")]
Declaration = Annotated[Path, typer.Argument(help="Sweep in TOML.")]
Workers = Annotated[int | None, typer.Option(help="Worker processes (default: one a processor); 0: this process alone.")]
OwnThreads = Annotated[int | None, typer.Option("--threads", help="Threads a run, with --workers 0.")]
ExecutorName = Annotated[str | None, typer.Option("--executor", help="Where runs are computed.")]
AnyVersion = Annotated[bool, typer.Option("--any-version", help="Even with other libraries or another processor.")]


class WithExecutors(TyperCommand):
    """A command whose help lists the executors; they are looked for when it is asked."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from theory_sim.sweeps.executors.base import executor_help

        for parameter in self.params:
            if parameter.name == "executor":
                parameter.help = executor_help()  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


@sweep.command("run", cls=WithExecutors)
def run_command(
    declaration: Declaration, workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    out: Out = Path("runs"), quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Compute a sweep into OUT/<its name>, print what was learnt where, and write the summary.

    Interrupted or killed, theory-sim sweep resume continues it.
    """
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.executors.base import require_executor
    from theory_sim.sweeps.store import SweepStore

    require_executor(executor, workers, threads)  # before anything is written
    with printed_warnings():
        declared = Sweep.from_toml(declaration)
    folder = out / declared.name
    if (folder / "sweep.toml").exists():
        from theory_sim.errors import StoreError

        raise StoreError(f"{folder} holds a sweep", "results are never overwritten unasked",
                         f"theory-sim sweep resume {folder}, or extend, or another name or --out")
    _compute(SweepStore.create(folder, declared), workers, threads, executor, quiet, as_json)


@sweep.command("resume", cls=WithExecutors)
def resume_command(
    folder: Folder, workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Begin failed runs anew.")] = False,
    any_version: AnyVersion = False, quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Continue a sweep that was interrupted or killed, to the bitwise same summary."""
    from theory_sim.sweeps.store import SweepStore

    _compute(SweepStore(folder), workers, threads, executor, quiet, as_json, retry_failed=retry_failed, any_version=any_version)


@sweep.command("extend", cls=WithExecutors)
def extend_command(
    folder: Folder,
    declaration: Annotated[Path | None, typer.Argument(help="Declaration that holds every present run, and more.")] = None,
    seeds: Seeds = None, workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    any_version: AnyVersion = False, quiet: Quiet = False, as_json: Json = False,
) -> None:
    """Declare more runs, by a file or by more seeds, and compute only those that are new."""
    from dataclasses import replace

    from theory_sim.errors import InputError
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.store import SweepStore

    store = SweepStore(folder)
    given = parse_seeds_option(seeds)
    if declaration is None and given is None:
        raise InputError("neither a declaration nor --seeds", "what to extend by", "give one of them")
    with printed_warnings():
        wider = store.sweep if declaration is None else Sweep.from_toml(declaration)
    if given is not None:
        wider = replace(wider, seeds=tuple(dict.fromkeys((*wider.seeds, *given))))
    if not any_version:
        store.require_same_environment()
    added = store.extend(wider)
    if not (quiet or as_json):
        typer.echo(f"{added} new runs")
    _compute(store, workers, threads, executor, quiet, as_json, any_version=any_version)


@sweep.command("status")
def status_command(folder: Folder, as_json: Json = False) -> None:
    """Print how far a sweep is, and failed runs by their cause."""
    from theory_sim.sweeps.store import SweepStore

    status = SweepStore(folder).status()
    if as_json:
        typer.echo(json.dumps(_status_fields(status), indent=2))
        return
    from theory_sim.terminal.sweep_tables import status_table
    from theory_sim.terminal.tables import show

    show(status_table(status))


@sweep.command("collect")
def collect_command(folder: Folder, quiet: Quiet = False, as_json: Json = False) -> None:
    """Gather the finished runs into summary/summary.zarr and summary/summary.csv, and print the table."""
    from theory_sim.sweeps.store import SweepStore

    _collect(SweepStore(folder), quiet, as_json)


@sweep.command("gc")
def gc_command(folder: Folder) -> None:
    """Remove what no run needs: drafts, and unfinished parts of finished runs."""
    from theory_sim.sweeps.store import SweepStore

    store = SweepStore(folder)
    removed = store.gc()
    for path in removed:
        typer.echo(f"removed: {path}")
    for path in store.strangers():
        typer.echo(f"left alone, not written by theory_sim or in use: {path}")
    typer.echo(f"{len(removed)} removed")


@sweep.command("compare")
def compare_command(
    folder: Folder,
    quantity: Annotated[str, typer.Argument(help="Variable of the summary, such as tau_Q, P_error, h, error_test.")],
    between: Annotated[str, typer.Option(help="Two labels: a, then b.")] = "S,L-S",
    dim: Annotated[str, typer.Option(help="Dimension that they are of: schedule or engine.")] = "schedule",
    ratio: Annotated[bool, typer.Option("--ratio", help="Compare b / a instead of b - a.")] = False,
    level: Annotated[float | None, typer.Option(help="Level of a learning time (default 0.45).")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of examples: P-only, Q-only or both.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two schedules, or engines, on the same data at every place of a sweep, paired over the seeds."""
    from theory_sim.errors import InputError
    from theory_sim.sweeps.collect import collect
    from theory_sim.sweeps.compare import compare_sweep
    from theory_sim.sweeps.store import SweepStore

    if dim not in ("schedule", "engine"):
        raise InputError(f"--dim {dim}", "schedule or engine", "choose one of these")
    first, comma, second = between.rpartition(",") if dim == "schedule" else between.partition(",")
    if not comma or not first or not second:
        raise InputError(f"--between {between}", "two labels with a comma between", "such as --between S,L-S")
    labels = {name: value for name, value in (("level", level), ("kind", kind)) if value is not None}
    frame = compare_sweep(collect(SweepStore(folder), save=False), quantity, between=(first, second), dim=dim,
                          kind="ratio" if ratio else "difference", labels=labels)
    if as_json:
        from theory_sim.storage.plain import make_plain

        typer.echo(json.dumps(make_plain(frame.to_dict("records")), indent=2))
        return
    from theory_sim.terminal.sweep_tables import comparison_table
    from theory_sim.terminal.tables import show

    shown = "".join(f", {name} {value}" for name, value in labels.items())
    what = f"{second} / {first}" if ratio else f"{second} - {first}"
    show(comparison_table(frame, f"{quantity}{shown}: {what}, pairs on the same data"))


def _compute(
    store: SweepStore, workers: int | None, threads: int | None, executor: str | None, quiet: bool, as_json: bool, *,
    retry_failed: bool = False, any_version: bool = False,
) -> None:
    """Compute what is pending, print what came of it, and end the program with its status."""
    from theory_sim.sweeps.run import run_sweep
    from theory_sim.terminal.progress import sweep_progress

    again = f"continue with: theory-sim sweep resume {shlex.quote(str(store.folder))}"
    with interruptible(lambda: f"finished runs are kept; {again}"):
        with sweep_progress(store.sweep.name, store.status().total, shown=not (quiet or as_json)) as progress:
            status = run_sweep(store, workers=workers, threads=threads, executor=executor, retry_failed=retry_failed,
                               any_version=any_version, progress=progress)
        if status.pending:
            typer.echo(f"{status.done} of {status.total} runs done; {again}", err=True)
            raise typer.Exit(130)
        _collect(store, quiet, as_json)


def _collect(store: SweepStore, quiet: bool, as_json: bool) -> None:
    from theory_sim.sweeps.collect import SUMMARY, collect
    from theory_sim.terminal.sweep_tables import status_table, summary_table
    from theory_sim.terminal.tables import show

    summary = collect(store)
    status = store.status()
    diverged = int((summary.dataset["outcome"].values == "diverged").sum())
    if as_json:
        typer.echo(json.dumps({"folder": str(store.folder), "summary": str(store.folder / SUMMARY), "diverged": diverged,
                               **_status_fields(status)}, indent=2))
    elif not quiet:
        show(summary_table(summary), status_table(status))
        typer.echo(f"summary: {store.folder / SUMMARY}")
    if diverged:
        typer.echo(f"finding: {diverged} runs diverged", err=True)
    if status.failed:
        typer.echo(f"finding: {status.failed} runs failed: theory-sim sweep status {store.folder}", err=True)
    raise typer.Exit(1 if diverged or status.failed else 0)


def _status_fields(status: SweepStatus) -> dict[str, Any]:
    from dataclasses import asdict

    from theory_sim.storage.plain import make_plain

    plain: dict[str, Any] = make_plain(asdict(status))
    return plain
