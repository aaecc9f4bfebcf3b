"""Commands that show: list, show, evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from proofs_check.cli.app import AtLevel, Id, TwinName, app, parse_level
from proofs_check.plain_formula import plain_formula
from theory_sim.terminal.output import Force, OutFile, Output, Result, TextJson, TextJsonCsv, Verbose, hanging, with_command
from theory_sim.theory.feedback import RETOLD, retell

if TYPE_CHECKING:
    from proofs_check.claim import Claim, Level, Verdict

__all__ = ["domain_lines"]

KINDS = ("claims", "kinds")
MARKS = {"[D": "[D]: derived there", "[L19": "[L19]: Li, Wei, Ma 2019",
         "[F": "[F n]: line n of the authors' feedback to reviewers, retold above"}
_NO_BREAK = "\N{NO-BREAK SPACE}"


@app.command("list")
def list_command(
    what: Annotated[str, typer.Argument(
        metavar=f"[{'|'.join(KINDS)}]", help="What to list: claims, or the kinds of problem that a claim can state.",
        autocompletion=lambda incomplete: [kind for kind in KINDS if kind.startswith(incomplete)],
    )] = "claims",
    form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """List every claim with its expected verdict and source, or every kind of problem."""
    from theory_sim.errors import InputError, nearest, shown

    if what not in KINDS:
        raise InputError(f"list {shown(what)}", f"one of {', '.join(KINDS)}", nearest(what, KINDS))
    output = Output(form, out, force=force)
    output.put(_claims() if what == "claims" else _kinds())


def _claims() -> Result:
    from proofs_check.claim import claims

    rows = [{"id": each.id, "expected": each.expected, "bound": each.bound, "source": each.source, "summary": each.summary}
            for each in claims()]
    def text() -> list[str]:
        lines = [f"{row['id']}  {row['expected']}  {row['source']}\n    {row['summary']}" for row in rows]
        cited = retell(" ".join(row["source"] for row in rows))
        return [*(hanging("", line, 0) for line in (*lines, f"\n{RETOLD}")), *(hanging("", line, 2) for line in cited),
                with_command("\none of them in full, with its evidence:", f"proofs-check show {rows[0]['id']}")]

    return Result("proofs-check.list", lambda: {"kind": "claims", "rows": rows}, text, lambda: rows)


def _kinds() -> Result:
    from dataclasses import fields

    from proofs_check.claim import claims
    from proofs_check.problem import kinds
    from proofs_check.recheck import rechecked_outcomes

    claims()  # users' packages have kinds of their own
    known = [(name, kind.summary(), [each.name for each in fields(kind)],  # type: ignore[arg-type]
              rechecked_outcomes(kind)) for name, kind in kinds().items()]

    def text() -> list[str]:
        return [hanging(name, f"{asks}\nfields {', '.join(names)}\nrechecked if {', '.join(outcomes) or 'never'}", 17)
                for name, asks, names, outcomes in known]

    return Result("proofs-check.list", lambda: {"kind": "kinds", "rows": [
        {"kind": name, "asks": asks, "fields": names, "rechecked": list(outcomes)} for name, asks, names, outcomes in known
    ]}, text, lambda: [
        {"kind": name, "asks": asks, "fields": " ".join(names), "rechecked": " ".join(outcomes)}
        for name, asks, names, outcomes in known])


@app.command()
def show(
    id: Id, level: AtLevel = "quick", verbose: Verbose = False, form: TextJson = "text", out: OutFile = None,
    force: Force = False,
) -> None:
    """Print a claim: statement, assumptions, source, derivation, verdict and evidence, and the line that checks it again."""
    from proofs_check.claim import find
    from proofs_check.verify import judge

    output = Output(form, out, force=force)
    claim, chosen = find(id), parse_level(level)
    own = judge(claim, level=chosen)
    twins = [judge(claim, twin.name, level=chosen) for twin in claim.twins]

    def fields() -> dict[str, object]:
        found = [{"name": each.claim.partition("/")[2], "outcome": each.outcome, "evidence": each.evidence} for each in twins]
        return {**claim.to_dict(chosen), "asked": list(claim.at(chosen).statement()), "outcome": own.outcome,
                "evidence": own.evidence, "twins": found}

    output.put(Result("proofs-check.claim", fields, lambda: list(_claim_lines(claim, chosen, own, twins, verbose=verbose))))


def _claim_lines(claim: Claim, level: Level, own: Verdict, twins: list[Verdict], *, verbose: bool) -> Iterator[str]:
    from proofs_check.evaluate import command_at
    from proofs_check.evidence_text import evidence_lines, where

    yield hanging("", f"{claim.id}: {claim.summary}", 0)
    yield f"\n{hanging('', plain_formula(claim.statement), 2)}\n"
    if verbose:
        yield hanging("LaTeX", claim.statement)
    yield hanging("source", claim.source)
    for number, line in enumerate(retell(claim.source)):
        yield hanging("" if number else "authors", line)
    for number, assumption in enumerate(claim.assumptions or ("none",)):
        yield hanging("" if number else "assumptions", assumption)
    yield from domain_lines(claim, level)
    yield f"kind         {claim.at(level).kind}\nbound        {claim.bound}\nexpected     {claim.expected}\nasked"
    yield from (hanging("", line, 2) for line in claim.at(level).statement())
    yield f"verdict      {own.outcome}\nevidence"
    yield from (hanging("", line, 2) for line in evidence_lines(own.evidence))
    if claim.corrected:
        yield hanging("corrected", claim.corrected)
    yield "twins" if claim.twins else "twins        none: the claim itself is false"
    for twin in twins:
        found = where(twin.evidence)
        yield hanging("", f"{twin.claim.partition('/')[2]}: {twin.outcome}{' ' if found.startswith('at ') else ', '}{found}", 2)
    if own.outcome == "refuted" and "counterexample" in own.evidence:
        yield f"\nlook there: {command_at(claim.id, own.evidence['counterexample'])}"
    yield f"\ncheck again: proofs-check verify {claim.id} --out evidence &&"
    yield f"             proofs-check recheck evidence/{claim.id}.json"
    yield f"\n{hanging('', _legend(claim.source), 0)}"


def _legend(source: str) -> str:
    """What the marks of a source mean, those alone that it has, and the words of the evidence."""
    marks = "; ".join(meaning for mark, meaning in MARKS.items() if mark in source)
    return (f"THEORY: docs/explanation/theory.md, where the symbols are explained. {marks}{'. ' if marks else ''}"
            "Steps and integrals are in sympy's notation; a twin is a false version, which must be refuted.")


def domain_lines(claim: Claim, level: Level, margin: int = 0) -> Iterator[str]:
    """For which values a claim is checked, and which other claims it takes for granted; ``margin`` columns in."""
    heads = [("" if number else "checked for", line) for number, line in enumerate(claim.domain(level))]
    for head, line in [*heads, *(("assuming", f"claim {other}") for other in claim.assuming)]:
        # A variable and its range stand on one line.
        kept = re.sub(r"\S+ in [\[(][^\])]*[\])]", lambda range_: range_[0].replace(" ", _NO_BREAK), line)
        yield hanging(" " * margin + head, kept, 13 + margin).replace(_NO_BREAK, " ")


@app.command()
def evaluate(
    id: Id,
    point: Annotated[list[str], typer.Argument(help="Values of the claim's variables, as name=value.")],
    twin: TwinName = "", form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Print a claim's expressions, or a twin's, at a point: a counterexample, looked at."""
    from proofs_check.claim import find
    from proofs_check.evaluate import at_point
    from theory_sim.errors import InputError

    output = Output(form, out, force=force)
    names = [text.partition("=")[0] for text in point]
    if len(set(names)) < len(names):
        raise InputError(f"point {' '.join(point)}", "each variable once", "leave one of the values out")
    given = dict(text.partition("=")[::2] for text in point)
    rows = [{"expression": what, "value": value} for what, value in at_point(find(id).at("quick", twin), given)]
    output.put(Result("proofs-check.evaluation", lambda: {"claim": id, "twin": twin, "point": given, "rows": rows},
                      lambda: [hanging(row["expression"], row["value"], 33) for row in rows], lambda: rows))
