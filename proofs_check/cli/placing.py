"""order SWEEP.toml: the learning order at each place of a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from theory_sim.errors import InputError
from theory_sim.terminal.output import Output, Result, hanging

if TYPE_CHECKING:
    from proofs_check.order.arm import Arm
    from proofs_check.order.certify import CertifiedOrder
    from proofs_check.order.places import CertifiedPlace

__all__ = ["order_places", "order_row", "place_rows"]


def order_places(file: Path, level: float, output: Output, form: str, others: Mapping[str, Any]) -> NoReturn:
    """Certify the places of a sweep, print a line each and end."""
    from proofs_check.order.places import certify_sweep, experiments_of
    from proofs_check.order.resources import estimated_seconds
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.terminal.progress import share_progress

    for name, value in others.items():
        if value is not None:
            raise InputError(f"{name} with the sweep {file}", "a sweep, whose file says what varies, and a level",
                             f"leave {name} out, or give the file of one experiment")
    if form == "latex":
        raise InputError(f"--format latex with the sweep {file}", "text, json or csv", "give the file of one experiment")
    sweep = Sweep.from_toml(file)
    expected = sum(estimated_seconds(run.experiment) for run in sweep)
    if expected > 60.0:
        output.note(f"about {expected / 60.0:.0f} minutes of processor time")
    found = []
    with share_progress(sum(1 for _ in experiments_of(sweep))) as progress:
        for each in certify_sweep(sweep, level=level, progress=progress):
            output.say(hanging("", _line(each), 2))
            found.append(each)
    output.put(Result("proofs-check.order-sweep", lambda: _fields(sweep.name, level, found), lambda: list(_summary(found)),
                      lambda: place_rows(found)))
    raise typer.Exit(0 if all(each.found.verdict == "certified" for each in found) else 1)


def _line(each: CertifiedPlace) -> str:
    orders = ", ".join(f"{schedule} {order}" for schedule, order in each.found.orders.items())
    place = "".join(f"{field} = {value}, " for field, value in each.place.items())
    reasons = [f"; {arm.schedule}: {arm.undecided}" for arm in each.found.arms if arm.undecided]
    return f"{place}seed {each.found.experiment.seed}: {orders}{''.join(reasons)}"


def _summary(found: Sequence[CertifiedPlace]) -> Iterator[str]:
    counts = Counter(", ".join(f"{schedule} {order}" for schedule, order in each.found.orders.items()) for each in found)
    certified = sum(each.found.verdict == "certified" for each in found)
    yield f"\n{certified} of {len(found)} data sets certified"
    for orders, count in counts.most_common():
        yield hanging("  ", f"{count} x {orders}", 4)


def _fields(name: str, level: float, found: Sequence[CertifiedPlace]) -> dict[str, Any]:
    return {"sweep": name, "level": level, "data_sets": len(found),
            "certified": sum(each.found.verdict == "certified" for each in found), "rows": place_rows(found)}


def place_rows(found: Sequence[CertifiedPlace]) -> list[dict[str, Any]]:
    """A row a place, seed, schedule and level."""
    return [{**each.place, **order_row(each.found, arm, number)}
            for each in found for arm in each.found.arms for number in range(len(arm.levels))]


def order_row(found: CertifiedOrder, arm: Arm, number: int) -> dict[str, Any]:
    """A schedule's order at one of its levels, as in the CSV."""
    verdict = arm.levels[number]
    row: dict[str, Any] = {"seed": found.experiment.seed, "schedule": arm.schedule, "level": verdict.level,
                           "order": "undecided" if arm.reason else verdict.order}
    for kind in ("P", "Q"):
        first = verdict.first.get(f"{kind}-only")
        for name, step in (("from", first.earliest if first else None), ("by", first.latest if first else None)):
            row[f"tau_{kind}_{name}"] = None if step is None or arm.reason else float(arm.tau[step])
    switch = arm.switch
    return row | {"switch_tau": None if switch is None or arm.reason else float(arm.tau[switch]),
                  "steps": len(arm.run.rates), "width": arm.width, "reason": arm.undecided, "data": found.digest}
