"""Certificates of small runs that are right in all but which steps are taken, or where the rate falls."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from tests.proofs.order_examination import SMALL

_JUMP, _LATE, _EARLY = ((8.0, 4.0), (1e6, 2.0)), ((8.5, 4.0), (1e6, 2.0)), ((4.5, 4.0), (1e6, 2.0))
WRONG_LENGTHS = {
    "a step after max_tau": ("S", {"max_tau": SMALL.max_tau + 0.5}, {"max_tau": SMALL.max_tau}),
    "max_tau by 5e-10 of it after the last step": ("S", {}, {"max_tau": SMALL.max_tau * (1 + 5e-10)}),
    "a jump of the rate a step late": ("pieces", {"pieces": _LATE}, {"pieces": _JUMP}),
    "a jump of the rate a step early": ("pieces", {"pieces": _EARLY}, {"pieces": ((8.0 + 4e-9, 4.0), (1e6, 2.0))}),
    "a cut a step late": ("pieces", {"pieces": ((8.5, 4.0), (16.5, 2.0), (1e6, 1.0))},
                          {"schedule": "step", "step_tau": 8.0, "step_factor": 0.5}),
}
"""Schedule and fields of a run that is enclosed, and those by which a certificate states another: it is off by one step."""


@cache
def off_by_a_step(name: str) -> dict[str, Any]:
    """A certificate that is right in all but which steps are taken."""
    schedule, made, stated = WRONG_LENGTHS[name]
    run = SMALL.replace(schedule=schedule, **made)
    content = certificate(certify_order(run, [schedule], threads=1))
    experiment = run.replace(**stated)
    return {**content, "experiment": experiment.fields(), "arms": [{**content["arms"][0], "schedule": experiment.schedule}]}


@cache
def equal_rates() -> dict[str, Any]:
    """L-S with one rate, and a switch of which the loss is not asked."""
    content = certificate(certify_order(SMALL.replace(eta_2=SMALL.eta_1), ["L-S"], threads=1))
    return {**content, "arms": [{**content["arms"][0], "switch": 3}]}


def of_steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """All of them, by name."""
    for name in WRONG_LENGTHS:
        yield name, copy.deepcopy(off_by_a_step(name))
    yield "a switch between equal rates", copy.deepcopy(equal_rates())
