"""``proofs-check``: parses, calls one public function, prints.

Exit status: 0 done, 1 a verdict other than expected, a twin that passes, or refused evidence, 2 bad input, 130 interrupted; the
others are in `theory_sim.terminal.program`.
"""

from __future__ import annotations

import json
import shlex
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory_sim.terminal.application import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proofs_check.claim import Claim, Level
    from proofs_check.junit import Judged

__all__ = ["app"]

app = make_app("Check the statements of the theory: derivations, certified inequalities and numbers, linear programs, samples, "
               "each with false twins.")
Ids = Annotated[list[str] | None, typer.Argument(help="Identifiers of claims; left out, all.")]
Format = Annotated[str, typer.Option("--format", help="text, json or junit.")]
AtLevel = Annotated[str, typer.Option("--level", help="quick, or full: larger domains and samples.")]
_FORMATS = ("text", "json", "junit")


@app.command("list")
def list_claims() -> None:
    """List every claim: expected verdict, source, first line."""
    from proofs_check.claim import claims

    for claim in claims():
        typer.echo(f"{claim.id:40} {claim.expected:10} {claim.source:24} {claim.summary}")


@app.command("kinds")
def list_kinds(format: Annotated[str, typer.Option("--format", help="text or json.")] = "text") -> None:
    """List the kinds of problem that a claim can state: name, what is asked, fields, outcomes that recheck looks at."""
    from dataclasses import fields

    from proofs_check.claim import claims
    from proofs_check.problem import kinds
    from proofs_check.recheck import rechecked_outcomes
    from theory_sim.errors import InputError

    if format not in ("text", "json"):
        raise InputError(f"--format {format}", "text or json", "choose one of these")
    claims()  # users' packages have kinds of their own
    rows = [{"kind": name, "asks": kind.summary(), "fields": [field.name for field in fields(kind)],  # type: ignore[arg-type]
             "rechecked": list(rechecked_outcomes(kind))} for name, kind in kinds().items()]  # fmt: skip
    if format == "json":
        typer.echo(json.dumps({"kinds": rows}, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['kind']:16} {row['asks']}\n{'':16} fields {', '.join(row['fields'])}; "
                   f"rechecked if {', '.join(row['rechecked']) or 'never'}")  # fmt: skip


@app.command()
def show(id: str, level: AtLevel = "quick") -> None:
    """Print a claim: statement, assumptions, source, derivation, verdict and evidence, and the line that checks it again."""
    from proofs_check.claim import find
    from proofs_check.verify import judge

    claim, chosen = find(id), _level(level)
    verdict = judge(claim, level=chosen)
    typer.echo(f"{claim.id}: {claim.summary}\n\n  {claim.statement}\n")
    typer.echo(f"source       {claim.source}")
    for number, assumption in enumerate(claim.assumptions or ("none",)):
        typer.echo(f"{'' if number else 'assumptions':12} {assumption}")
    for line in _grounds(claim, chosen):
        typer.echo(line)
    typer.echo(f"kind         {claim.at(chosen).kind}")
    typer.echo(f"bound        {claim.bound}\nexpected     {claim.expected}\nasked")
    for line in claim.at(chosen).statement():
        typer.echo(textwrap.indent(line, "  "))
    typer.echo(f"verdict      {verdict.outcome}\nevidence")
    for line in _evidence(verdict.evidence):
        typer.echo(textwrap.indent(line, "  "))
    if claim.corrected:
        typer.echo(f"corrected    {claim.corrected}")
    typer.echo("twins" if claim.twins else "twins        none: the claim itself is false")
    for twin in claim.twins:
        found = judge(claim, twin.name, level=chosen)
        typer.echo(f"  {twin.name}: {found.outcome}{_where(found.evidence)}")
    if verdict.outcome == "refuted" and "counterexample" in verdict.evidence:
        typer.echo(f"\nlook there: {_line(claim.id, verdict.evidence['counterexample'])}")
    typer.echo(f"\ncheck again: proofs-check verify {claim.id} --out evidence && proofs-check recheck evidence/{claim.id}.json")


def _grounds(claim: Claim, level: Level) -> Iterator[str]:
    """For which values a claim is checked, and which other claims it takes for granted."""
    for number, line in enumerate(claim.domain(level)):
        yield f"{'' if number else 'checked for':12} {line}"
    for other in claim.assuming:
        yield f"assuming     claim {other}"


def _level(text: str) -> Level:
    from proofs_check.claim import LEVELS
    from theory_sim.errors import InputError

    if text not in LEVELS:
        raise InputError(f"--level {text}", f"one of {', '.join(LEVELS)}", "choose one of these")
    return text  # type: ignore[return-value]


def _line(id: str, point: dict[str, str], twin: str = "") -> str:
    values = " ".join(shlex.quote(f"{name}={value}") for name, value in point.items())
    return f"proofs-check evaluate {id} {values}" + (f" --twin {shlex.quote(twin)}" if twin else "")


def _evidence(evidence: Any) -> list[str]:
    """Evidence as lines for a reader of the paper."""
    if "parts" in evidence:
        parts = evidence["parts"]
        shown = [
            f"{part['part']}: {part['outcome']}\n" + textwrap.indent("\n".join(_evidence(part["evidence"])), "  ")
            for part in parts[:6]
        ]
        return [*shown, *([f"... and {len(parts) - 6} more parts"] if len(parts) > 6 else [])]
    if "steps" in evidence:
        count = len(evidence["steps"])
        steps = f"{count} step{'s' if count > 1 else ''} shown" if count else "no step needed"
        return [steps + (", and that the last expression is positive as it stands" if "positive" in evidence else "")]
    if "boxes" in evidence:
        worst = evidence["boxes"][evidence["worst"]]
        kind = {
            "everywhere": "the derivative at the corner is positive on all of ",
            "at the corner": "by expansion at the corner, on ",
        }
        start = kind.get(evidence.get("derivative", ""), "")
        return [
            f"{start}{len(evidence['boxes'])} boxes, {evidence['precision']} bits; "
            f"worst {worst}: at least {evidence['lower']:.3g}"
        ]
    if "roots" in evidence:
        import sympy

        ends = [str(sympy.N(sympy.Rational(evidence[key]), 16)) for key in ("low", "high")]
        return [
            f"between {ends[0]} and {ends[1]} ({evidence['precision']} bits)",
            *(f"{name} between {low} and {high}" for name, (low, high) in evidence["roots"].items()),
        ]
    if "confidence" in evidence:
        return [
            f"mean {evidence['mean']:.6g} of {evidence['size']} draws (seed {evidence['seed']}); "
            f"{evidence['confidence']:g} {evidence['interval']} interval {evidence['low']:.6g} to {evidence['high']:.6g}; "
            f"claimed {evidence['expected']:.6g}"
        ]
    if "radius" in evidence:
        from fractions import Fraction

        ends = [f"{float(Fraction(evidence[key])):.10g}" for key in ("lower", "upper")]
        return [f"a run of {len(evidence['slopes'])} steps has the average loss {ends[0]} c R^2, and none more than {ends[1]}"]
    return [f"{key}: {value}" for key, value in evidence.items()]


def _where(evidence: Any) -> str:
    if "counterexample" in evidence:
        point = ", ".join(f"{name} = {value}" for name, value in evidence["counterexample"].items())
        return f" at {point}"
    if "evidence" in evidence:
        return f", {evidence['part']}{_where(evidence['evidence'])}"
    return f", {'; '.join(_evidence(evidence))}" if evidence else ""


@app.command()
def verify(
    ids: Ids = None,
    format: Format = "text",
    level: AtLevel = "quick",
    out: Annotated[Path | None, typer.Option(help="Folder for evidence, one file a verdict, for recheck.")] = None,
) -> None:
    """Verify claims and their false twins; exit status 1 unless each verdict is as expected and every twin is refuted."""
    from proofs_check.certificate import require_replaceable, require_writable, save
    from proofs_check.claim import claims, find
    from proofs_check.junit import Judged, to_junit
    from proofs_check.verify import as_expected
    from theory_sim.errors import InputError

    if format not in _FORMATS:
        raise InputError(f"--format {format}", f"one of {', '.join(_FORMATS)}", "choose one of these")
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"--out {out}, which is a file", "a folder, new or there already", "name another")
    chosen_level = _level(level)
    chosen = [find(id) for id in ids] if ids else claims()
    if out is not None:
        require_writable(out)
        for claim in chosen:
            for name in _evidence_names(claim.id, len(claim.twins)):
                require_replaceable(out / name)
    judged: list[Judged] = []
    for claim in chosen:
        start = time.perf_counter()
        own, twins, right = as_expected(claim, level=chosen_level)
        judged.append(Judged(claim, own, twins, right, time.perf_counter() - start))
        if out is not None:
            for name, verdict in zip(_evidence_names(claim.id, len(twins)), (own, *twins), strict=True):
                save(verdict, out / name)
        if format == "text":
            _print(judged[-1], chosen_level)
    failed = sum(not each.right for each in judged)
    if format == "json":
        rows = [_row(each, chosen_level) for each in judged]
        typer.echo(json.dumps({"level": level, "claims": rows, "failed": failed}, indent=2, allow_nan=False))
    elif format == "junit":
        typer.echo(to_junit(judged))
    else:
        twins_run = sum(len(each.twins) for each in judged)
        counts = {
            outcome: sum(each.own.outcome == outcome for each in judged)
            for outcome in ("proved", "certified", "supported", "refuted")
        }
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        typer.echo(f"{len(chosen) - failed} of {len(chosen)} claims as expected ({outcomes}), with {twins_run} false twins")
    raise typer.Exit(1 if failed else 0)


def _evidence_names(id: str, twins: int) -> list[str]:
    return [f"{id}.json", *(f"{id}.twin{number}.json" for number in range(1, twins + 1))]


def _print(judged: Judged, level: Level) -> None:
    claim, own = judged.claim, judged.own
    refuted = sum(twin.outcome == "refuted" for twin in judged.twins)
    typer.echo(
        f"{'ok ' if judged.right else 'NOT'} {claim.id:42} {own.outcome:10} twins refuted: {refuted} of {len(judged.twins)}"
    )
    for line in _grounds(claim, level):
        typer.echo(f"      {line}")
    if own.outcome == "refuted":
        typer.echo(f"      {_where(own.evidence).strip(' ,')}" + (f"; corrected: {claim.corrected}" if claim.corrected else ""))
    elif own.outcome != claim.expected:
        typer.echo(f"      expected {claim.expected}; {own.evidence.get('reason', '')}")
    for twin in judged.twins:
        if twin.outcome != "refuted":
            typer.echo(f"      twin not refuted: {twin.claim.partition('/')[2]}: {twin.outcome}")


def _row(judged: Judged, level: Level) -> dict[str, Any]:
    claim = judged.claim
    return {
        "id": claim.id,
        "summary": claim.summary,
        "statement": claim.statement,
        "source": claim.source,
        "kind": claim.at(level).kind,
        "assumptions": list(claim.assumptions),
        "domain": list(claim.domain(level)),
        "assuming": list(claim.assuming),
        "bound": claim.bound,
        "expected": claim.expected,
        "outcome": judged.own.outcome,
        "as_expected": judged.right,
        "corrected": claim.corrected,
        "seconds": round(judged.seconds, 3),
        "twins": [{"name": twin.claim.partition("/")[2], "outcome": twin.outcome} for twin in judged.twins],
    }


@app.command()
def evaluate(
    id: str,
    point: Annotated[list[str], typer.Argument(help="Values of the claim's variables, as name=value.")],
    twin: Annotated[str, typer.Option(help="Name of a false twin.")] = "",
) -> None:
    """Print a claim's expressions, or a twin's, at a point: a counterexample, looked at."""
    from proofs_check.claim import find
    from proofs_check.evaluate import at_point
    from theory_sim.errors import InputError

    names = [text.partition("=")[0] for text in point]
    if len(set(names)) < len(names):
        raise InputError(f"point {' '.join(point)}", "each variable once", "leave one of the values out")
    given = dict(text.partition("=")[::2] for text in point)
    for what, value in at_point(find(id).at("quick", twin), given):
        typer.echo(f"{what:32} {value}")


@app.command()
def constants(
    file: Annotated[Path | None, typer.Argument(help="Experiment as TOML; left out, the preset.")] = None,
    preset: Annotated[str, typer.Option(help="Named experiment, in place of a file.")] = "default",
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    suggest: Annotated[bool, typer.Option("--suggest", help="Look for the nearest one on which it applies.")] = False,
    conditions: Annotated[str, typer.Option(help="For --suggest: all of them, or the deciding ones.")] = "all",
    out: Annotated[Path | None, typer.Option(help="For --suggest: file for that experiment.")] = None,
) -> None:
    """Hold an experiment against the theorem's conditions; exit status 1 if its mechanism does not apply."""
    from proofs_check.certificate import require_writable
    from proofs_check.constants import check_constants
    from proofs_check.constants_text import write_lines
    from proofs_check.suggestion.search import suggest as nearest
    from theory_sim.errors import InputError
    from theory_sim.experiment import Experiment
    from theory_sim.sweeps.plan import Plan
    from theory_sim.terminal.progress import time_progress

    if format not in ("text", "json"):
        raise InputError(f"--format {format}", "text or json", "choose one of these")
    if file is not None and preset != "default":
        raise InputError(f"the file {file} and --preset {preset}", "one experiment", "leave one of the two out")
    if not suggest and (out is not None or conditions != "all"):
        raise InputError("--out or --conditions without --suggest", "they belong to a suggestion", "add --suggest")
    if out is not None and out.exists():
        raise InputError(f"--out {out}", "a file that does not exist yet", "choose another, or move that one away")
    if out is not None:
        require_writable(out.parent)
    # A plan is one experiment too: what its runs differ in, schedule and seed, is nothing that the conditions read.
    experiment = Plan.from_toml(file).experiment if file is not None else Experiment.preset(preset)
    report = check_constants(experiment)
    near = None
    if suggest:
        with time_progress("looking for the nearest experiment that meets the conditions"):
            near = nearest(experiment, conditions=conditions)  # type: ignore[arg-type]
    if near is not None and out is not None:
        near.to_toml(out)
    old = experiment.fields()
    old["N"] = experiment.n_examples  # given by kappa or not, it is kept
    moved = {} if near is None else {name: value for name, value in near.fields().items() if old.get(name) != value}
    if format == "json":
        answer = report.to_dict()
        if near is not None:
            answer["suggestion"] = {"moved": moved, "applies": check_constants(near).applies}
        typer.echo(json.dumps(answer, indent=2, allow_nan=False))
    else:
        for line in write_lines(report):
            typer.echo(line)
        if near is not None:
            typer.echo(f"\nnearest experiment found that meets the conditions ({conditions}) and the verdict, N and g0 kept")
            for name, value in moved.items() or {"nothing": "to move"}.items():
                typer.echo(f"  {name} = {value}" + (f"  (was {old[name]})" if name in old else ""))
            typer.echo(f"  there {check_constants(near).verdict}")
    raise typer.Exit(0 if report.applies else 1)


@app.command()
def falsify(
    id: str,
    twin: Annotated[str, typer.Option(help="Name of a false twin, to search in its place.")] = "",
    seed: Annotated[int, typer.Option(help="Of the search.")] = 0,
    budget: Annotated[float, typer.Option(help="Seconds after which no further round is begun.")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="File for the counterexample, for recheck.")] = None,
) -> None:
    """Search for a counterexample; exit status 1 if a claim has one, or if a claim or twin known to be false shows none."""
    from proofs_check.certificate import require_writable, save
    from proofs_check.claim import find
    from proofs_check.falsify import attempt
    from theory_sim.errors import InputError
    from theory_sim.terminal.progress import time_progress

    if out is not None and out.exists():
        raise InputError(f"--out {out}", "a file that does not exist yet", "choose another, or move that one away")
    if out is not None:
        require_writable(out.parent)
    with time_progress(f"searching for a counterexample to {id}, no new round after {budget:g} s"):
        tried = attempt(id, seed=seed, budget=budget, twin=twin)
    looked = f"seed {seed}, {tried.evaluations} evaluations, {tried.seconds:.1f} s"
    should = bool(twin) or find(id).expected == "refuted"
    if tried.found is None:
        typer.echo(f"no counterexample found ({looked}); that proves nothing")
    else:
        typer.echo(f"{tried.found.claim}: refuted ({looked})")
        for line in _evidence(tried.found.evidence):
            typer.echo(textwrap.indent(line, "  "))
        typer.echo(f"look at it   {tried.found.line}")
        if out is not None:
            save(tried.found.verdict, out)
            typer.echo(f"check again  proofs-check recheck {shlex.quote(str(out))}")
    raise typer.Exit(0 if (tried.found is not None) == should else 1)


@app.command()
def recheck(
    files: Annotated[list[Path], typer.Argument(help="Evidence stored by verify --out.")],
    check_hash: Annotated[bool, typer.Option("--hash/--no-hash", help="Refuse a file that its hash does not fit.")] = True,
) -> None:
    """Check stored evidence again, in code that shares nothing with the methods that made it."""
    from proofs_check.recheck import recheck
    from theory_sim.errors import InputError

    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise InputError(f"no file {', '.join(missing)}", "evidence stored by verify --out", "check the paths")
    refused = 0
    for path in files:
        try:
            report = recheck(path, check_hash=check_hash)
        except InputError as error:  # the other files are looked at all the same
            refused += 1
            typer.echo(f"REFUSED  {path}: {error}")
            continue
        refused += not report.accepted
        typer.echo(f"{'accepted' if report.accepted else 'REFUSED '} {report.claim}: {report.outcome}; {report.reason}")
    raise typer.Exit(1 if refused else 0)
