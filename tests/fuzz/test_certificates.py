"""Stored evidence altered by its structure: accepted, refused, or no evidence; never accepted where its hash is looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.certificate import save
from proofs_check.claim import find
from proofs_check.verify import judge
from tests.fuzz import evidence
from tests.fuzz.folder import listing
from tests.fuzz.outcome import call
from tests.fuzz.property import faults
from tests.fuzz.sizes import first, night

FILE: Final = "case.json"
# One of each kind of evidence, of those that are looked at again in milliseconds.
CLAIMS: Final = ("noise-random-walk", "sheppard")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def stored(folder: Path) -> list[dict[str, Any]]:
    """Evidence of some claims, and of a false twin of each."""
    found = []
    for id in CLAIMS:
        claim = find(id)
        for twin in ("", claim.twins[0].name):
            save(judge(claim, twin, level="quick"), folder / FILE)
            found.append(json.loads((folder / FILE).read_text()))
    return found


def require_judged(content: bytes, original: dict[str, Any], folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    before = listing(folder)
    for options in ((), ("--no-hash",), ("--format", "json")):
        outcome = call("proofs-check", "recheck", FILE, *options)
        found = faults(outcome, before, listing(folder))
        if outcome.status == 0 and "--no-hash" not in options and _read(content) != original:
            found.append("accepted, although it is another file than its hash is of")
        assert not found, (found, options, outcome.out[-800:], outcome.err, content[:2000])


def _read(content: bytes) -> object:
    return json.loads(content)


@first("certificates")
@given(st.data())
def test_certificates(folder: Path, stored: list[dict[str, Any]], data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        original = data.draw(st.sampled_from(stored[:2]))  # of the claim that is looked at again the fastest, and its twin
        require_judged(data.draw(evidence.altered(original)), original, folder)


@pytest.mark.slow
@night("certificates")
@given(st.data())
def test_certificates_at_night(folder: Path, stored: list[dict[str, Any]], data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        original = data.draw(st.sampled_from(stored))
        require_judged(data.draw(evidence.altered(original)), original, folder)
