"""What a report says of runs, sweeps, studies and claims: their own words and numbers, and what is damaged by name."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.report.stores import HOSTILE, STUDY, TINY, entry, make_stores, write_claims
from theory_sim import simulate
from theory_sim.cli import app
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.report import extra
from theory_sim.report.content import Chart, Grid, Listing, Report, Section, Series
from theory_sim.report.figures import DASHES, Axis, Drawn, chart
from theory_sim.report.gather import gather
from theory_sim.report.page import render
from theory_sim.report.runs import describe_runs
from theory_sim.report.sweeps import describe_sweep
from theory_sim.report.tables import blocks_of
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.over_seeds import summarise
from theory_sim.sweeps.phase import phase_diagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import BOUNDARIES, MEANINGS
from theory_sim.sweeps.plan import Plan
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.terminal.tables import headline, summary_tables
from theory_sim.trajectory import Trajectory


class Page(HTMLParser):
    """Elements with their attributes, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words, self.inside = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        self.words += data if self.inside not in ("script", "style") else ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stores(tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    claims = write_claims(tmp_path_factory.mktemp("claims") / "verdicts.json", [entry("one"), entry("two", outcome="refuted")])
    return gather([folder], claims, command="theory-sim report")


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def section(report: Report, head: str) -> Section:
    (found,) = [each for each in report.sections if each.title.startswith(head)]
    return found


def test_runs_have_the_words_and_numbers_of_show(folder: Path, report: Report) -> None:
    told = section(report, "Runs of tiny")
    runs = [Trajectory.load(folder / f"tiny-{schedule}-seed0-closure") for schedule in ("L-S", "S")]
    summaries = summarise(runs)
    assert all(line in told.seen for each in summaries for line in headline(each).split("\n"))
    grids = [block for block in told.blocks if isinstance(block, Grid)]
    for expected in (block for block in blocks_of(summary_tables(summaries)) if isinstance(block, Grid)):
        assert any((each.title, each.rows) == (expected.title, expected.rows) for each in grids), expected.title
    fields = next(grid for grid in grids if grid.title == "Parameters")
    assert ("schedule", "L-S, S") in fields.rows and ("d", "10") in fields.rows
    titles = [block.title for block in told.blocks if isinstance(block, Chart)]
    assert all(title.endswith("engine closure, means over data sets") for title in titles) and len(titles) == 2
    assert not any("seed" in line for line in told.limits) and "means over data sets" in told.limits[0]


def test_the_listed_file_and_command_are_those_of_the_runs(report: Report, tmp_path: Path) -> None:
    file, command = [block for block in section(report, "Runs").blocks if isinstance(block, Listing)]
    (tmp_path / "tiny.toml").write_text(file.text)
    plan = Plan.from_toml(tmp_path / "tiny.toml")
    assert list(plan) == [TINY.replace(schedule="L-S"), TINY.replace(schedule="S")]
    assert command.text == "theory-sim run tiny.toml --engine closure"


def test_a_sweep_has_its_cells_and_every_run(report: Report) -> None:
    told = section(report, "Sweep cells")
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    assert "against r" in chart.title and len(chart.series) == 4
    every = next(block for block in told.blocks if isinstance(block, Grid) and block.title == "Every run")
    assert [row[0] for row in every.rows] == ["0.3", "0.3", "0.6", "0.6"]
    assert "S, engine closure: neither learnt on 2 of 2 runs, of means over data sets" in told.seen


@pytest.mark.alternating
def test_a_slice_of_a_sweep_says_which_and_a_shared_run_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.sweeps.phase_boundaries._FINE", 5)
    grid = Product({"r": [0.2, 0.5], "lambda": [1e-4, 1e-3], "q0": [0.2, 0.3]})
    store = SweepStore.create(tmp_path / "grid", Sweep("grid", TINY, (grid,), ("L-S", "S"), (0, 1, 2), (Engine("closure"),)))
    run_sweep(store, workers=0)
    (told,) = gather([tmp_path / "grid"]).sections
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    assert "over r and lambda at q0 = 0.2, one slice of the sweep, engine closure, 1 seed a cell" in chart.title
    assert chart.title in chart.alt and " in 4 cells" in chart.alt
    assert told.asked == "What is learnt first under L-S and S, as r, lambda and q0 vary, in 16 runs?"
    assert any("on 8 of 8 runs" in line for line in told.seen)


@pytest.mark.alternating
@pytest.mark.parametrize("seeds", [(2**64 - 1, 2**53 + 1, 7), (2**53 + 1,)])
def test_seeds_of_many_digits_are_drawn_and_told_exactly(seeds: tuple[int, ...], tmp_path: Path) -> None:
    sweep = Sweep("s", TINY, seeds=seeds, engines=(Engine("limit"),))
    store = SweepStore.create(tmp_path / "s", sweep)
    run_sweep(store, workers=0)
    (told,) = gather([tmp_path / "s"]).sections  # a warning of Bokeh's would be an error here
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    assert "against the number of the seed" in chart.title
    text = json.dumps(chart.document)
    assert all(f'"{seed}"' in text for seed in seeds if seed > 2**53) and not re.search(r"[ \[]\d{16}", text)


def test_a_summary_of_fewer_runs_or_of_another_declaration_is_made_anew(tmp_path: Path) -> None:
    def swept(values: list[float], seeds: tuple[int, ...] = (0, 1)) -> Sweep:
        return Sweep("s", TINY, (Product({"r": values}),), seeds=seeds, engines=(Engine("closure"),))

    store = SweepStore.create(tmp_path / "s", swept([0.3, 0.6]))
    collect(store)  # of no run
    run_sweep(store, workers=0)
    told, _ = describe_sweep(store)
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    assert any("on 2 of 2 runs" in line for line in told.seen), "places of one run count once"
    assert chart.document["doc"] is not None and "triangle" in json.dumps(chart.document), "neither kind is learnt by tau = 20"
    other = SweepStore.create(tmp_path / "other", swept([0.2, 0.6]))
    run_sweep(other, workers=0)
    collect(other)
    shutil.copytree(other.folder / "summary", store.folder / "fresh")
    shutil.rmtree(store.folder / "summary")
    (store.folder / "fresh").rename(store.folder / "summary")
    every = next(block for block in describe_sweep(store)[0].blocks if isinstance(block, Grid) and block.title == "Every run")
    assert {row[0] for row in every.rows} == {"0.3", "0.6"}


def test_a_learning_time_is_drawn_where_it_is(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY.replace(d=100, max_tau=1000.0), engines=(Engine("closure"),)))
    run_sweep(store, workers=0)
    tau = collect(store, save=False).dataset["tau_P"].values.ravel()[0]
    (chart,) = [block for block in describe_sweep(store)[0].blocks if isinstance(block, Chart)]
    assert tau < 900.0 and repr(float(tau)) in json.dumps(chart.document)


def test_a_folder_of_anything_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "docs" / "sweeps").mkdir(parents=True)
    (tmp_path / "docs" / "sweeps" / "notes.toml").write_text("name = 'x'")
    for place in (tmp_path, tmp_path / "docs"):
        with pytest.raises(InputError, match="holds no run, sweep or study"):
            gather([place])


@pytest.mark.tier2
def test_a_phase_diagram_has_its_cells_and_the_theorys_boundaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.sweeps.phase_boundaries._FINE", 5)
    base = TINY.replace(d=200, max_tau=1000.0)
    sweep = Sweep("grid", base, (Product({"r": [0.2, 0.5], "lambda": [1e-4, 1e-3]}),), ("L-S", "S"), (0,), (Engine("closure"),))
    store = SweepStore.create(tmp_path / "grid", sweep)
    run_sweep(store, workers=0)
    (told,) = gather([tmp_path / "grid"]).sections
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    diagram = phase_diagram(collect(store, save=False), "r", "lambda")
    shown = {PHASES[int(value)] for value in diagram.values.ravel()}
    crossing = {each.id for each in diagram.boundaries if each.margin.min() < 0 < each.margin.max()}
    names = [each.name for each in chart.series]
    assert set(names) == shown | {f"predicted: {MEANINGS[id]}" for id in crossing} and "L-S-moves" in crossing
    assert set(MEANINGS) == set(BOUNDARIES)
    assert told.asked == "What is learnt first under L-S and S, as r and lambda vary, in 8 runs?"
    assert not (tmp_path / "grid" / "summary").exists(), "a report writes nothing into a store"


def test_a_study_has_its_question_verdict_limits_and_numbers(report: Report) -> None:
    told = section(report, "Study kernel-change")
    verdict = (STUDY / "verdict.json").read_text()
    assert told.asked in verdict and told.limits[0] in verdict and told.seen[0].split(" at ")[0] in ("supported", "refuted")
    (chart,) = [block for block in told.blocks if isinstance(block, Chart)]
    assert [each.shown for each in chart.series] == [True] + [False] * (len(chart.series) - 1)


def test_the_page_is_one_file_that_loads_nothing(page: str, report: Report) -> None:
    found = Page(page)
    assert not any(tag in ("iframe", "object", "embed", "base", "form") and ("src" in given or "action" in given)
                   for tag, given in found.elements)
    for tag, given in found.elements:
        for name in ("src", "href", "srcset", "poster"):
            assert not given.get(name) or given[name].startswith(("#", "data:")), (tag, given)  # type: ignore[union-attr]
    (policy,) = [given["content"] for tag, given in found.elements if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and "default-src 'none'" in policy and policy.count("'sha256-") == 2
    for told in (*report.sections, report.claims_summary):
        assert told is not None and all(line in found.words for line in (told.asked, *told.seen, *told.limits))


def test_a_line_is_drawn_as_its_legend_shows_it() -> None:
    drawn = [Drawn(Series(line, "#000", line), {"x": [0.0, 1.0], "y": [1.0, 2.0]}) for line in DASHES]
    z = [[-1.0, 1.0], [-1.0, 1.0]]
    drawn += [replace(each, columns={"x": [0.0, 1.0], "y": [0.0, 1.0], "z": z}, how="boundary") for each in drawn]
    figure = chart("lines", "lines", drawn, (Axis("x"), Axis("y")))
    document = json.dumps(figure.document)
    page = Page(render(Report("", "", [Section("", "", [], [], [figure])])))
    legend = [given["stroke-dasharray"] for _, given in page.elements if "stroke-dasharray" in given]
    assert legend == ["none", "8 4", "2 4"] and len(set(DASHES.values())) == 3
    for dashes in legend[1:]:
        lengths = json.dumps([int(each) for each in str(dashes).split()])
        assert lengths in document and f'"{dashes}"' in document, "of a line, and of a boundary"


def test_two_calls_give_the_same_bytes(folder: Path) -> None:
    runs = [folder / f"tiny-{schedule}-seed0-closure" for schedule in ("L-S", "S")]
    assert render(gather(runs)) == render(gather(runs))


def test_everything_has_a_name_for_who_does_not_see_it(page: str) -> None:
    for tag, given in Page(page).elements:
        if tag == "img":
            assert given["alt"]
        if given.get("role") in ("img", "region"):
            assert given.get("aria-label") or given.get("aria-labelledby"), given
        if "tabindex" in given:
            assert given["tabindex"] == "0" and given.get("role") == "region"
    assert 'lang="en"' in page and page.count("<h1") == 1 and "<noscript>" in page


def test_names_stay_names(tmp_path: Path) -> None:
    claims = write_claims(tmp_path / "verdicts.json", [entry(HOSTILE, summary=HOSTILE, statement=rf"\text{{{HOSTILE}}}", twins=[
        {"name": HOSTILE, "outcome": "refuted", "where": HOSTILE}], recheck=HOSTILE, asked=[HOSTILE])])
    grid = Grid(HOSTILE, [HOSTILE, "b"], [[HOSTILE, "1"]], filtered=True)
    read = gather([], claims, command=HOSTILE)
    text = render(Report(HOSTILE, HOSTILE, [Section(HOSTILE, HOSTILE, [HOSTILE], [HOSTILE], [grid, Listing(HOSTILE, HOSTILE)])],
                         read.claims, read.claims_summary))
    assert "<script>alert" not in text and "\u202e" not in text
    scripts = [tag for tag, _ in Page(text).elements if tag == "script"]
    assert len(scripts) == 1 and "right to left" in Page(text).words
    assert {name for tag, given in Page(text).elements for name in given if name.startswith("on")} == set()


def test_what_is_damaged_or_unfinished_is_named_and_the_rest_told(folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "tiny-S-seed0-closure" / "tau" / "0").write_bytes(b"x")
    (tmp_path / "all" / "kernel-change-default" / "table.csv").write_text("a\n1\n")
    run = next((tmp_path / "all" / "cells" / "runs").iterdir())
    (run / "tau" / "0").write_bytes(b"x")
    begun = tmp_path / "all" / "mitigation-small" / "sweeps" / "begun"
    shutil.copytree(folder / "cells", begun)
    found = CliRunner().invoke(app, ["report", str(tmp_path / "all"), "--out", str(tmp_path / "r.html")])
    assert found.exit_code == 1 and found.stderr.count("finding:") == 3 and found.stderr.count("note:") == 1, found.output
    words = Page((tmp_path / "r.html").read_text()).words
    for name in ("tiny-S-seed0-closure", "kernel-change-default", run.name, "mitigation-small"):
        assert name in words
    assert "Sweep cells" in words and "Runs of tiny" in words and "theory-sim study mitigation --size small" in words


def test_a_verdict_that_the_rule_does_not_give_is_named(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(STUDY, tmp_path / "study")
    text = (tmp_path / "study" / "verdict.json").read_text()
    said = re.search(r'"verdict": "(\w+)"', text)
    assert said is not None
    other = "refuted" if said[1] == "supported" else "supported"
    (tmp_path / "study" / "verdict.json").write_text(text.replace(said[0], f'"verdict": "{other}"', 1))
    (problem,) = gather([tmp_path / "study"]).problems
    assert problem.damaged


def test_a_file_that_is_there_is_replaced_only_by_force(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    words = ["report", str(folder / "tiny-S-seed0-closure"), "--out", str(out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    before = out.read_bytes()
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, StoreError) and "--force" in str(again.exception) and out.read_bytes() == before
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0 and out.read_bytes() == before


def test_a_file_that_comes_while_a_report_is_made_stays(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, run = tmp_path / "report.html", str(folder / "tiny-S-seed0-closure")

    def rendered(report: Report) -> str:
        out.write_text("of another program")
        return "of this one"

    monkeypatch.setattr("theory_sim.report.page.render", rendered)
    found = CliRunner().invoke(app, ["report", run, "--out", str(out)])
    assert isinstance(found.exception, StoreError) and "--force" in str(found.exception)
    assert out.read_text() == "of another program"
    assert CliRunner().invoke(app, ["report", run, "--out", str(out), "--force"]).exit_code == 0
    assert out.read_text() == "of this one"


def test_a_name_that_was_found_does_not_end_a_line(folder: Path, tmp_path: Path) -> None:
    """Or a folder's name could forge a finding of its own."""
    shutil.copytree(folder / "tiny-S-seed0-closure", tmp_path / "in" / "a\nfinding: all runs")
    (tmp_path / "in" / "a\nfinding: all runs" / "tau" / "0").write_bytes(b"x")
    found = CliRunner().invoke(app, ["report", str(tmp_path / "in"), "--out", str(tmp_path / "r.html")])
    assert found.exit_code == 1 and sum(line.startswith("finding:") for line in found.stderr.splitlines()) == 1, found.stderr


@pytest.mark.parametrize("given", ["missing", "."])
def test_a_path_without_results_is_refused(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"holds no run|does not exist"):
        gather([Path(given)])


@pytest.mark.parametrize("text", [
    "", "{}", '{"schema": "proofs-check.verification", "schema_version": 1, "claims": [{}]}', "[1]"])
def test_claims_of_another_file_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text(text)
    with pytest.raises(InputError, match="proofs-check verify --format json"):
        gather([], tmp_path / "verdicts.json")


@pytest.mark.parametrize(("entries", "words"), [
    ([entry("one", outcome="refuted", expected="proved")], '"one" is refuted, expected proved, and as_expected is true'),
    ([entry("one", as_expected=False)], "and as_expected is false"),
    ([entry("one", twins=[{"name": "minus", "outcome": "proved", "where": ""}])], "as_expected is true"),
    ([entry("one", outcome="banana")], 'outcome of "one" is "banana", none of proved'),
    ([entry("one", expected="perhaps", as_expected=False)], 'expected of "one" is "perhaps"'),
    ([entry("one", twins=[{"name": "minus", "outcome": "banana", "where": ""}])], 'twin "minus" of "one" is "banana"'),
    ([entry("one", assumptions="abc")], 'assumptions of "one" is no list'),
    ([entry("one"), entry("two"), entry("one")], '"one" is there more than once'),
])
def test_claims_that_contradict_themselves_are_refused(entries: list[dict[str, Any]], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        gather([], write_claims(tmp_path / "verdicts.json", entries))
    assert words in caught.value.found and "proofs-check verify" in caught.value.fix


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extra, "import_module", missing)
    with pytest.raises(InputError) as refused:
        gather([])
    # By the Python that misses it, which need not be that of the shell's pip.
    assert refused.value.fix == f"{shlex.quote(sys.executable)} -m pip install 'theory-sim[report]'"


def test_runs_given_from_python_have_no_command(tmp_path: Path) -> None:
    from theory_sim import draw_data

    simulate(TINY, "limit", data=draw_data(TINY), store=tmp_path / "run")
    listings = [block for block in gather([tmp_path / "run"]).sections[0].blocks if isinstance(block, Listing)]
    assert listings[-1].title == "Not made by a command" and "data" in listings[-1].text


def test_what_is_said_of_a_sweep_is_true_of_its_engines_and_seeds(tmp_path: Path) -> None:
    """Means over data sets are no sample: no interval; and the table's intervals are spoken of where it has some."""
    def told(seeds: tuple[int, ...], engine: str) -> Section:
        store = SweepStore.create(tmp_path / f"{engine}-{len(seeds)}", Sweep("s", TINY, seeds=seeds, engines=(Engine(engine),)))
        run_sweep(store, workers=0)
        return describe_sweep(store)[0]

    means, one, many = told((0,), "closure"), told((0,), "limit"), told(tuple(range(6)), "limit")
    assert " of 1 run, of means over data sets" in means.seen[1] and not any("interval" in line for line in means.seen)
    assert any("computed and not drawn" in line for line in means.limits)
    assert "exact 95% interval" in one.seen[1] and len(one.seen) == 2, "one run has no median with an interval"
    assert "exact 95% interval" in many.seen[1] and "Median learning times with their exact intervals" in many.seen[2]
    assert not any("computed and not drawn" in line for line in (*one.limits, *many.limits))


def test_whose_line_tells_a_learning_time_is_said(tmp_path: Path) -> None:
    """And over how many seeds a time is a mean, with an interval or without."""
    def told(*seeds: int) -> tuple[str, str, str]:
        found = describe_runs([simulate(TINY.replace(seed=seed), "limit") for seed in seeds])
        return next(block.alt for block in found.blocks if isinstance(block, Chart)), found.seen[0], found.limits[0]

    (one, time, limit), (few, mean, _) = told(0), told(0, 1, 2)
    assert "Thin lines are single runs" in few and "Thin" not in one
    assert "mean" not in time and "interval" not in time and "its times have no interval" in limit
    assert ("with 95% Student intervals" in mean) is ("[" in mean) is True
