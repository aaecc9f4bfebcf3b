"""Certificates of boxes and widths whose numbers are the second look's own, and forged ones a little narrower."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from proofs_check.order_box.box import certify_box
from proofs_check.order_box.certificate import box_certificate
from proofs_check.recheck.order.box_cell import CellCheck
from theory_sim.data import draw_data
from theory_sim.experiment import Experiment

BOXED = Experiment(d=10, N=20, max_tau=400.0, eta_1=16.0, eta_2=4.0, dtype="float64")
NARROWER = {"first": 0.9999, "second": 1.0001, "before": 1.0001, "remainder": 0.9999, "drift": 0.9999}
_NAMES = ("r", "lambda", "rate")


@cache
def tight() -> dict[str, Any]:
    """A box of one cell a schedule, whose bounds are those that the second look proves, up to a part in 10^5."""
    box = {"r": (0.29, 0.31), "lambda": (4.5e-4, 5.5e-4), "eta_ratio": (0.245, 0.26)}
    content: dict[str, Any] = json.loads(json.dumps(box_certificate(certify_box(BOXED, box, seconds=60.0))))
    for cover in content["covers"]:
        check = CellCheck(BOXED.replace(schedule=cover["schedule"]), draw_data(BOXED))
        for cell in cover["cells"]:
            ends = {name: (cover["low"][name] + begin * cover["unit"][name], cover["low"][name] + end * cover["unit"][name])
                    for name, (begin, end) in zip(_NAMES, cell["part"], strict=True)}
            found = check.losses(ends, cell["step"])
            own = {"first": found.high("P-only"), "second": found.low("Q-only"), "before": found.before,
                   "remainder": found.remainder, "drift": found.drift}
            for name, value in own.items():
                if name == "before" and cover["schedule"] == "S":
                    continue  # nothing is asked of it, and 1 is stated
                cell[name] = value * (1.0 + (1e-5 if NARROWER[name] < 1 else -1e-5))
    return content


@cache
def with_widths(small: Experiment) -> dict[str, Any]:
    """A certificate that holds least widths."""
    certified = certify_order(small, ["L-S", "S"], finite_width=0.01, threads=1)
    found: dict[str, Any] = json.loads(json.dumps(certificate(certified)))
    return found


def _accepts(check: Any, content: dict[str, Any]) -> bool:
    try:
        check(content)
    except Exception:  # whatever ends it: the file is not accepted
        return False
    return True


def of_boxes(package: str) -> Iterator[str]:
    """Boxes that are accepted though narrower than what follows, or refused though they are not."""
    check = import_module(f"{package}.box").check_box
    if not _accepts(check, copy.deepcopy(tight())):
        yield "a genuine box is refused"
        return
    for place, cover in enumerate(tight()["covers"]):
        for name, factor in NARROWER.items():
            if name == "before" and cover["schedule"] == "S":
                continue
            content = copy.deepcopy(tight())
            content["covers"][place]["cells"][0][name] *= factor
            if _accepts(check, content):
                yield f"accepted: {name} of {cover['schedule']} narrower"
    for name, forge in {
        "half of the box is missing": lambda content: content["covers"][1]["cells"][0]["part"][0].__setitem__(
            1, content["covers"][1]["size"]["r"] // 2),
        "a cell twice": lambda content: content["covers"][1]["cells"].append(content["covers"][1]["cells"][0]),
        "a run that ends before": lambda content: content["experiment"].update(max_tau=20.0),
        "a training loss that is not bounded": lambda content: content["covers"][1]["cells"][0].update(before=0.9),
        "a smaller grid": lambda content: content["covers"][1]["size"].update(r=content["covers"][1]["size"]["r"] // 2),
    }.items():
        content = copy.deepcopy(tight())
        forge(content)
        if _accepts(check, content):
            yield f"accepted: {name}"


def of_widths(package: str, small: Experiment) -> Iterator[str]:
    """Widths that are accepted though one percent smaller than what is proved, or refused though they are not."""
    check = import_module(f"{package}.check").check_order
    if not _accepts(check, copy.deepcopy(with_widths(small))):
        yield "genuine widths are refused"
        return
    for arm in (0, 1):
        for name, forge in {
            "width": lambda each: each.update(width=2 * int(0.495 * each["width"])),
            "output": lambda each: each.update(output=each["output"] * 0.999),
            "loss": lambda each: each.update(loss=each["loss"] * 0.999),
            "D": lambda each: each.update(most=each["most"] / 2),
            "delta": lambda each: each.update(delta=each["delta"] / 2), "step": lambda each: each.update(step=each["step"] - 1),
        }.items():
            content = copy.deepcopy(with_widths(small))
            forge(content["arms"][arm]["width"])
            if _accepts(check, content):
                yield f"accepted: {name}"
