"""The command that searches: falsify."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofs_check.cli.app import Id, TwinName, app
from theory_sim.terminal.output import Force, Output, Result, TextJson, hanging, require_free

if TYPE_CHECKING:
    from proofs_check.falsify import Falsification


@app.command()
def falsify(
    id: Id, twin: TwinName = "",
    seed: Annotated[int, typer.Option(help="Of the search.")] = 0,
    budget: Annotated[float, typer.Option(help="Seconds after which no further round is begun.")] = 60.0,
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="EVIDENCE", help="File for the counterexample, for recheck."
    )] = None,
    force: Force = False, form: TextJson = "text",
) -> None:
    """Search for a counterexample; exit status 1 if a claim has one, or if a claim or twin known to be false shows none."""
    from proofs_check.certificate import require_replaceable, save
    from proofs_check.claim import find
    from proofs_check.falsify import attempt
    from theory_sim.terminal.progress import time_progress

    output = Output(form)
    if out is not None:
        require_free(out, force=force)
        require_replaceable(out)
    with time_progress(f"searching for a counterexample to {id}, no new round after {budget:g} s"):
        tried = attempt(id, seed=seed, budget=budget, twin=twin)
    if tried.found is not None and out is not None:
        require_free(out, force=force)  # one may have come in the meantime
        save(tried.found.verdict, out)

    def fields() -> dict[str, object]:
        found = None if tried.found is None else {"point": tried.found.point, "evidence": tried.found.evidence}
        return {"claim": f"{id}/{twin}" if twin else id, "counterexample": found, "seed": seed,
                "evaluations": tried.evaluations, "seconds": tried.seconds}

    output.put(Result("proofs-check.falsification", fields, lambda: list(_lines(tried, seed, out))))
    should = bool(twin) or find(id).expected == "refuted"
    raise typer.Exit(0 if (tried.found is not None) == should else 1)


def _lines(tried: Falsification, seed: int, out: Path | None) -> Iterator[str]:
    from proofs_check.evidence_text import evidence_lines

    looked = f"seed {seed}, {tried.evaluations} evaluations, {tried.seconds:.1f} s"
    if tried.found is None:
        yield hanging("", f"no counterexample found ({looked}); that proves nothing", 0)
        return
    yield hanging("", f"{tried.found.claim}: refuted ({looked})", 0)
    yield from (hanging("", line, 2) for line in evidence_lines(tried.found.evidence))
    yield f"look at it   {tried.found.line}"
    if out is not None:
        yield f"check again  proofs-check recheck {shlex.quote(str(out))}"
