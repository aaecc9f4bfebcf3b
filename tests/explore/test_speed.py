"""How long a move takes: all that the program does, from the request to what the page is told; on an idle machine."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from theory_sim.experiment import Experiment
from theory_sim.explore.page import Page
from theory_sim.explore.sliders import RANGES, get_values
from theory_sim.explore.view import Explorer

MOVES = 60


def moved(page: Page, start: Experiment) -> list[float]:
    """Seconds of processor time of single sliders moved up to a factor 1.6."""
    generator, times = np.random.default_rng(1), []
    for number in range(MOVES):
        name = list(RANGES)[generator.integers(8)]
        value = get_values(start)[name] * float(np.exp(generator.uniform(-0.5, 0.5)))
        value = round(value) if name == "d" else min(value, 1.0) if RANGES[name][1] == 1.0 else value
        words = [json.dumps({"number": number, "act": "move", "values": {name: value}})]
        begun = time.process_time()
        page._hear("data", None, {"words": words})
        times.append(time.process_time() - begun)
    return times


@pytest.mark.benchmark
def test_a_part_of_what_follows_keeps_no_move_waiting() -> None:
    """Exact curves, the mean field and the plane are computed in parts of less than a tenth of a second."""
    explorer, times = Explorer(Experiment.preset("default").replace(schedule="L-S")), []
    for r in (0.31, 0.32):
        explorer.move({"r": r, "d": round(1000 * r)})
        parts = explorer.refine()
        while True:
            begun = time.process_time()
            if next(parts, "done") == "done":
                break
            times.append(time.process_time() - begun)
    print(f"95 % {1e3 * np.quantile(times, 0.95):.0f} ms, longest {1e3 * max(times):.0f} ms of {len(times)} parts")
    assert np.quantile(times, 0.95) < 0.1


@pytest.mark.benchmark
@pytest.mark.parametrize("preset", ["default", "clear", "gap"])
def test_a_move_takes_less_than_a_tenth_of_a_second(preset: str) -> None:
    document = pytest.importorskip("bokeh.document", reason="the extra 'explore' is not installed")
    start = Experiment.preset(preset).replace(schedule="L-S")
    times = moved(Page(document.Document(), start, None, "", ""), start)
    print(f"{preset}: median {1e3 * np.median(times):.0f} ms, 95 % {1e3 * np.quantile(times, 0.95):.0f} ms")
    assert np.quantile(times, 0.95) < 0.1
