"""Options that several commands have, and what their texts mean."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.terminal.progress import be_quiet
from theory_sim.terminal.wrapping import say_aside

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from theory_sim.errors import InputError
    from theory_sim.sweeps.plan import Plan

File = Annotated[Path | None, typer.Argument(help="Experiment in TOML; left out, the preset.")]
Runs = Annotated[list[Path], typer.Argument(help="Folders of saved runs.")]
Preset = Annotated[str | None, typer.Option(help="Preset to start from instead of a file (default: default).")]
Settings = Annotated[list[str] | None, typer.Option(
    "--set", metavar="FIELD=VALUE",
    help="Change a field; repeatable. {choices}.",
)]
Compare = Annotated[str | None, typer.Option(help="Schedules on the same data, such as L-S,S. One of: {schedules}.")]
Seeds = Annotated[str | None, typer.Option(help="Seeds: 0,1,2 or a range 0:5 (without its end).")]
Observe = Annotated[list[str] | None, typer.Option(
    metavar="NAME[:TIMES[,probes=n]]",
    help="Record more; repeatable. NAME: {observers}. "
         "TIMES: every_steps=n, log_steps=n, every_tau=x, at_tau=x/y/z.",
)]
Threads = Annotated[int | None, typer.Option(help="Threads a run; any number gives the same result.")]
RunsOut = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for runs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes, and no text on standard output.",
                                     callback=be_quiet)]


def parse_settings(pairs: Sequence[str] | None, option: str = "--set", texts: Collection[str] = ()) -> dict[str, Any]:
    """Fields and values of texts FIELD=VALUE; the values of fields that hold text, and of ``texts``, stay text."""
    from theory_sim.errors import Fault, InputError, gathered, shown
    from theory_sim.experiment.field_kinds import takes_text
    from theory_sim.reading import parse_value

    changes: dict[str, Any] = {}
    said: dict[str, str] = {}
    faults: list[Fault] = []
    for pair in pairs or ():
        field, equals, text = pair.partition("=")
        field = field.strip()
        with gathered(faults):
            if not equals or not field:
                raise InputError(f"{option} {shown(pair)}", "FIELD=VALUE", f"such as {option} d=400 or {option} schedule=S")
            if field in said:
                raise InputError(f"{option} {shown(said[field])} and {option} {shown(pair)}", "each field once",
                                 "leave one of the two out")
            said[field] = pair
            changes[field] = parse_value(field, text, option, is_text=field in texts or takes_text(field))
    if faults:
        raise InputError.of(faults)
    return changes


def parse_observe(texts: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    from theory_sim.errors import InputError, shown

    observe: dict[str, dict[str, Any]] = {}
    for text in texts or ():
        name, _, options = text.partition(":")
        fields: dict[str, Any] = {}
        for option in filter(None, options.split(",")):
            key, equals, value = option.partition("=")
            if not equals or key in fields:
                raise _bad_observer(text)
            fields[key] = _recording_value(key, value, text)
        if name.strip() in observe:
            raise InputError(f"--observe {shown(text)}", f"{shown(name.strip())} once", "put its options into one --observe")
        observe[name.strip()] = fields
    return observe


def _recording_value(key: str, value: str, text: str) -> Any:
    from theory_sim.reading import real_number, whole_number

    if key == "at_tau":
        times = [real_number(part) for part in value.split("/")]
        if None in times:
            raise _bad_observer(text)
        return times
    whole = None if key == "every_tau" else whole_number(value)
    found = real_number(value) if whole is None else whole
    if found is None:
        raise _bad_observer(text)
    return found


def _bad_observer(text: str) -> InputError:
    from theory_sim.errors import InputError, shown

    return InputError(f"--observe {shown(text)}", "NAME, or NAME:key=value,key=value with numbers, each key once",
                      "such as --observe kernels:every_tau=25,probes=100")


def parse_seeds_option(text: str | None) -> list[int] | None:
    from theory_sim.reading import parse_seeds

    return None if text is None else parse_seeds(text, "--seeds")


def make_plan(
    file: Path | None, preset: str | None, settings: Sequence[str] | None, compare: str | None, seeds: str | None,
    observe: Sequence[str] | None = None,
) -> Plan:
    from theory_sim.errors import InputError
    from theory_sim.reading import by_options
    from theory_sim.sweeps.plan import Plan

    changes = parse_settings(settings)
    lists = {"seed": ("--seeds", seeds), "schedule": ("--compare", compare), "observe": ("--observe", observe)}
    for field, (option, given) in lists.items():
        if field in changes and given:
            raise InputError(f"--set {field} and {option}", f"{option} gives every {field}", "leave one of the two out")
    if observe:
        changes["observe"] = parse_observe(observe)
    if file is not None and preset is not None:
        raise InputError(f"the file {file} and --preset {preset}", "a run starts from one of them", "leave one of the two out")
    options = {field: f"--set {field}" for field in changes}
    if observe:
        options["observe"] = "--observe"
    if compare is not None:
        options["schedule"] = "--compare"
    schedules = [part.strip() for part in compare.split(",")] if compare is not None else None
    # The first of the schedules at once: with it come fields of its own, such as pieces.
    plan = _start(file, preset, {**changes, "schedule": schedules[0]} if schedules else changes, options)
    with by_options(options):
        if schedules or seeds is not None:
            plan = Plan.of(plan.experiment, schedules or plan.compare, parse_seeds_option(seeds) or plan.seeds)
        unread = plan.experiment.unread(changes, plan.compare)
        if unread:
            raise InputError.of(unread)
    return plan


def _start(file: Path | None, preset: str | None, changes: dict[str, Any], options: dict[str, str]) -> Plan:
    """Plan of a file, whose warnings are printed, or of a preset; with the changes of the command line."""
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.experiment.description import preset_names
    from theory_sim.reading import by_options
    from theory_sim.sweeps.plan import Plan

    if file is not None and not file.exists() and str(file) in preset_names():
        raise InputError(f"the file {file}, which is not there", "a file",
                         f"--preset {file} starts from the preset of that name")
    if file is None:
        start = Experiment.preset(preset or "default")
        with by_options(options):
            return Plan.of(start.replace(**changes))
    with printed_warnings():
        return Plan.from_toml(file, changes, options)


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Print what is warned of as a line on standard error, without the place in the code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        say_aside(f"warning: {warning.message}")
