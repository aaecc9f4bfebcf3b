"""Each figure that README and the documentation show has an example of the gallery, which makes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from matplotlib.image import imread

from tests.test_links import PAGES

ROOT: Final = Path(__file__).resolve().parents[1]
GALLERY: Final = ROOT / "docs" / "gallery"
EXAMPLES: Final = sorted(path for path in GALLERY.glob("*.md") if path.name != "index.md")
DRAWN_BY_A_BROWSER: Final = {"docs/_static/explore.png", "docs/_static/report.png"}

_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|```\{(?:image|figure)\} (\S+)")
_BLOCK = re.compile(r"```(bash|python|\{code-cell\} ipython3)\n(.*?)```", re.DOTALL)


def shown() -> set[str]:
    """Images of all pages, by their path in the repository."""
    found = set()
    for page in PAGES:
        for first, second in _IMAGE.findall(page.read_text(encoding="utf-8")):
            found.add(str((page.parent / (first or second)).resolve().relative_to(ROOT)))
    return found


def made(example: Path) -> set[str]:
    """Images that an example says it makes; those of studies by their folder of results."""
    said = re.findall(r"^.*?\bMakes (.+?)\.$", example.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names = {name for text in said for name in re.findall(r"`([^`]+\.(?:png|svg))`", text)}
    return {str(next((ROOT / "docs").rglob(name)).relative_to(ROOT)) if name.startswith("results/") else name for name in names}


def blocks(example: Path, *languages: str) -> list[str]:
    """Code that a reader sees, without what only the build runs."""
    found = _BLOCK.findall(example.read_text(encoding="utf-8"))
    return [re.sub(r"\A:tags:.*\n", "", code) for language, code in found
            if language in languages and not re.match(r":tags: \[remove-(?:cell|input)\]", code)]


def test_every_figure_has_an_example() -> None:
    by_example = {example.stem: made(example) for example in EXAMPLES}
    assert len(by_example) >= 12 and all(by_example.values())
    everything = set().union(*by_example.values())
    assert shown() - DRAWN_BY_A_BROWSER == everything and sum(map(len, by_example.values())) == len(everything)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_writes_what_it_makes(example: Path) -> None:
    code = "\n".join(blocks(example, "bash", "python", "{code-cell} ipython3"))
    lines = [line for line in code.splitlines() if line.strip()]
    assert 2 <= len(lines) <= 20 and max(map(len, lines)) <= 80
    assert (ROOT / "docs" / "gallery" / "index.md").read_text(encoding="utf-8").count(f"({example.name})") == 2
    for path in made(example):
        name = "{name}.svg" if path.endswith("figure.svg") else Path(path).name
        assert name in code, path


RUN_BY_THE_BUILD: Final = [example for example in EXAMPLES if blocks(example, "{code-cell} ipython3")]


@pytest.mark.tier2
@pytest.mark.parametrize("example", RUN_BY_THE_BUILD, ids=lambda path: path.stem)
def test_the_stored_figure_is_what_the_example_makes(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for code in blocks(example, "{code-cell} ipython3"):
        exec(code, {})
    for path in made(example):
        stored = ROOT / path
        mine = tmp_path / (f"{stored.parent.name}.svg" if stored.name == "figure.svg" else stored.name)
        assert difference(stored, mine) < SAME, path


SAME: Final = 0.0015
"""Largest difference of one picture drawn twice; a line elsewhere makes twice as much."""


def difference(first: Path, second: Path) -> float:
    """Of pictures, the mean difference of brightness between squares; of drawings, by how much of its box marks are moved."""
    if first.suffix == ".svg":
        one, other = marks(first), marks(second)
        return float(np.abs(one - other).max(initial=0.0)) / 227 if one.shape == other.shape else 1.0
    one, other = squares(first), squares(second)
    return float(np.abs(one - other).mean()) if one.shape == other.shape else 1.0


def marks(path: Path) -> Any:
    """Places of all marks of a drawing, in points; one of 80 mm is 227 wide."""
    return np.array(re.findall(r'<use [^>]*x="([\d.-]+)" y="([\d.-]+)"', path.read_text(encoding="utf-8")), dtype=float)


def squares(path: Path, side: int = 4) -> Any:
    grey = imread(path)[..., :3].mean(axis=2)
    height, width = (size // side for size in grey.shape)
    return grey[: height * side, : width * side].reshape(height, side, width, side).mean(axis=(1, 3))


def test_figures_that_differ_are_told_apart(tmp_path: Path) -> None:
    static = ROOT / "docs" / "_static"
    assert difference(static / "sample-complexity.png", static / "sample-complexity.png") == 0.0
    grey = imread(static / "scaling.png").copy()
    grey[300:306, 200:900, :3] = 0.0  # a line elsewhere
    from matplotlib.image import imsave

    imsave(tmp_path / "other.png", grey)
    assert difference(static / "scaling.png", tmp_path / "other.png") > SAME
    drawing = (ROOT / "docs/explanation/theorem/results/scaling/figure.svg").read_text(encoding="utf-8")
    found = re.search(r'<use [^>]*x="([\d.]+)"', drawing)
    assert found is not None
    (tmp_path / "a.svg").write_text(drawing, encoding="utf-8")
    (tmp_path / "b.svg").write_text(drawing.replace(f'x="{found[1]}"', f'x="{float(found[1]) + 5}"', 1), encoding="utf-8")
    assert difference(tmp_path / "a.svg", tmp_path / "b.svg") > SAME
