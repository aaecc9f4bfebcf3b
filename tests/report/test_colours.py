"""Contrast of a report's colours (WCAG 2.2, AA), and that its style sheet has no others."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from theory_sim.report.colours import GRAPHICS, PAGE, PAIRS, TEXT, contrast

STYLE = files("theory_sim.report").joinpath("page", "style.css").read_text()


def test_contrast_has_the_values_of_the_standard() -> None:
    # W3C's own examples: #767676 on white is the lightest grey that passes 4.5, #777777 fails.
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0) and contrast("#123456", "#123456") == 1.0
    assert contrast("#767676", "#ffffff") >= 4.5 > contrast("#777777", "#ffffff")


@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_every_pair_has_contrast_enough(front: str, ground: str, least: float) -> None:
    assert contrast(front, ground) >= least


def test_the_style_sheet_has_these_colours_alone() -> None:
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", STYLE)
    used = set(re.findall(r"var\(--(\w+)\)", STYLE))
    assert used == PAGE.keys()
    judged = {colour for front, ground, _ in PAIRS for colour in (front, ground)}
    assert {PAGE[name] for name in used} <= judged
    texts = {name for name in re.findall(r"(?<![-\w])color: var\(--(\w+)\)", STYLE)}
    assert all((PAGE[name], PAGE["shade"], TEXT) in PAIRS for name in texts) and GRAPHICS < TEXT
