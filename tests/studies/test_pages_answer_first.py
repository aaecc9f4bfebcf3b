"""The page of a study says question, answer and what limits it on one screen; all else stands below, under its headings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from theory_sim.studies.registry import get_study, study_names
from theory_sim.vision.studies.base import IMAGE_STUDIES

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "explanation"
MOST_WORDS: Final = 200
MOST_ROWS: Final = 7  # of a table above, without its head
MOST_COLUMNS: Final = 6
# Of a text column of 736 px (furo, a window of 1280 by 800) a screen leaves this much to a figure below 200 words.
COLUMN_PX: Final = 736
MOST_FIGURE_PX: Final = 350
LEAST_POWER: Final = 0.9
NEEDED: Final = ("Numbers", "Limits", "Chosen after a result was seen")
STANDARD: Final = ("Numbers", "How", "Limits", "Power", "Chosen after a result was seen", "Second edition")
LABELS: Final = ("Tried", "How", "Limits", "Power", "Second edition", "Chosen after a result was seen")

_DIRECTIVE = re.compile(r"^```\{(\w+)\} (\S+)\n([\s\S]*?)^```$", re.MULTILINE)


def page_of(name: str) -> Path:
    (page,) = (path for path in PAGES.glob(f"*/{name}.md") if path.parent.name in ("questions", "theorem"))
    return page


def words(text: str) -> int:
    """Words that are read: no directive, no table, no title, of links and roles their text."""
    text = _DIRECTIVE.sub("", text)
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("|", "# ")))
    text = re.sub(r"\{\w+\}`([^`<]*?)\s*(?:<[^>`]*>)?`", r"\1", re.sub(r"\]\([^)\s]*\)", "]", text))
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def figure_height(folder: Path, name: str, options: str) -> float:
    """Of an image in px, by its share of the column's width and the sides of the drawing."""
    sides = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', (folder / name).read_text(encoding="utf-8"))
    share = re.search(r":width: (\d+)%", options)
    assert sides is not None and share is not None, name
    return COLUMN_PX * float(share[1]) / 100 * float(sides[2]) / float(sides[1])


def not_answer_first(text: str, folder: Path = PAGES) -> list[str]:
    """What keeps a page from its layout: what lacks or is too much above the first heading, and headings that lack below."""
    above, *below = re.split(r"^## ", text, flags=re.MULTILINE)
    asked, found = above.find("\n**Asked:**"), above.find("\n**Found:**")
    wrong = [name for name, at in (("no Asked", asked), ("no Found", found)) if at < 0]
    if not re.search(r"\*\*The (authors|statement)\*\*|Nobody stated an answer", above):
        wrong.append("nobody's words")
    if not re.search(r"\*(supported|refuted|undecided)\*", above[max(found, 0):]):
        wrong.append("no verdict")
    if 0 <= found < asked:
        wrong.append("answer before question")
    if (many := words(above)) > MOST_WORDS:
        wrong.append(f"{many} words")
    shown = [(kind, folder / path, options) for kind, path, options in _DIRECTIVE.findall(above)]
    wrong += [f"{kind} above" for kind, _, _ in shown if kind != "image"]
    wrong += ["high figure" for kind, path, options in shown
              if kind == "image" and figure_height(path.parent, path.name, options) > MOST_FIGURE_PX]
    tables = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", above, re.MULTILINE)]
    wrong += ["wide table" for table in tables if table[0].count("|") - 1 > MOST_COLUMNS]
    wrong += ["long table" for table in tables if len(table) - 2 > MOST_ROWS]
    if len(shown) + len(tables) > 1:
        wrong.append("more than one figure or table")
    headings = [part.split("\n", 1)[0] for part in below]
    wrong += [f"no {name}" for name in NEEDED if name not in headings]
    standard = [name for name in headings if name in STANDARD]
    if standard != sorted(set(standard), key=STANDARD.index):
        wrong.append("order of headings")
    wrong += [f"{label} is no heading" for label in LABELS if re.search(rf"^\*\*{label}[.:]\*\*", text, re.MULTILINE)]
    return wrong


def power_misquoted(text: str) -> list[str]:
    """Numbers above that are said with a link to the section on power, and do not stand in it."""
    above, *below = re.split(r"^## ", text, flags=re.MULTILINE)
    section = "".join(part for part in below if part.startswith("Power\n"))
    said = [part for part in re.split(r"(?<=[.:;])\s", above) if "(#power)" in part]
    return [number for part in said for number in re.findall(r"\d+(?:\.\d+)?", part)
            if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", section)]  # fmt: skip


STUDIES: Final = sorted({*study_names(), *IMAGE_STUDIES.names()})


@pytest.mark.parametrize("name", STUDIES)
def test_a_page_opens_with_its_answer(name: str) -> None:
    page = page_of(name)
    text = page.read_text(encoding="utf-8")
    assert not_answer_first(text, page.parent) == []
    stored = page.parent / "results" / name / "verdict.json"
    if stored.exists():
        verdict = json.loads(stored.read_text(encoding="utf-8"))["verdict"]
        assert f"*{verdict}*" in text.split("\n## ")[0], "the stored verdict, above"


@pytest.mark.parametrize("name", STUDIES)
def test_who_reads_the_answer_alone_knows_that_power_lacks(name: str) -> None:
    text = page_of(name).read_text(encoding="utf-8")
    assert power_misquoted(text) == []
    if name in study_names():
        powers = [part.at(0.95) for part in get_study(name).power]
        if min((power for power in powers if power is not None), default=1.0) < LEAST_POWER:
            assert "(#power)" in text.split("\n## ")[0]


@pytest.mark.parametrize(("section", "wrong"), [
    ("0.60 where the share is 0.95.", []), ("0.61, or 10.60.", ["0.60"]), ("0.600.", ["0.60"]),
])  # fmt: skip
def test_a_power_that_is_not_that_of_its_section_is_found(section: str, wrong: list[str]) -> None:
    above = "# Title\n\nOn 10 of 10 data sets; the [power](#power) of a part is 0.60.\n\n"
    assert power_misquoted(f"{above}## Power\n\nIt is {section}\n") == wrong
    assert power_misquoted(f"{above}## Limits\n\nIt is 0.60.\n") == ["0.60"]


TABLE: Final = "| a | b |\n|---|---|\n| 1 | 2 |\n"
FIGURE: Final = "```{image} figure.svg\n:alt: A\n:width: 50%\n```\n"
RIGHT: Final = f"""# Title

**Asked:** why? **The authors** [[F 1]](../reviewers.md#f-1): so.

**Found:** *refuted*, by one of two.

{FIGURE}
## Numbers

- One.

## Limits

One.

## Chosen after a result was seen

Nothing.
"""


@pytest.mark.parametrize(("old", "new", "said"), [
    ("**Asked:** why?", "Why?", "no Asked"),
    ("**Found:** *refuted*", "It is *refuted*", "no Found"),
    ("**The authors**", "They", "nobody's words"),
    ("*refuted*", "refuted", "no verdict"),
    ("**Asked:** why? **The authors**", "**Found:** *supported*.\n\n**Asked:** why? **The authors**", "answer before question"),
    ("by one of two.", "by one of two. " + "more " * MOST_WORDS, f"{MOST_WORDS + 13} words"),
    (FIGURE, "```{include} table.md\n```\n", "include above"),
    (FIGURE, FIGURE.replace("50%", "100%"), "high figure"),
    (FIGURE, TABLE.replace("| b |", "| b |" * 6), "wide table"),
    (FIGURE, TABLE + "| 1 | 2 |\n" * MOST_ROWS, "long table"),
    (FIGURE, FIGURE + "\n" + TABLE, "more than one figure or table"),
    ("## Numbers\n", "", "no Numbers"),
    ("## Limits\n", "**Limits.**", "no Limits"),
    ("## Limits\n", "## Limits\n\n**How.** So.", "How is no heading"),
    ("## Limits\n", "## Power\n\nOne.\n\n## Limits\n", "order of headings"),
    ("## Chosen after a result was seen\n", "**Chosen after a result was seen:** ", "no Chosen after a result was seen"),
])  # fmt: skip
def test_a_page_that_hides_its_answer_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "figure.svg").write_text('<svg viewBox="0 0 100 80"></svg>', encoding="utf-8")
    assert not_answer_first(RIGHT, tmp_path) == [] and old in RIGHT
    assert said in not_answer_first(RIGHT.replace(old, new, 1), tmp_path)


def test_a_table_in_place_of_the_figure_is_right(tmp_path: Path) -> None:
    assert not_answer_first(RIGHT.replace(FIGURE, TABLE), tmp_path) == []
    assert not_answer_first(RIGHT.replace(FIGURE, ""), tmp_path) == []
