"""``proofs-check``: parses, calls one public function, prints.

Exit status: 0 done, 1 a verdict other than expected, a twin that passes, or refused evidence, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from proofs_check.claim import Claim, Verdict

__all__ = ["app", "main"]

app = typer.Typer(
    help="Check the statements of the theory: derivations, certified inequalities, linear programs, each with false twins.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)
Ids = Annotated[list[str] | None, typer.Argument(help="Identifiers of claims; left out, all.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


@app.command("list")
def list_claims() -> None:
    """List every claim: expected verdict, source, first line."""
    from proofs_check.claim import claims

    for claim in claims():
        typer.echo(f"{claim.id:38} {claim.expected:10} {claim.source:24} {claim.summary}")


@app.command()
def show(id: str) -> None:
    """Print a claim: statement, assumptions, source, verdict and evidence, and the line that checks it again."""
    from proofs_check.claim import find
    from proofs_check.verify import judge

    claim = find(id)
    verdict = judge(claim)
    typer.echo(f"{claim.id}: {claim.summary}\n\n  {claim.statement}\n")
    assumptions = "; ".join(claim.assumptions) or "none"
    typer.echo(f"source       {claim.source}\nassumptions  {assumptions}\nbound        {claim.bound}")
    typer.echo(f"expected     {claim.expected}\nverdict      {verdict.outcome}\nevidence")
    for line in _evidence(verdict):
        typer.echo(f"  {line}")
    typer.echo("twins")
    for twin in claim.twins:
        found = judge(claim, twin.parameters, twin.name)
        typer.echo(f"  {twin.name}: {found.outcome}{_where(found)}")
    typer.echo(f"\ncheck again: proofs-check verify {claim.id} --out evidence && proofs-check recheck evidence/{claim.id}.json")


def _evidence(verdict: Verdict) -> list[str]:
    evidence = verdict.evidence
    if "steps" in evidence:
        import sympy

        return [f"{number}. = {sympy.sstr(sympy.sympify(step['to']))}   ({step['reason']})"
                for number, step in enumerate(evidence["steps"], start=1)]
    if "boxes" in evidence:
        return [f"{len(evidence['boxes'])} boxes, {evidence['precision']} bits; worst {evidence['worst']}"]
    return [f"{key}: {value}" for key, value in evidence.items()]


def _where(verdict: Verdict) -> str:
    if "counterexample" in verdict.evidence:
        point = ", ".join(f"{name} = {value}" for name, value in verdict.evidence["counterexample"].items())
        return f" at {point}"
    return f", {verdict.evidence}" if verdict.evidence else ""


@app.command()
def verify(
    ids: Ids = None, format: Format = "text",
    out: Annotated[Path | None, typer.Option(help="Folder for evidence, one file a verdict, for recheck.")] = None,
) -> None:
    """Verify claims and their false twins; exit status 1 unless each verdict is as expected and every twin is refuted."""
    from proofs_check.claim import claims, find
    from proofs_check.verify import as_expected, save
    from theory_sim.errors import InputError

    if format not in ("text", "json"):
        raise InputError(f"--format {format}", "text or json", "choose one of these")
    chosen = [find(id) for id in ids] if ids else claims()
    failed, report = 0, []
    for claim in chosen:
        own, twins, right = as_expected(claim)
        failed += not right
        if out is not None:
            save(own, out / f"{claim.id}.json")
            for number, twin in enumerate(twins, start=1):
                save(twin, out / f"{claim.id}.twin{number}.json")
        report.append(_row(claim, own, twins, right))
        if format == "text":
            refuted = sum(twin.outcome == "refuted" for twin in twins)
            typer.echo(f"{'ok ' if right else 'NOT'} {claim.id:38} {own.outcome:10} twins refuted: {refuted} of {len(twins)}")
    if format == "json":
        typer.echo(json.dumps({"claims": report, "failed": failed}, indent=2, allow_nan=False))
    else:
        typer.echo(f"{len(chosen) - failed} of {len(chosen)} claims as expected")
    raise typer.Exit(1 if failed else 0)


def _row(claim: Claim, own: Verdict, twins: list[Verdict], right: bool) -> dict[str, Any]:
    return {
        "id": claim.id, "statement": claim.statement, "source": claim.source, "assumptions": list(claim.assumptions),
        "bound": claim.bound, "expected": claim.expected, "outcome": own.outcome, "as_expected": right,
        "twins": [{"name": twin.claim.partition("/")[2], "outcome": twin.outcome} for twin in twins],
    }


@app.command()
def recheck(files: Annotated[list[Path], typer.Argument(help="Evidence stored by verify --out.")]) -> None:
    """Check stored evidence again, in code that shares nothing with the methods that made it."""
    from proofs_check.recheck import recheck

    refused = 0
    for path in files:
        report = recheck(path)
        refused += not report.accepted
        typer.echo(f"{'accepted' if report.accepted else 'REFUSED '} {report.claim}: {report.outcome}; {report.reason}")
    raise typer.Exit(1 if refused else 0)


def main() -> None:
    """Entry point: errors of ours become one message and exit status 2."""
    from theory_sim.errors import TheorySimError

    try:
        app(standalone_mode=True)
    except TheorySimError as error:
        typer.echo(f"proofs-check: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
