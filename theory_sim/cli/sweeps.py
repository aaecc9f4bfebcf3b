"""Commands on sweeps."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from theory_sim.cli.app import sweep
from theory_sim.cli.interrupted import interruptible, typed
from theory_sim.cli.options import Quiet, RunsOut, Seeds, parse_seeds_option, printed_warnings
from theory_sim.terminal.headings import command_on
from theory_sim.terminal.output import Force, OutFile, Output, Result, TextJson, TextJsonCsv, Verbose, with_command
from theory_sim.terminal.safe_text import one_line
from theory_sim.terminal.wrapping import say_aside, say_steps

if TYPE_CHECKING:
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.status import SweepStatus
    from theory_sim.sweeps.store import SweepStore

Folder = Annotated[Path, typer.Argument(help="Folder of the sweep.")]
Declaration = Annotated[Path, typer.Argument(help="Sweep in TOML.")]
Workers = Annotated[int | None, typer.Option(help="Worker processes (default: one a processor); 0: this process alone.")]
OwnThreads = Annotated[int | None, typer.Option("--threads", help="Threads a run, with --workers 0.")]
ExecutorName = Annotated[str | None, typer.Option("--executor", help="Where runs are computed.")]
Scheduler = Annotated[str | None, typer.Option(
    "--scheduler", metavar="ADDRESS", help="Scheduler with workers elsewhere, such as tcp://10.0.0.5:8786 (executor dask).",
)]
Levels = Annotated[int | None, typer.Option(
    "--adaptive", metavar="LEVELS", help="Refine near boundaries of the learning order: halve cells this many times.",
)]
AnyVersion = Annotated[bool, typer.Option("--any-version", help="Even with other libraries or another processor.")]


class WithExecutors(TyperCommand):
    """A command whose help lists the executors; they are looked for when it is asked."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from theory_sim.sweeps.executors.base import executor_help

        for parameter in self.params:
            if parameter.name == "executor":
                parameter.help = executor_help()  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


@sweep.command("expand")
def expand_command(
    declaration: Declaration,
    listed: Annotated[bool, typer.Option("--list", help="List every run, as --format csv does.")] = False,
    quiet: Quiet = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Count the runs of a sweep and what varies among them, or say all that is wrong with it; nothing runs."""
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.expansion import expand

    output = Output(form, out, force=force, quiet=quiet)
    with printed_warnings():
        found = expand(Sweep.from_toml(declaration))

    def text() -> list[Any]:
        from theory_sim.terminal.expansion_table import expansion_table, list_of_runs

        return [expansion_table(found), *(list_of_runs(found) if listed else []),
                with_command("to compute them:", command_on("theory-sim sweep run", declaration))]

    output.put(Result("theory-sim.sweep_expansion", lambda: {**found.counts(), "rows": list(found.rows()) if listed else []},
                      text, lambda: list(found.rows())))


@sweep.command("run", cls=WithExecutors)
def run_command(
    declaration: Declaration, workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    scheduler: Scheduler = None, adaptive: Levels = None, any_version: AnyVersion = False,
    out: RunsOut = Path("runs"), quiet: Quiet = False, form: TextJsonCsv = "text",
) -> None:
    """Compute a sweep into OUT/<its name>, print what was learnt where, and write the summary.

    Interrupted or killed, the same command continues it, and so does theory-sim sweep resume. Finished, it is shown again.
    """
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.executors.base import require_executor
    from theory_sim.sweeps.store import DECLARATION
    from theory_sim.trajectory import require_can_hold

    executor = placed(executor, scheduler)
    require_executor(executor, workers, threads)  # before anything is written
    if not any(out.glob(f"*/{DECLARATION}")):  # of one that is finished nothing need be written
        require_can_hold(out / declaration.stem)  # before a long sweep is validated
    with printed_warnings():
        declared = with_levels(Sweep.from_toml(declaration), adaptive)
    with interruptible(lambda: [("continue with:", typed())]):
        output = Output(form, quiet=quiet)
        store = _begun_or_new(out / declared.name, declared, output)
    _compute(store, workers, threads, executor, output, any_version=any_version)


def _begun_or_new(folder: Path, declared: Sweep, output: Output) -> SweepStore:
    """The sweep's store: new, or the one in which it was begun."""
    from theory_sim.errors import StoreError
    from theory_sim.sweeps.collect import SUMMARY
    from theory_sim.sweeps.store import SweepStore

    if not (folder / "sweep.toml").exists():
        return SweepStore.create(folder, declared)
    store = SweepStore(folder)
    if store.sweep != declared:
        raise StoreError(f"{folder} holds another sweep", "results are never overwritten unasked",
                         f"theory-sim sweep extend {folder}, or another name or --out")
    if not store.status().pending and (folder / SUMMARY).exists():
        output.note(f"note: {folder} holds this sweep already, finished: shown, not run again")
    return store


@sweep.command("resume", cls=WithExecutors)
def resume_command(
    folder: Folder, workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None,
    scheduler: Scheduler = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Begin failed runs anew.")] = False,
    any_version: AnyVersion = False, quiet: Quiet = False, form: TextJsonCsv = "text", out: OutFile = None,
    force: Force = False,
) -> None:
    """Continue a sweep that was interrupted or killed, to the bitwise same summary."""
    from theory_sim.sweeps.store import SweepStore

    output = Output(form, out, force=force, quiet=quiet)
    _compute(SweepStore(folder), workers, threads, placed(executor, scheduler), output, retry_failed=retry_failed,
             any_version=any_version)


@sweep.command("extend", cls=WithExecutors)
def extend_command(
    folder: Folder,
    declaration: Annotated[Path | None, typer.Argument(help="Declaration that holds every present run, and more.")] = None,
    seeds: Seeds = None, adaptive: Levels = None,
    workers: Workers = None, threads: OwnThreads = None, executor: ExecutorName = None, scheduler: Scheduler = None,
    any_version: AnyVersion = False, quiet: Quiet = False, form: TextJsonCsv = "text", out: OutFile = None,
    force: Force = False,
) -> None:
    """Declare more runs, by a file, more seeds or a finer adaptive grid, and compute only those that are new."""
    from dataclasses import replace

    from theory_sim.errors import InputError
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.store import SweepStore

    output = Output(form, out, force=force, quiet=quiet)
    store = SweepStore(folder)
    given = parse_seeds_option(seeds)
    if declaration is None and given is None and adaptive is None:
        raise InputError("neither a declaration nor --seeds nor --adaptive", "what to extend by", "give one of them")
    with printed_warnings():
        wider = store.sweep if declaration is None else Sweep.from_toml(declaration)
    if given is not None:
        wider = replace(wider, seeds=tuple(dict.fromkeys((*wider.seeds, *given))))
    wider = with_levels(wider, adaptive)
    if not any_version:
        store.require_same_environment()
    added = store.extend(wider)
    output.note(f"{added} new runs")
    _compute(store, workers, threads, placed(executor, scheduler), output, any_version=any_version)


@sweep.command("status")
def status_command(folder: Folder, form: TextJson = "text", out: OutFile = None, force: Force = False) -> None:
    """Print how far a sweep is, and failed runs by their cause."""
    from theory_sim.sweeps.store import SweepStore

    output = Output(form, out, force=force)
    store = SweepStore(folder)
    status = store.status()

    def text() -> list[Any]:
        from theory_sim.terminal.sweep_tables import saved_lines, status_table

        return [status_table(status), *saved_lines(store.sweep)]

    output.put(Result("theory-sim.sweep_status", lambda: _status_fields(store, status), text))


@sweep.command("collect")
def collect_command(
    folder: Folder, quiet: Quiet = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False
) -> None:
    """Gather the finished runs into summary/summary.zarr and summary/summary.csv, and print the table."""
    from theory_sim.sweeps.store import SweepStore

    _collect(SweepStore(folder), Output(form, out, force=force, quiet=quiet))


@sweep.command("gc")
def gc_command(folder: Folder, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False) -> None:
    """Remove what no run needs: drafts, and unfinished parts of finished runs."""
    from theory_sim.sweeps.store import SweepStore

    output = Output(form, out, force=force)
    store = SweepStore(folder)
    rows = [{"path": str(path), "removed": True} for path in store.gc()]
    removed = len(rows)
    rows += [{"path": str(path), "removed": False} for path in store.strangers()]
    what = {True: "removed", False: "left alone, not written by theory_sim or in use"}
    output.put(Result("theory-sim.sweep_gc", lambda: {"paths": rows},
                      lambda: [*(f"{what[bool(row['removed'])]}: {one_line(str(row['path']))}" for row in rows),
                               f"{removed} removed"],
                      lambda: rows, ("path", "removed")))


@sweep.command("check")
def check_command(
    folder: Folder,
    repair: Annotated[bool, typer.Option("--repair", help="Make a damaged manifest or declaration again.")] = False,
    form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Hold every file of a sweep against the digest that was written with it; exit status 1 if one is damaged."""
    from theory_sim.sweeps.integrity import check_sweep, repair_sweep

    output = Output(form, out, force=force)
    done = repair_sweep(folder) if repair else []
    found = check_sweep(folder)
    rows = [{"path": str(each.path), "state": each.state, "detail": each.detail} for each in found]
    counts = Counter(each.state for each in found)
    bad = sum(each.bad for each in found)

    def text() -> list[Any]:
        shown = [f"{each.state}: {each.detail if str(each.path) in each.detail else f'{each.path} {each.detail}'.rstrip()}"
                 for each in found if each.state != "as written"]
        closing = ", ".join(f"{count} {state}" for state, count in counts.items())
        return [*(f"repaired: {each}" for each in done), *shown, closing]

    output.put(Result("theory-sim.sweep_check", lambda: {"folder": str(folder), "repaired": done, "found": rows}, text,
                      lambda: rows, ("path", "state", "detail")))
    if bad:
        where = shlex.quote(str(folder))
        say_steps([(f"finding: {bad} damaged or missing; to compute runs again:", f"theory-sim sweep resume {where}"),
                   ("to make the rest:", f"theory-sim sweep check --repair {where}")])
    raise typer.Exit(1 if bad else 0)


@sweep.command("compare")
def compare_command(
    folder: Folder,
    quantity: Annotated[str, typer.Argument(help="Variable of the summary, such as tau_Q, P_error, h, error_test.")],
    between: Annotated[str, typer.Option(help="Two labels: a, then b.")] = "S,L-S",
    dim: Annotated[str, typer.Option(help="Dimension that they are of: schedule or engine.")] = "schedule",
    ratio: Annotated[bool, typer.Option("--ratio", help="Compare b / a instead of b - a.")] = False,
    level: Annotated[float | None, typer.Option(help="Level of a learning time (default 0.45).")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of examples: P-only, Q-only or both.")] = None,
    verbose: Verbose = False, form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Compare two schedules, or engines, on the same data at every place of a sweep, paired over the seeds."""
    from theory_sim.errors import InputError
    from theory_sim.sweeps.collect import collect
    from theory_sim.sweeps.compare import COMPARED, compare_sweep
    from theory_sim.sweeps.store import SweepStore

    output = Output(form, out, force=force)
    if dim not in COMPARED:
        raise InputError(f"--dim {dim}", " or ".join(COMPARED), "choose one of these")
    labels = {name: value for name, value in (("level", level), ("kind", kind)) if value is not None}
    summary = collect(SweepStore(folder), save=False)
    first, second = _two_labels(between, [str(label) for label in summary.dataset[dim].values])
    frame = compare_sweep(summary, quantity, between=(first, second), dim=dim,
                          kind="ratio" if ratio else "difference", labels=labels)
    what = f"{second} / {first}" if ratio else f"{second} - {first}"

    def text() -> list[Any]:
        from theory_sim.terminal.sweep_tables import comparison_table

        shown = "".join(f", {name} {value}" for name, value in labels.items())
        return [comparison_table(frame, f"{quantity}{shown}: {what}, pairs on the same data", verbose=verbose)]

    rows = frame.to_dict("records")
    output.put(Result("theory-sim.sweep_comparison", lambda: {"quantity": quantity, "labels": labels, "compared": what,
                                                              "rows": rows}, text, lambda: rows))


def _two_labels(between: str, known: list[str]) -> tuple[str, str]:
    """Labels of a text "a,b"; a label may have commas itself, then the one that parts two known labels counts."""
    from theory_sim.errors import InputError

    commas = [at for at, letter in enumerate(between) if letter == ","]
    pairs = [(between[:at].strip(), between[at + 1:].strip()) for at in commas]
    pairs = [pair for pair in pairs if all(pair)]
    if not pairs:
        raise InputError(f"--between {between}", "two labels with a comma between", "such as --between S,L-S")
    return max(pairs, key=lambda pair: sum(label in known for label in pair))


def with_levels(sweep: Sweep, levels: int | None) -> Sweep:
    """The sweep, adaptive with so many levels if any are given."""
    from theory_sim.reading import by_options
    from theory_sim.sweeps.refinement import refined

    if levels is None:
        return sweep
    with by_options({"adaptive.levels": "--adaptive"}):
        return refined(sweep, levels)


def placed(executor: str | None, scheduler: str | None) -> str | None:
    """An executor's name, with the address of its workers if there is one."""
    return executor if scheduler is None else f"{executor or 'dask'}@{scheduler}"


def _compute(
    store: SweepStore, workers: int | None, threads: int | None, executor: str | None, output: Output, *,
    retry_failed: bool = False, any_version: bool = False,
) -> None:
    """Compute what is pending, print what came of it, and end the program with its status."""
    from theory_sim.sweeps.run import run_sweep
    from theory_sim.terminal.progress import sweep_progress

    again = f"theory-sim sweep resume {shlex.quote(str(store.folder))}"
    with interruptible(lambda: [("finished runs are kept; continue with:", again)]):
        with sweep_progress(store.sweep.name, store.status().total, shown=not output.quiet) as progress:
            status = run_sweep(store, workers=workers, threads=threads, executor=executor, retry_failed=retry_failed,
                               any_version=any_version, progress=progress)
        for id, what in status.recomputed.items():
            say_aside(f"run {id} was not as it was written and is computed again: {what}")
        if status.pending:
            say_steps([(f"{status.done} of {status.total} runs done; continue with:", again)])
            raise typer.Exit(130)
        _collect(store, output)


def _collect(store: SweepStore, output: Output) -> None:
    from theory_sim.sweeps.collect import SUMMARY, collect

    summary = collect(store)
    status = store.status()
    diverged = int((summary.dataset["outcome"].values == "diverged").sum())

    def text() -> list[Any]:
        from theory_sim.terminal.sweep_tables import saved_lines, status_table, summary_table

        return [summary_table(summary), status_table(status), *saved_lines(store.sweep), f"summary: {store.folder / SUMMARY}",
                *_drawn_by(store)]

    output.put(Result(
        "theory-sim.sweep_status",
        lambda: {**_status_fields(store, status), "summary": str(store.folder / SUMMARY), "diverged": diverged},
        text, lambda: str(summary.frame.to_csv(index=False)),  # byte for byte the summary's own
    ))
    if diverged:
        say_aside(f"finding: {diverged} runs diverged")
    if status.failed:
        say_steps([(f"finding: {status.failed} runs failed:", f"theory-sim sweep status {shlex.quote(str(store.folder))}")])
    raise typer.Exit(1 if diverged or status.failed else 0)


def _drawn_by(store: SweepStore) -> list[str]:
    """The command that draws a sweep's phase diagram, if it has both schedules of the theory and two numbers that vary."""
    from theory_sim.theory.predicted_order import EXPECTED

    varied = [axis for axis in store.sweep.varied_axes() if len(axis) > 1]
    numbers = all(len(axis.fields) == 1 and isinstance(value, (int, float)) for axis in varied for value, *_ in axis.points)
    schedules = {schedule.label for schedule in store.sweep.variants}
    if len(varied) != 2 or not numbers or not schedules >= EXPECTED.keys() or len(store.sweep.engines) > 1:
        return []
    x, y = (axis.fields[0] for axis in varied)
    return [with_command("to draw it:", command_on("theory-sim plot phase", store.folder, options=["--x", x, "--y", y]))]


def _status_fields(store: SweepStore, status: SweepStatus) -> dict[str, Any]:
    from dataclasses import asdict

    from theory_sim.sweeps.refinement import get_saved

    saved = get_saved(store.sweep)
    told = {name: value for name, value in asdict(status).items() if name != "stopping"}  # of the process that is at it
    return {"folder": str(store.folder), **told, **({} if saved is None else {"adaptive": asdict(saved)})}
