"""The explorer in Debian's chromium: sliders, buttons, files and the limit work, nothing complains, and it fits any window."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Tab, started_browser
from tests.explore.serving import Serving
from theory_sim import simulate
from theory_sim.experiment import Experiment
from theory_sim.regimes import regime
from theory_sim.report.colours import PAGE, contrast
from theory_sim.sweeps.plan import Plan
from theory_sim.terminal.regime_tables import order_lines
from theory_sim.theory.shown_times import shown_time

SMALL = Experiment(name="small", d=30, r=0.6, max_tau=250.0)
EXACT = "body[data-exact=yes]"
BY_MEAN_FIELD = "body[data-exact=yes][data-engine=mean-field]"
# What is drawn under a name.
COLUMN = "([name, column]) => Array.from(Bokeh.documents[0].get_model_by_name(name).get_column(column))"
IN_FIGURE = "(number) => document.querySelectorAll('.plot')[number].firstElementChild.getBoundingClientRect()"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from started_browser()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explored")
    SMALL.to_toml(folder / "small.toml")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path, browser: Any) -> Iterator[Serving]:
    serving = Serving("small.toml", "--out", "<img src=x onerror=alert(1)>.toml", folder=folder)
    yield serving
    if serving.process.poll() is None:
        serving.end()


@pytest.fixture(scope="module")
def one_tab(browser: Any, served: Serving) -> Iterator[Tab]:
    tab = opened(browser, served)
    yield tab
    origin = served.address.split("/", 3)[2]
    assert all(url.split("/", 3)[2] == origin for url in tab.asked if not url.startswith(("data:", "blob:")))
    tab.page.close()


@pytest.fixture
def tab(one_tab: Tab) -> Iterator[Tab]:
    one_tab.page.get_by_role("button", name="Back to the start").click()
    settled(one_tab, SMALL)
    yield one_tab
    assert one_tab.complaints == []


def opened(browser: Any, served: Serving, *, width: int = 1280) -> Tab:
    tab = Tab(browser, width=width)
    tab.page.goto(served.address)
    tab.page.wait_for_selector(EXACT, state="attached")
    return tab


def typed(tab: Tab, name: str, value: object) -> None:
    box = tab.page.get_by_label(name, exact=True)
    box.fill(str(value))
    box.press("Enter")


def settled(tab: Tab, experiment: Experiment) -> None:
    """Wait for the exact curves of an experiment, and compare them."""
    run = simulate(experiment.replace(schedule="S"), "closure")
    wanted = run.history("loss_train", kind="Q-only").tolist()
    arrived = f"(wanted) => JSON.stringify(({COLUMN})(['closure-S', 'Q'])) === JSON.stringify(wanted)"
    tab.page.wait_for_function(arrived, arg=wanted)
    tab.page.wait_for_selector(EXACT, state="attached")


@pytest.mark.tier2
def test_sliders_move_the_curves_and_the_words(tab: Tab) -> None:
    settled(tab, SMALL)
    slider = tab.page.get_by_role("slider", name="r, slider")
    slider.focus()
    for _ in range(3):
        slider.press("PageDown")  # by the keyboard alone
    r = float(tab.page.get_by_label("r", exact=True).input_value())
    assert r < SMALL.r and slider.get_attribute("aria-valuetext") == f"{r:g}"
    settled(tab, SMALL.replace(r=r))
    typed(tab, "q0", 0.35)
    moved = SMALL.replace(r=r, q0=0.35)
    settled(tab, moved)
    tab.page.wait_for_selector(BY_MEAN_FIELD, state="attached")
    assert tab.page.locator("#by").text_content() == "Predicted by the mean field."
    expected = order_lines(regime(moved))
    assert tab.page.locator("#orders p").all_inner_texts() == expected
    assert tab.page.locator("#spoken").text_content() == ". ".join(expected)
    table = tab.page.locator("#verdict table").first.inner_text()
    times = [shown_time(time) for time in regime(moved).predicted_order["S"].tau_P.values()]
    assert all(time in table for time in times) and "Predicted by the mean field, in tau" in table, (times, table)
    tab.page.get_by_text("The curves as a table").click()
    tab.page.locator("#losses tbody tr").nth(8).wait_for()  # filled by an event that comes after the click
    assert tab.page.locator("#losses tbody tr").count() == 9
    tab.page.wait_for_function(f"() => ({COLUMN})(['boundary-L-S-moves', 'xs']).length > 0")
    assert tab.page.evaluate(COLUMN, ["here", "r"]) == [r]


@pytest.mark.tier2
def test_many_moves_end_at_the_last(tab: Tab) -> None:
    tab.page.evaluate("""() => {
      const range = document.querySelector("input[type=range][data-name=eta_2]");
      for (let place = 300; place <= 600; place += 5) {
        range.value = place;
        range.dispatchEvent(new Event("input", {bubbles: true}));
      }
    }""")
    settled(tab, SMALL.replace(eta_2=float(tab.page.get_by_label("eta_2", exact=True).input_value())))


@pytest.mark.tier2
def test_what_is_no_experiment_is_said_and_the_curves_stay(tab: Tab) -> None:
    before = tab.page.evaluate(COLUMN, ["closure-S", "Q"])
    typed(tab, "q0", 3)
    alert = tab.page.get_by_role("alert")
    alert.get_by_text("q0 = 3").wait_for()
    assert tab.page.evaluate(COLUMN, ["closure-S", "Q"]) == before
    tab.page.get_by_role("button", name="Download as TOML").click()
    tab.page.locator("#saved", has_text="Nothing to download: q0 = 3").wait_for()
    tab.page.get_by_role("button", name="Run in the limit").click()
    tab.page.locator("#limit", has_text="q0 = 3").wait_for()
    typed(tab, "q0", 0.5)
    settled(tab, SMALL)
    assert alert.text_content() == ""


@pytest.mark.tier2
def test_files_are_what_check_and_run_take(tab: Tab, folder: Path) -> None:
    typed(tab, "r", 0.512345678)
    settled(tab, SMALL.replace(r=0.512345678))
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download as TOML").click()
    download.value.save_as(folder / "downloaded.toml")
    save = tab.page.get_by_role("button", name=re.compile("Save as"))
    said = tab.page.locator("#saved")
    save.click()
    said.get_by_text("Saved as <img src=x onerror=alert(1)>.toml").wait_for()
    saved = folder / "<img src=x onerror=alert(1)>.toml"
    assert saved.read_bytes() == (folder / "downloaded.toml").read_bytes()
    assert next(iter(Plan.from_toml(saved))) == SMALL.replace(name="small-explored", r=0.512345678)
    assert download.value.suggested_filename == "small-explored.toml"
    saved.write_text("mine")
    save.click()
    said.get_by_text("is there already").wait_for()
    assert saved.read_text() == "mine" and tab.page.locator("#saved img").count() == 0


@pytest.mark.tier2
def test_the_limit_is_drawn_over_the_closure_while_sliders_move(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Run in the limit").click()
    tab.page.wait_for_selector("#cancel:enabled")
    typed(tab, "r", 0.55)
    settled(tab, SMALL.replace(r=0.55))  # while the limit is under way or, on a fast machine, done
    tab.page.wait_for_selector("#run:enabled", timeout=60_000)
    assert "other parameters: r = 0.6 (now 0.55)" in tab.page.locator("#apart").inner_text()
    run = simulate(SMALL.replace(schedule="S"), "limit")
    tau, losses = run.dataset["tau"].values.tolist(), run.history("loss_train", kind="P-only").tolist()
    drawn = zip(*(tab.page.evaluate(COLUMN, ["limit-S", column]) for column in ("tau", "P")), strict=True)
    assert set(drawn) <= set(zip(tau, losses, strict=True)) and tab.page.evaluate(COLUMN, ["limit-S", "tau"])[:1] == [0]
    assert "S, limit: learning times" in tab.page.locator("#limit").inner_text()
    tab.page.get_by_role("button", name="Remove its curves").click()
    tab.page.wait_for_function(f"() => ({COLUMN})(['limit-S', 'tau']).length === 0")


@pytest.mark.tier2
def test_the_mean_field_is_drawn_with_its_stated_error(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Run the mean field").click()
    tab.page.wait_for_selector("#cancel:enabled")
    assert tab.page.locator("#run:disabled").count() == tab.page.locator("#run-mean-field:disabled").count() == 1
    tab.page.wait_for_selector("#run-mean-field:enabled", timeout=60_000)
    runs = {engine: simulate(SMALL.replace(schedule="S"), engine) for engine in ("mean-field", "closure")}
    drawn = set(zip(*(tab.page.evaluate(COLUMN, ["limit-S", column]) for column in ("tau", "P")), strict=True))
    times, losses = ({name: of(run).tolist() for name, run in runs.items()} for of in (
        lambda run: run.dataset["tau"].values, lambda run: run.history("loss_train", kind="P-only")))  # fmt: skip
    computed = {name: set(zip(times[name], losses[name], strict=True)) for name in runs}
    assert drawn <= computed["mean-field"] and not drawn <= computed["closure"]
    said = tab.page.locator("#limit").inner_text()
    stated = json.loads(runs["mean-field"].dataset.attrs["stated_error"])
    largest = max(each for each in stated["loss"] if each is not None)
    assert f"S, mean-field: stated errors are at most {largest:.1g} nats of losses" in said and "L-S, mean-field" in said
    tab.page.get_by_role("button", name="Remove its curves").click()
    tab.page.wait_for_function(f"() => ({COLUMN})(['limit-S', 'tau']).length === 0")


@pytest.mark.tier2
def test_the_limit_can_be_cancelled_and_refused(tab: Tab, served: Serving) -> None:
    import psutil

    typed(tab, "max_tau", 100_000)
    tab.page.wait_for_selector(EXACT, state="attached")
    tab.page.get_by_role("button", name="Run in the limit").click()
    tab.page.locator("#progress-text", has_text="%").wait_for(timeout=60_000)
    workers = psutil.Process(served.process.pid).children()
    assert any(each.is_running() for each in workers)
    tab.page.get_by_role("button", name="Cancel").click()
    tab.page.locator("#progress-text", has_text="cancelled").wait_for()
    assert not any("spawn_main" in " ".join(each.cmdline()) for each in psutil.Process(served.process.pid).children())
    typed(tab, "max_tau", 250)
    typed(tab, "eta_2", 1e-9)
    tab.page.get_by_role("button", name="Run in the limit").click()  # at once: it is of the parameters that are shown
    tab.page.locator("#limit", has_text="about 2.5e+11 steps").wait_for()
    assert tab.page.locator("#run:enabled").count() == 1


@pytest.mark.benchmark
def test_a_move_takes_less_than_a_tenth_of_a_second(browser: Any, folder: Path) -> None:
    """From a slider's move to the next picture after its answer, on the default preset; on an idle machine."""
    serving = Serving("--preset", "default", folder=folder)
    tab = opened(browser, serving)
    times = tab.page.evaluate("""async () => {
      const times = [], range = document.querySelector("input[type=range][data-name=r]");
      for (let place = 500; place < 520; place++) {
        const begun = performance.now(), before = Number(document.body.dataset.answered);
        range.value = place;
        range.dispatchEvent(new Event("input", {bubbles: true}));
        while (Number(document.body.dataset.answered) === before) await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - begun);
      }
      return times.sort((a, b) => a - b);
    }""")
    serving.end()
    print(f"median {times[10]:.0f} ms, 95 % {times[18]:.0f} ms")
    assert times[10] < 100


@pytest.mark.tier2
def test_it_fits_the_window(tab: Tab) -> None:
    tab.page.evaluate("() => { for (const each of document.querySelectorAll('details')) each.open = true; }")
    for width in (320, 400, 1280):
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.wait_for_function(f"() => ({IN_FIGURE})(0).right <= {width} && ({IN_FIGURE})(1).right <= {width}")
        tab.page.wait_for_function(f"() => document.documentElement.scrollWidth <= {width}")  # which figures follow later
        assert all(tab.page.evaluate(IN_FIGURE, number)["width"] > 200 for number in range(2))


@pytest.mark.tier2
def test_everything_has_a_name_and_is_reached_by_the_keyboard(tab: Tab) -> None:
    unnamed = tab.page.evaluate("""() =>
      [...document.querySelectorAll("input, select, button, progress, summary, [tabindex='0']")]
      .filter((each) => !(each.labels?.length || each.ariaLabel || each.textContent.trim())).map((each) => each.outerHTML)""")
    assert unnamed == []
    wanted = tab.page.locator("input:visible, select:visible, button:enabled:visible, summary:visible").count()
    tab.page.evaluate("() => document.activeElement.blur()")
    reached = set()
    for _ in range(wanted + 10):
        tab.page.keyboard.press("Tab")
        reached.add(tab.page.evaluate("() => [...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert len(reached) >= wanted
    described = tab.page.locator(".plot[role=img][aria-labelledby][aria-describedby]")
    assert described.count() == 2
    texts = json.loads(tab.page.evaluate("""() => JSON.stringify([...document.querySelectorAll("main *")]
      .filter((each) => each.offsetParent && [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
      .map((each) => getComputedStyle(each).color))"""))
    for colour in set(texts):
        shown = "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])
        assert contrast(shown, PAGE["shade"]) >= 4.5, colour


@pytest.mark.tier2
def test_the_end_of_the_program_is_said_here_and_there(one_tab: Tab, served: Serving) -> None:
    """The last test: it ends the program."""
    status, out, err = served.end()
    # One line at the end, and not a word of the server's.
    assert (served.said, status, out, err) == ("Ctrl-C ends it.", 130, "", "theory-sim: interrupted\n")
    one_tab.page.get_by_role("alert").get_by_text("The connection is lost.").wait_for()
    assert one_tab.page.locator("main button:enabled, main input:enabled").count() == 0
