"""Colours of a report: those of the figures, and the page's own, with where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from theory_sim.plots.style import COLOURS

__all__ = ["PAGE", "PAIRS", "contrast"]

PAGE: Final = {
    "paper": "#ffffff", "shade": "#f3f5f7", "ink": "#1a1a1a", "soft": "#4d5359", "line": "#767c82", "link": "#0b5394",
    "good": "#00684a", "bad": "#a03b00", "open": "#5b4a00",
}
"""Name of each colour of the style sheet."""

TEXT: Final = 4.5
GRAPHICS: Final = 3.0
PAIRS: Final[tuple[tuple[str, str, float], ...]] = (
    *((PAGE[name], PAGE[ground], TEXT)
      for name in ("ink", "soft", "link", "good", "bad", "open") for ground in ("paper", "shade")),
    *((PAGE["line"], PAGE[ground], GRAPHICS) for ground in ("paper", "shade")),
    *((colour, PAGE["paper"], GRAPHICS) for colour in COLOURS.values()),
)
"""Foreground, background, and the least contrast: 4.5 of text, 3 of what is drawn (WCAG 2.2, AA: 1.4.3 and 1.4.11)."""


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours "#rrggbb" (WCAG 2.2, relative luminance).

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))


def _linear(colour: str) -> Iterator[float]:
    for at in (1, 3, 5):
        part = int(colour[at : at + 2], 16) / 255
        yield part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
