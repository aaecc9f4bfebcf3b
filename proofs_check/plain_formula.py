"""A formula of a claim as a terminal shows it: LaTeX in, letters, signs and fractions on one line out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["plain_formula"]

_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_GREEK: Final = ("alpha beta gamma delta epsilon zeta eta theta kappa lambda mu xi pi rho sigma tau phi chi "
                 "Gamma Delta Phi Omega").split()
_UNICODE: Final = {"lambda": "LAMDA"}  # Unicode spells it so
_SIGNS: Final[Mapping[str, str]] = {
    **{f"\\{name}": unicodedata.lookup(f"GREEK {'CAPITAL' if name[0].isupper() else 'SMALL'} LETTER "
                                       f"{_UNICODE.get(name, name.upper())}") for name in _GREEK},
    "\\varphi": "φ", "\\ell": "ℓ", "\\infty": "∞", "\\partial": "∂", "\\nabla": "∇", "\\pm": "±", "\\cdot": "·", "\\sum": "Σ",
    "\\prod": "Π", "\\int": "∫", "\\langle": "⟨", "\\rangle": "⟩", "\\|": "‖", "\\top": "ᵀ", "\\exists": "∃", "\\mid": "|",
    "\\{": "{", "\\}": "}", "\\%": "%", "\\le": " ≤ ", "\\ge": " ≥ ", "\\ne": " ≠ ", "\\to": " → ", "\\in": " ∈ ",
    "\\approx": " ≈ ", "\\sim": " ~ ", "\\Rightarrow": " ⇒ ", "\\iff": " ⇔ ", "=": " = ", "<": " < ", ">": " > ",
    "\\ ": " ", "\\,": " ", "\\;": " ", "\\!": "", "\\quad": "  ", "\\qquad": "  ", "\\big": "", "\\Big": "", "-": "−",
}
_NAME: Final = "\0"
_CLOSING: Final = {"", *"=<>+-,)]};:|/", *(f"\\{name}" for name in (
    *"|,; }", *"le ge to quad qquad cdot rangle approx pm sim ne text Rightarrow".split()))}
_NAMES: Final = {f"\\{name}" for name in "log arccos arctan arcsin cos sin cosh min max sup lim".split()}
_ACCENTS: Final = {"\\tilde": "\N{COMBINING TILDE}", "\\bar": "\N{COMBINING MACRON}",
                   "\\hat": "\N{COMBINING CIRCUMFLEX ACCENT}"}
_RAISED: Final = str.maketrans("0123456789+−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWERED: Final = str.maketrans("0123456789+−", "₀₁₂₃₄₅₆₇₈₉₊₋")
_SMALL: Final = "[₀-₉₊₋⁰¹²³⁴-⁹ⁿ∞∂\u0300-\u036f]"


def plain_formula(latex: str) -> str:
    """Return a formula on one line, of letters and signs that a terminal shows.

    Parameters
    ----------
    latex : str
        As claims state it: the commands that they use.

    Examples
    --------
    >>> plain_formula(r"\\Delta(1)=-\\frac{\\arctan r}\\pi")
    'Δ(1) = −(arctan r)/π'
    """
    return _tidy(_Reader(_TOKEN.findall(latex)).until(""))


def _tidy(text: str) -> str:
    text = re.sub(r"(?<=[^\W_])\0", " ", text).replace(_NAME, "")
    text = re.sub(r" ([,;.])", r"\1", text)
    text = re.sub("(?<! ) +(?=[=<>≤≥≠→≈⇒⇔])|(?<=[=<>≤≥≠→≈⇒⇔]) +", " ", text)
    return re.sub(r"(?<=\() | (?=[)\]])", "", re.sub(" {3,}", "  ", text)).strip()


class _Reader:
    """Tokens, read once from the left."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0
        self._made: Mapping[str, Callable[[], str]] = {
            "\\frac": self._fraction, "\\tfrac": self._fraction, "\\sqrt": lambda: f"√{_one(self._argument())}",
            "\\binom": lambda: f"C({self._argument()}, {self._argument()})",
            "^": lambda: _moved("^", self._argument(), _RAISED),
            "_": lambda: _moved("_", self._argument(), _LOWERED), "\\text": self._words, "\\mathrm": self._words,
            "\\operatorname": self._words, "\\mathbb": self._argument, "{": lambda: self.until("}"),
        }

    def until(self, end: str) -> str:
        """What stands before a token, which is passed, or before the end."""
        parts = []
        while self._at < len(self._tokens) and self._tokens[self._at] != end:
            parts.append(self._argument())
        self._at += 1
        return "".join(parts)

    def _argument(self) -> str:
        """The next group, or sign."""
        token = self._next()
        if token in self._made:
            return self._made[token]()
        if token in _ACCENTS:
            base = self._argument()
            return base[:1] + _ACCENTS[token] + base[1:]
        if token in _NAMES and self._peek() in ("\\frac", "\\tfrac"):
            return f"{_NAME}{token[1:]}({self._argument()})"
        if token in _NAMES:
            return _NAME + token[1:] + ("" if self._peek() in ("(", "{", "[", "^", "_", "\\big", "\\Big", "") else " ")
        return _SIGNS.get(token, token)

    def _next(self) -> str:
        while self._peek() == " ":  # of no meaning between two signs
            self._at += 1
        token = self._peek()
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _fraction(self) -> str:
        whole = f"{_held(self._argument())}/{_one(self._argument())}"
        return whole if self._peek() in _CLOSING else f"({whole})"  # so that what follows is not below the line

    def _words(self) -> str:
        """Text, in which spaces count."""
        begun = self._at
        while self._peek() not in ("}", ""):
            self._at += 1
        self._at += 1
        return "".join(self._tokens[begun + 1 : self._at - 1])


def _held(text: str) -> str:
    """In brackets, unless it is a product of signs without an operator or a name."""
    text = text.strip().removeprefix(_NAME)
    return text if re.fullmatch(rf"√?(\w|{_SMALL})+", text) else f"({text})"


def _one(text: str) -> str:
    """In brackets, unless it is one number, or one sign with its index and its power."""
    text = text.strip().removeprefix(_NAME)
    return text if re.fullmatch(rf"√?(\d+|[^\W\d]{_SMALL}*(_\w)?)", text) else f"({text})"


def _moved(sign: str, text: str, letters: Mapping[int, int]) -> str:
    """An index or a power: in small letters where there are such, else behind its sign."""
    text = text.replace(" ", "")
    small = text.translate(letters)
    if all(ord(each) in letters for each in text):
        return small
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})" if sign == "^" or not text.isalnum() else f"{sign}{text}"
