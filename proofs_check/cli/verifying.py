"""Commands that judge: verify, recheck."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofs_check.cli.app import AtLevel, app, parse_level
from proofs_check.cli.showing import domain_lines
from theory_sim.terminal.output import Force, OutFile, Output, Result, TextJsonCsv, format_option, hanging, require_writable

if TYPE_CHECKING:
    from proofs_check.claim import Level
    from proofs_check.junit import Judged

Ids = Annotated[list[str] | None, typer.Argument(help="Identifiers of claims; left out, all.")]


@app.command()
def verify(
    ids: Ids = None, level: AtLevel = "quick",
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FOLDER", help="Folder for evidence, one file a verdict, for recheck."
    )] = None,
    form: Annotated[str, format_option("text", "json", "csv", "junit")] = "text",
) -> None:
    """Verify claims and their false twins; exit status 1 unless each verdict is as expected and every twin is refuted."""
    from proofs_check.certificate import require_replaceable, save
    from proofs_check.claim import claims, find
    from proofs_check.junit import Judged, to_junit
    from proofs_check.report.entries import claim_entry
    from proofs_check.verify import as_expected
    from theory_sim.errors import InputError

    output = Output(form)
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"--out {out}, which is a file", "a folder, new or there already", "name another")
    chosen_level = parse_level(level)
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
        output.say(*_lines(judged[-1], chosen_level))
    failed = sum(not each.right for each in judged)

    def fields() -> dict[str, object]:
        return {"level": level, "claims": [claim_entry(each, chosen_level) for each in judged], "failed": failed}

    output.put(Result("proofs-check.verification", fields, lambda: [_total(judged, failed)], lambda: _table(judged),
                      others={"junit": lambda: to_junit(judged) + "\n"}))
    raise typer.Exit(1 if failed else 0)


def _evidence_names(id: str, twins: int) -> list[str]:
    return [f"{id}.json", *(f"{id}.twin{number}.json" for number in range(1, twins + 1))]


def _total(judged: Sequence[Judged], failed: int) -> str:
    counts = {outcome: sum(each.own.outcome == outcome for each in judged)
              for outcome in ("proved", "certified", "supported", "refuted")}
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    twins = sum(len(each.twins) for each in judged)
    return f"{len(judged) - failed} of {len(judged)} claims as expected ({outcomes}), with {twins} false twins"


def _lines(judged: Judged, level: Level) -> Iterator[str]:
    from proofs_check.evidence_text import where

    claim, own = judged.claim, judged.own
    refuted = sum(twin.outcome == "refuted" for twin in judged.twins)
    yield (f"{'ok' if judged.right else 'FAILS':5} {claim.id:42} {own.outcome:10}"
           f"{refuted} of {len(judged.twins)} twins refuted")
    yield from domain_lines(claim, level, 6)
    details = []
    if own.outcome == "refuted":
        corrected = f"; corrected: {claim.corrected}" if claim.corrected else ""
        details.append(hanging("", where(own.evidence) + corrected, 0))
    elif own.outcome != claim.expected:
        details.append(hanging("", f"expected {claim.expected}; {own.evidence.get('reason', '')}", 0))
    details += [f"twin not refuted: {twin.claim.partition('/')[2]}: {twin.outcome}" for twin in judged.twins
                if twin.outcome != "refuted"]
    yield from (hanging("", detail, 6) for detail in details)


def _table(judged: Sequence[Judged]) -> list[dict[str, object]]:
    """A row a verdict: of each claim its own, then those of its twins."""
    rows = []
    for each in judged:
        for verdict in (each.own, *each.twins):
            id, _, twin = verdict.claim.partition("/")
            expected = "refuted" if twin else each.claim.expected
            rows.append({"claim": id, "twin": twin, "expected": expected, "outcome": verdict.outcome,
                         "as_expected": verdict.outcome == expected, "level": verdict.level})
    return rows


@app.command()
def recheck(
    files: Annotated[list[Path], typer.Argument(help="Evidence stored by verify or falsify --out, or certificates of order.")],
    check_hash: Annotated[bool, typer.Option("--hash/--no-hash", help="Refuse a file that its hash does not fit.")] = True,
    form: TextJsonCsv = "text", out: OutFile = None, force: Force = False,
) -> None:
    """Check stored evidence again, in code that shares nothing with the methods that made it.

    Exit status 1 if any fails, 2 if a file is no evidence.
    """
    from proofs_check.certificate import ChangedEvidence
    from proofs_check.recheck import recheck
    from theory_sim.errors import InputError

    output = Output(form, out, force=force)
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise InputError(f"no file {', '.join(missing)}", "evidence stored by verify --out", "check the paths")
    rows: list[dict[str, object]] = []
    unreadable = 0
    for path in files:
        try:
            report = recheck(path, check_hash=check_hash)
        except InputError as error:  # the other files are looked at all the same
            unreadable += not isinstance(error, ChangedEvidence)
            rows.append({"file": str(path), "accepted": False, "claim": None, "outcome": None, "reason": str(error)})
            output.say(hanging("FAILS", f"{path}: {error}", 9))
            continue
        rows.append({"file": str(path), "accepted": report.accepted, "claim": report.claim, "outcome": report.outcome,
                     "reason": report.reason})
        output.say(hanging("accepted" if report.accepted else "FAILS", f"{report.claim}: {report.outcome}; {report.reason}", 9))
    output.put(Result("proofs-check.recheck", lambda: {"files": rows}, table=lambda: rows))
    raise typer.Exit(2 if unreadable else 0 if all(row["accepted"] for row in rows) else 1)
