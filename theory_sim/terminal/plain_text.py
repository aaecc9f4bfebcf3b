"""Text of the documentation, in Markdown with formulas, as plain text for a terminal: the one place that converts it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["plain_text"]

_SYMBOLS: Final = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Omega": "Ω",
    "leftarrow": " ← ", "to": " → ", "pm": "±", "cdot": " · ", "times": " × ", "propto": " ∝ ", "le": " ≤ ", "ge": " ≥ ",
    "approx": " ≈ ", "infty": "∞", "sum": "Σ", "ell": "l", "lVert": "‖", "rVert": "‖", "circ": "∘", "odot": " * ",
    "left": "", "right": "", "quad": " ", "star": "*", "ldots": "...", "dots": "...",
}
_FUNCTIONS: Final = frozenset({"log", "exp", "max", "min", "tanh", "arccos", "arcsin", "arctan", "cos", "sin", "sign"})
_ACCENTS: Final = "hat|bar|tilde"
_GROUP: Final = r"\{([^{}]*)\}"


def plain_text(markup: str) -> str:
    r"""A text without its markup.

    Parameters
    ----------
    markup : str
        Markdown with code in backticks, links, references such as {ref}`§6 <theory-6>`, and formulas between dollars.

    Examples
    --------
    >>> plain_text(r"`eta_1` until $\epsilon_1+\hat q\,\ell(0)$; [Theorem C.2](theorem/c2.md), {ref}`§6 <theory-6>`")
    'eta_1 until ε_1+q_hat l(0); Theorem C.2, §6'
    >>> plain_text(r"$g/(\sqrt s+\epsilon)$, $e^{-v}$, $\mathrm{erf}\,z$")
    'g/(sqrt(s)+ε), e^(-v), erf z'
    """
    text = re.sub(r"\{\w+\}`([^`<]*?) *(?:<[^>]*>)?`", r"\1", markup)
    text = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", text)
    text = re.sub(r"\$([^$]+)\$", lambda found: _plain_formula(found[1]), text)
    return text.replace("`", "")


def _plain_formula(formula: str) -> str:
    text = re.sub(r"\\[,;: !]", " ", formula)
    text = re.sub(rf"\\({_ACCENTS}) *(?:{_GROUP}|(\\?\w))", lambda found: f" {found[2] or found[3]}_{found[1]} ", text)
    text = re.sub(rf"\\(?:mathrm|text|mathbf|mathcal|operatorname) *{_GROUP}", r"\1", text)
    text = re.sub(rf"\\sqrt *(?:{_GROUP}|(\\?\w))", lambda found: f"sqrt({found[1] or found[2]})", text)
    text = re.sub(rf"\\frac *{_GROUP} *{_GROUP}", r"(\1)/(\2)", text)
    text = re.sub(r"\\([A-Za-z]+) *", _command, text)
    text = re.sub(rf"([\^_]){_GROUP}", lambda found: f"{found[1]}{found[2] if len(found[2]) == 1 else f'({found[2]})'}", text)
    text = text.replace("{", "").replace("}", "")
    text = re.sub(r" +(?=[-+=,;:)/^|]|$)|(?<=[-+=(/^]) +", "", text)  # what stood beside a command or an accent
    return re.sub(r" +", " ", text).strip()


def _command(found: re.Match[str]) -> str:
    name, spaced = found[1], found[0].endswith(" ")
    if name in _FUNCTIONS:
        return f" {name}{' ' if spaced or _letter_follows(found) else ''}"
    return _SYMBOLS.get(name, f"{name} ")


def _letter_follows(found: re.Match[str]) -> bool:
    return found.string[found.end() : found.end() + 1].isalnum() or found.string[found.end() : found.end() + 1] == "\\"
