"""The command that proves learning orders: order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofs_check.cli.app import app
from proofs_check.cli.described import is_sweep
from proofs_check.cli.experiments import AnyFile, PresetName
from theory_sim.terminal.headings import experiment_heading
from theory_sim.terminal.output import Force, OutFile, Output, Result, format_option, hanging, require_writable

if TYPE_CHECKING:
    from proofs_check.order.certify import CertifiedOrder
    from theory_sim.sweeps.plan import Plan


@app.command()
def order(
    file: AnyFile = None, preset: PresetName = None,
    compare: Annotated[str | None, typer.Option(
        help="Schedules on the same data, such as L-S,S (default: those of the file, or L-S,S).")] = None,
    seeds: Annotated[str | None, typer.Option(help="Seeds: 0,1,2 or a range 0:5 (without its end).")] = None,
    level: Annotated[float, typer.Option(help="Training loss, nats, at which a kind counts as learnt.")] = 0.45,
    finite_width: Annotated[float | None, typer.Option(
        metavar="DELTA", help="Also say from how many neurons on the order holds, with probability 1 - DELTA.")] = None,
    fresh: Annotated[int | None, typer.Option(
        metavar="N", help="Also enclose errors on N fresh examples of each kind, and that of the linear part.")] = None,
    box: Annotated[str | None, typer.Option(
        metavar="BOUNDS", help="For all parameters of a box: r=LOW:HIGH,lambda=LOW:HIGH,eta_ratio=LOW:HIGH (eta_2 / eta_1), or "
                               "some of these; one seed.")] = None,
    minutes: Annotated[float | None, typer.Option(
        help="With --box: processor time after which the rest stays undecided (default: 10).")] = None,
    certificates: Annotated[Path | None, typer.Option(
        metavar="FOLDER", help="Store certificates there, one a seed, for recheck.")] = None,
    form: Annotated[str, format_option("text", "json", "csv", "latex")] = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Prove which pattern is learnt first, for each drawn data set, at infinite width; exit status 1 if one stays undecided.

    Of a sweep at each place, a line each.
    """
    from proofs_check.order.certify import certify_order
    from proofs_check.order.resources import estimated_seconds

    output = Output(form, out, force=force)
    if certificates is not None:
        require_writable(certificates)
    if file is not None and preset is None and is_sweep(file):
        from proofs_check.cli.placing import order_places

        order_places(file, level, output, form, {
            "--compare": compare, "--seeds": seeds, "--finite-width": finite_width, "--fresh": fresh, "--box": box,
            "--minutes": minutes, "--certificates": certificates})
    plan = _plan(file, preset, compare, seeds)
    if box is not None or minutes is not None:
        from proofs_check.cli.boxing import order_box

        output.say(f"{experiment_heading(plan.experiment.name, file, preset)}\n")
        order_box(plan, box, minutes, level, output, certificates, {"--finite-width": finite_width, "--fresh": fresh})
    runs = [plan.experiment.replace(seed=seed) for seed in plan.seeds]
    expected = sum(estimated_seconds(each) for each in plan)
    if expected > 60.0:
        output.note(f"about {expected / 60.0:.0f} minutes of processor time")
    found = []
    output.say(f"{experiment_heading(plan.experiment.name, file, preset)}\n")
    with _progress(len(runs)) as progress:
        for number, each in enumerate(runs):
            certified = certify_order(each, plan.compare, level=level, finite_width=finite_width, fresh=fresh,
                                      progress=progress(number, each.seed))
            output.say(*_lines(certified))
            if certificates is not None:
                _save(certified, certificates, output)
            found.append(certified.without_residuals())
    output.put(Result("proofs-check.order", lambda: _fields(found), lambda: list(_summary(found)), lambda: _table(found),
                      others={"latex": lambda: _latex(found)}))
    raise typer.Exit(0 if all(each.verdict == "certified" for each in found) else 1)


def _save(found: CertifiedOrder, folder: Path, output: Output) -> None:
    """Store a certificate; a run whose rates are not proved has none."""
    from proofs_check.order.certificate import certificate
    from proofs_check.order_file import save_order

    if any(arm.reason for arm in found.arms):
        output.note(f"seed {found.experiment.seed}: no certificate, since its rates or its end are undecided")
        return
    path = folder / f"order-seed{found.experiment.seed}.json"
    save_order(certificate(found), path)
    output.step("check again:", f"proofs-check recheck {shlex.quote(str(path))}")


def _plan(file: Path | None, preset: str | None, compare: str | None, seeds: str | None) -> Plan:
    """The file's runs, or a preset's under L-S and S."""
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.reading import parse_seeds
    from theory_sim.sweeps.plan import Plan

    if file is not None and preset is not None:
        raise InputError(f"the file {file} and --preset {preset}", "one experiment", "leave one of the two out")
    plan = Plan.from_toml(file) if file is not None else Plan.of(Experiment.preset(preset or "default"), ["L-S", "S"])
    schedules = plan.compare if compare is None else [each.strip() for each in compare.split(",")]
    return Plan.of(plan.experiment, schedules, plan.seeds if seeds is None else parse_seeds(seeds, "--seeds"))


def _progress(count: int) -> Any:
    from theory_sim.terminal.progress import share_progress

    return share_progress(count)


def _lines(found: CertifiedOrder) -> Iterator[str]:
    from proofs_check.order.theorem import text_lines

    for line in text_lines(found):
        yield hanging("", line.lstrip(), len(line) - len(line.lstrip()))
    orders = ", ".join(f"{arm} {each}" for arm, each in found.orders.items())
    yield f"{found.verdict} at level {found.level:g}: {orders}\n"


def _summary(found: Sequence[CertifiedOrder]) -> Iterator[str]:
    from proofs_check.order.share import share_lines

    if len(found) > 1:
        yield from (hanging("", line, 0) for line in share_lines(found))


def _fields(found: Sequence[CertifiedOrder]) -> dict[str, Any]:
    from proofs_check.order.fresh_text import fresh_rows
    from proofs_check.order.share import shares
    from proofs_check.order.width_text import width_rows

    e = found[0].experiment
    return {"certified": sum(each.verdict == "certified" for each in found),
            "constants": {"lambda": e.lambda_, "tau_xi": e.tau_xi, "tau_0": e.tau_0_value},
            "shares": shares(found), "rows": _table(found),
            "widths": [{"seed": each.experiment.seed, **row} for each in found for row in width_rows(each.widths)],
            "fresh": [{"seed": each.experiment.seed, **row} for each in found for row in fresh_rows(each.fresh)]}


def _table(found: Sequence[CertifiedOrder]) -> list[dict[str, Any]]:
    """A row a seed, schedule and level."""
    from proofs_check.cli.placing import order_row

    return [order_row(each, arm, number) for each in found for arm in each.arms for number in range(len(arm.levels))]


def _latex(found: Sequence[CertifiedOrder]) -> str:
    from proofs_check.order.printed import folded
    from proofs_check.order.theorem import latex_lines

    return folded(line for each in found for line in latex_lines(each))
