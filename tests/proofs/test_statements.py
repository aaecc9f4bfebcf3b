"""What each claim states is on file, in tests/proofs/statements.txt: a change of a domain, a default or a step is noticed.

A verdict alone does not notice it: over a smaller box, say, a claim is proved just as well. Whoever changes what is claimed
writes the file again by ``python -m tests.proofs.test_statements`` and says why in the commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from proofs_check.claim import claims

STATEMENTS: Final = Path(__file__).with_name("statements.txt")
ALL: Final = {claim.id: claim for claim in claims()}


def kept() -> dict[str, list[str]]:
    """Lines by claim; a line that is not indented names one."""
    found: dict[str, list[str]] = {}
    for line in STATEMENTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found[name].append(line[2:])  # noqa: F821
        else:
            name = line
            found[name] = []
    return found


KEPT: Final = kept()


def test_each_claim_is_on_file() -> None:
    assert list(KEPT) == sorted(ALL)


@pytest.mark.parametrize("id", sorted(ALL))
def test_a_claim_states_what_is_on_file(id: str) -> None:
    assert list(ALL[id].at().statement()) == KEPT[id]


def test_a_smaller_box_is_noticed() -> None:
    from proofs_check.claims import batch_noise

    stated = list(batch_noise.inclusion().statement())
    before = batch_noise.SIZES[batch_noise.B]
    batch_noise.SIZES[batch_noise.B] = (before[0] + 1, before[1])
    try:
        assert list(batch_noise.inclusion().statement()) != stated == KEPT["batch-inclusion"]
    finally:
        batch_noise.SIZES[batch_noise.B] = before


def main() -> None:
    lines = [line for id in sorted(ALL) for line in (id, *(f"  {line}" for line in ALL[id].at().statement()))]
    STATEMENTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
