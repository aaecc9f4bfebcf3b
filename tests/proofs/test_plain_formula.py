"""Formulas as a terminal shows them: by hand, and that nothing of LaTeX is left in any claim's."""

from __future__ import annotations

import pytest

from proofs_check.claim import claims
from proofs_check.plain_formula import plain_formula


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"\Delta(1)=-\frac{\arctan r}\pi", "Δ(1) = −(arctan r)/π"),
        (r"\tfrac12x\le\frac{x^2}{2\eta T}", "(1/2)x ≤ x²/(2ηT)"),  # the denominator ends where it ends
        (r"\sqrt{2\pi}+\sqrt2", "√(2π)+√2"),
        (r"\tilde U_{t+1}\ \text{ if }\ \bar U_t", "U\u0303_(t+1)  if  U\u0304_t"),
        (r"\mu\log\frac ab", "μ log(a/b)"),
        (r"e^{-2n\epsilon^2}\to0", "e^(−2nε²) → 0"),
        (r"\{a\le1\},\;\binom nk", "{a ≤ 1}, C(n, k)"),
    ],
)
def test_by_hand(latex: str, plain: str) -> None:
    assert plain_formula(latex) == plain


def test_no_command_is_left_in_any_claim() -> None:
    """A command that the table lacks would be shown as it is typed."""
    for claim in claims():
        shown = plain_formula(claim.statement)
        assert "\\" not in shown and "\0" not in shown, claim.id
        assert shown.count("(") - shown.count(")") == claim.statement.count("(") - claim.statement.count(")"), claim.id
    assert "\\" in plain_formula(r"\unknown x")
