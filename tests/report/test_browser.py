"""Reports in Debian's chromium: nothing complains, nothing is loaded, search and boxes work, and it fits any window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Tab, started_browser
from tests.report.stores import HOSTILE, entry, large_report, make_stores, write_claims
from theory_sim.report.content import Chart, Grid, Lines, Listing, Report, Section, Series
from theory_sim.report.figures import Axis, Drawn, chart
from theory_sim.report.gather import gather
from theory_sim.report.page import render

pytestmark = pytest.mark.tier2
MANY = 2000
# From a letter typed to the next picture, in the page's own clock: milliseconds.
TYPED = """(word) => new Promise((done) => {
  const box = document.querySelector("form.search input"), begun = performance.now();
  box.value = word;
  box.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.offsetHeight;
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
})"""
A4 = 673  # pixels of CSS within the margins of the page
SHOWN = "() => [...document.querySelectorAll('tbody > tr, .row')].filter((row) => row.offsetParent !== null).length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from started_browser()


class FileTab(Tab):
    """A file that is open, and has been drawn without a word of complaint."""

    def __init__(self, browser: Any, path: Path, text: str, *, width: int = 1280) -> None:
        path.write_text(text, encoding="utf-8")
        super().__init__(browser, width=width)
        self.page.goto(path.as_uri())
        self.page.wait_for_function("() => [...document.querySelectorAll('.plot')].every((plot) => plot.dataset.drawn)")
        self.page.wait_for_timeout(200)
        assert self.complaints == [] and self.asked == [path.as_uri()]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("browser")
    claims = write_claims(folder / "verdicts.json", [entry("first-claim"), entry("second-claim", outcome="refuted")])
    return gather([make_stores(folder)], claims)


def test_figures_are_drawn_and_boxes_hide_what_they_name(browser: Any, report: Report, tmp_path: Path) -> None:
    tab = FileTab(browser, tmp_path / "report.html", render(report))
    charts = [block for section in report.sections for block in section.blocks if isinstance(block, Chart)]
    assert tab.page.locator(".plot[data-drawn=yes]").count() == len(charts) >= 4
    visible = """() => Bokeh.documents.map((each) => each.roots()[0].renderers.filter((part) => part.visible).length)"""
    before = tab.page.evaluate(visible)
    box = tab.page.locator("figure.chart").first.locator("input[type=checkbox]").first
    box.focus()
    tab.page.keyboard.press("Space")  # by the keyboard alone
    assert tab.page.evaluate(visible)[0] < before[0] and tab.page.evaluate(visible)[1:] == before[1:]
    tab.page.keyboard.press("Space")
    assert tab.page.evaluate(visible) == before
    names = [value for chart in charts for value in (series.name for series in chart.series)]
    assert len(names) == tab.page.locator("input[data-series]").count() and tab.complaints == []


def test_claims_are_found_by_words_and_by_verdict(browser: Any, report: Report, tmp_path: Path) -> None:
    page = FileTab(browser, tmp_path / "report.html", render(report)).page
    form = page.locator("form.search", has=page.locator("select"))
    rows = page.locator("#claim-list .row")
    assert rows.count() == 2 and page.locator("#claim-list math").count() == 2
    form.locator("input").fill("SECOND nonesuch")
    assert page.locator("#claim-list .row:visible").count() == 0 and form.locator("output").inner_text() == "0 of 2 shown"
    form.locator("input").fill("second CLAIM")
    assert page.locator("#claim-list .row:visible").count() == 1
    form.locator("input").fill("")
    form.locator("select").select_option("proved")
    assert "first-claim" in page.locator("#claim-list .row:visible").inner_text()
    rows.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#claim-list math:visible").count() == 1


@pytest.mark.parametrize("what", ["runs", "claims"])
def test_two_thousand_rows_are_searched_in_less_than_two_seconds(what: str, browser: Any, tmp_path: Path) -> None:
    made = large_report(MANY)
    if what == "claims":
        claims = write_claims(tmp_path / "verdicts.json", [entry(f"seed-{i}") for i in range(MANY)])
        made = gather([], claims)
    page = FileTab(browser, tmp_path / "large.html", render(made)).page
    assert page.evaluate(SHOWN) == MANY
    times = [page.evaluate(TYPED, word) for word in ("s", "seed-19", "seed-1999", "nonesuch", "")]
    assert page.evaluate(SHOWN) == MANY and max(times) < 2000, times
    page.evaluate(TYPED, "seed-1999")
    assert page.evaluate(SHOWN) == 1


def test_hostile_names_run_nothing(browser: Any, tmp_path: Path) -> None:
    claims = write_claims(tmp_path / "verdicts.json", [entry(HOSTILE, statement=rf"\text{{{HOSTILE}}}", summary=HOSTILE)])
    series = Series(f"$$\\alpha$$ {HOSTILE}", "#0072B2")
    figure = chart(HOSTILE, HOSTILE, [Drawn(series, {"x": [1.0, 2.0], "y": [1.0, 2.0], HOSTILE: [HOSTILE] * 2}, how="circle")],
                   (Axis(f"$$\\alpha$$ {HOSTILE[:40]}"), Axis("y")))
    blocks = [Lines((HOSTILE,)), Listing(HOSTILE, HOSTILE), Grid(HOSTILE, [HOSTILE, "b"], [[HOSTILE, "1"]]), figure]
    read = gather([], claims)
    section = Section(HOSTILE, HOSTILE, [HOSTILE], [HOSTILE], blocks)
    text = render(Report(HOSTILE, HOSTILE, [section], read.claims, read.claims_summary))
    for width in (1280, 400):
        tab = FileTab(browser, tmp_path / f"hostile-{width}.html", text, width=width)
        point = tab.page.locator(".plot")
        box = point.bounding_box()
        for share in range(1, 20):  # over the points, whose names appear
            tab.page.mouse.move(box["x"] + box["width"] * share / 20, box["y"] + box["height"] / 2)
        assert tab.complaints == [] and tab.page.evaluate("() => document.documentElement.scrollWidth") <= width
    # Twin: the same name as markup would run, but for the page's policy, which says so.
    planted = text.replace("<main>", "<main><img src=x onerror='alert(1)'>", 1)
    with pytest.raises(AssertionError):
        FileTab(browser, tmp_path / "planted.html", planted)


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_it_fits_the_window(width: int, browser: Any, report: Report, tmp_path: Path) -> None:
    page = FileTab(browser, tmp_path / "report.html", render(report), width=width).page
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut = page.evaluate("""() => [...document.querySelectorAll(".plot")].filter((plot) => {
      const drawn = plot.firstElementChild.getBoundingClientRect();
      return drawn.right > innerWidth || drawn.width < 200;
    }).length""")
    assert cut == 0


def test_on_paper_everything_is_open(browser: Any, report: Report, tmp_path: Path) -> None:
    page = FileTab(browser, tmp_path / "report.html", render(report)).page
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= A4, "nothing is cut"
    page.emulate_media(media="screen")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf(format="A4").startswith(b"%PDF")
