"""Links of the pages lead somewhere: files, headings and labels exist, and addresses elsewhere are well formed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
PARTS: Final = ("tutorials", "how-to", "explanation", "reference", "gallery")
PAGES: Final = sorted([*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md",
                       *(page for page in DOCS.rglob("*.md") if not {"results", "_build"} & set(page.parts))])

_LINK = re.compile(r"(?<!\\)\[(?:[^\]\\]|\\.)*\]\(([^)\s]+)\)")
_FILE = re.compile(r"^\s*```\{(?:image|figure|include|literalinclude)\} (\S+)", re.MULTILINE)
_ROLE = re.compile(r"\{(ref|doc)\}`(?:[^`<]*<)?([^`>]+)>?`")
_LABEL = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
_FENCE = re.compile(r"^( *)(`{3,})(.*)\n(?:.*\n)*?\1\2\n", re.MULTILINE)


@functools.cache
def prose(page: Path) -> str:
    """A page without its blocks of code and its code in lines, where brackets are no links."""
    text = page.read_text(encoding="utf-8")
    text = _FENCE.sub(lambda found: found.group() if re.match(r"\{(?!code-cell)", found.group(3)) else "\n", text)
    # Roles have backticks, too, and stay.
    return re.sub(r"(\{\w+\}`[^`]+`)|(`+)(?!`)(?:(?!\n\n)[\s\S])+?(?<!`)\2(?!`)", lambda found: found.group(1) or "``", text)


@functools.cache
def headings(page: Path) -> frozenset[str]:
    """Anchors of a page: its headings, as MyST and GitHub write them, and its labels."""
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#{1,6} (.+)$", _FENCE.sub("\n", text), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.strip().lower().replace(" ", "-")) for title in titles}
    return frozenset(slugs | set(_LABEL.findall(text)))


@functools.cache
def labels() -> frozenset[str]:
    return frozenset(label for page in PAGES for label in _LABEL.findall(page.read_text(encoding="utf-8")))


def broken(page: Path, text: str) -> Iterator[str]:
    """Each link of a text that stands on a page and leads nowhere, with the reason."""
    for target in [*_LINK.findall(text), *_FILE.findall(text)]:
        if re.match(r"[a-z][a-z+.-]*:", target):
            address = urlsplit(target)
            if address.scheme not in ("https", "mailto") or not (address.netloc or address.path) or "." not in target:
                yield f"{target}: no address"
            continue
        name, _, anchor = target.partition("#")
        path = (DOCS / name[1:] if name.startswith("/") else page.parent / name) if name else page
        if not path.exists():
            yield f"{target}: no file"
        elif anchor and anchor not in headings(path.resolve()):
            yield f"{target}: no heading"
    for role, target in _ROLE.findall(text):
        if role == "ref" and target not in labels():
            yield f"{target}: no label"
        if role == "doc" and not (page.parent / f"{target}.md").exists():
            yield f"{target}: no page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(broken(page, prose(page))) == []


@pytest.mark.parametrize("link", [
    "[a](nowhere.md)", "[a](index.md#nowhere)", "[a](#nowhere)", "[a](http//x)", "[a](https:)", "{ref}`x <nowhere>`",
    "{doc}`nowhere`", "```{image} nowhere.png\n```", "```{include} results/none.md\n```",
    "[a](/nowhere.md)", "[`a`\nb](nowhere.md)",
])
def test_a_planted_link_to_nowhere_is_found(link: str) -> None:
    assert list(broken(DOCS / "index.md", link))


def test_links_are_found() -> None:
    found = [target for page in PAGES for target in _LINK.findall(prose(page))]
    assert len(found) > 100 and sum("#" in target for target in found) > 10 and sum("//" in target for target in found) > 5
    assert len(labels()) > 10


@pytest.mark.parametrize("part", PARTS)
def test_the_index_of_a_part_has_a_line_for_each_page(part: str) -> None:
    text = (DOCS / part / "index.md").read_text(encoding="utf-8")
    told = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S.*[.]$", re.sub(r"\n  (?=\S)", " ", text), re.MULTILINE)
    pages = {path.name for path in (DOCS / part).glob("*.md")} - {"index.md"}
    listed = {f"{name}.md" for name in text.rpartition("```{toctree}")[2].split("\n\n")[1].split("```")[0].split()}
    assert set(told) >= pages and listed >= pages and len(told) == len(set(told))
