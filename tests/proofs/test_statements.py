"""What each claim states is on file, in tests/proofs/statements.txt: a change of a domain, a default or a step is noticed.

A verdict alone does not notice it: over a smaller box, say, a claim is proved just as well. Whoever changes what is claimed
writes the file again by ``python -m tests.proofs.test_statements`` and says why in the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pytest

from proofs_check.claim import claims
from proofs_check.problem.base import Problem

STATEMENTS: Final = Path(__file__).with_name("statements.txt")
ALL: Final = {claim.id: claim for claim in claims()}


def domains(problem: Problem) -> Iterator[str]:
    """Sides of every part's domain, in the order of the parts."""
    for _, part in getattr(problem, "parts", ()):
        yield from domains(part)
    for name in ("variables", "within"):
        sides = sorted(getattr(problem, name, {}).items(), key=lambda item: str(item[0]))  # some are gathered in sets
        if sides:
            yield "over " + ", ".join(f"{symbol} from {low} to {high}" for symbol, (low, high) in sides)


def stated(problem: Problem) -> list[str]:
    """What a problem states, then on what domains."""
    return [*problem.statement(), *dict.fromkeys(domains(problem))]


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
    changed = [(now, on_file) for now, on_file in zip_longest(stated(ALL[id].at()), KEPT[id]) if now != on_file]
    assert not changed, changed[0]


def test_a_smaller_box_is_noticed() -> None:
    from proofs_check.claims import batch_noise

    own = stated(batch_noise.inclusion())
    before = batch_noise.SIZES[batch_noise.B]
    batch_noise.SIZES[batch_noise.B] = (before[0] + 1, before[1])
    try:
        assert stated(batch_noise.inclusion()) != own == KEPT["batch-inclusion"]
    finally:
        batch_noise.SIZES[batch_noise.B] = before


def main() -> None:
    lines = [line for id in sorted(ALL) for line in (id, *(f"  {line}" for line in stated(ALL[id].at())))]
    STATEMENTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
