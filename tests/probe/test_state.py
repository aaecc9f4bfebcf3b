"""A probe's state in a checkpoint: a loop that is continued records the bitwise same; the state of another probe is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.probe.networks import examples, refusal, small_net, train
from theory_sim import Trajectory
from theory_sim.probe import Probe

RECORD = {"run": {"every_steps": 3}, "patterns": {"every_steps": 4}, "pre_activations": {}, "kernels": {"every_steps": 5,
                                                                                                       "probes": 4}}


def start(optimiser: str, record: Any = None) -> tuple[Any, Any, Any, Probe]:
    """Model, optimiser, scheduler and probe as at the start of the loop."""
    torch.manual_seed(3)
    model = small_net(normalised=True)
    options = {"momentum": 0.9} if optimiser == "SGD" else {}
    optimizer = getattr(torch.optim, optimiser)(model.parameters(), lr=0.05, weight_decay=1e-3, **options)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [6], 0.1)
    x, y = examples()
    probe = Probe(model, optimizer, {"a": (x[:40], y[:40]), "b": (x[40:], y[40:])}, refresh=4, record=record or RECORD,
                  memory=2**20)
    return model, optimizer, scheduler, probe


def continued(optimiser: str, after: int, spoil: Any = None) -> Any:
    """Records of a loop that is stopped, stored and continued in new objects."""
    model, optimizer, scheduler, probe = start(optimiser)
    torch.manual_seed(9)
    train(model, optimizer, probe, scheduler=scheduler, steps=after)
    held = io.BytesIO()
    torch.save({"parts": [each.state_dict() for each in (model, optimizer, scheduler)], "probe": probe.state_dict(),
                "stream": torch.get_rng_state()}, held)
    train(model, optimizer, probe, scheduler=scheduler, steps=2)  # what is stored does not move with the loop
    model, optimizer, scheduler, probe = start(optimiser)
    held.seek(0)
    kept = torch.load(held, weights_only=True)
    for part, state in zip((model, optimizer, scheduler), kept["parts"], strict=True):
        part.load_state_dict(state)
    if spoil is not None:
        spoil(kept["probe"])
    probe.load_state_dict(kept["probe"])
    torch.set_rng_state(kept["stream"])
    train(model, optimizer, probe, scheduler=scheduler, steps=12 - after)
    return probe.trajectory().dataset


def whole(optimiser: str) -> Any:
    model, optimizer, scheduler, probe = start(optimiser)
    torch.manual_seed(9)
    train(model, optimizer, probe, scheduler=scheduler, steps=12)
    return probe.trajectory().dataset


@pytest.mark.parametrize("optimiser", ["SGD", "Adam", "RMSprop"])
def test_a_continued_loop_records_the_same(optimiser: str) -> None:
    expected = whole(optimiser)
    assert expected.sizes["record_kernels"] == 3 and np.isfinite(expected.attrs["annealed_tau"])
    for after in (5, 6, 7):
        assert continued(optimiser, after).identical(expected)


@pytest.mark.parametrize("lost", ["earlier", "marks", "kept", "rates"])
def test_what_is_forgotten_would_be_seen(lost: str) -> None:
    """Each part of the state that is altered changes the records."""
    def spoil(state: Any) -> None:
        if lost == "marks":
            marks = state["split"]["law"]["marks"]
            for mark in marks:
                marks[mark][0]["array of numpy"].zero_()
        elif lost == "rates":
            state["rates"][0] = 0.3
        for table in state["tables"]:
            for watcher in table["watchers"]:
                if lost == "earlier" and "start" in watcher.get("earlier", {}):
                    kept = watcher["earlier"]["start"]
                    if isinstance(kept, list):
                        kept[0].neg_()
                elif lost == "kept" and "kept" in watcher:
                    watcher["kept"][0][0].zero_()

    assert not continued("SGD", 7, spoil).identical(whole("SGD"))


def test_the_state_of_another_probe_is_refused() -> None:
    *_, probe = start("SGD")
    *_, other = start("SGD", record=3)
    assert "records differ" in refusal(lambda: probe.load_state_dict(other.state_dict()))
    x, y = examples()
    others: list[tuple[dict[str, Any], str]] = [({"refresh": 5}, "settings differ"), ({"seed": 1}, "settings differ"),
                                                ({"groups": {"a": (x, y)}}, "groups differ")]
    for options, what in others:
        model = small_net(normalised=True)
        groups = options.pop("groups", {"a": (x[:40], y[:40]), "b": (x[40:], y[40:])})
        changed = Probe(model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9), groups,
                        **{"refresh": 4, "record": RECORD, "memory": 2**20} | options)
        assert what in refusal(lambda changed=changed: changed.load_state_dict(probe.state_dict()))  # type: ignore[misc]
    assert "version" in refusal(lambda: probe.load_state_dict({}))
    assert "a list" in refusal(lambda: probe.load_state_dict([]))  # type: ignore[arg-type]
    x, y = examples()
    model = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.ReLU())
    smaller = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"a": (x, y)})
    assert "parameters differ" in refusal(lambda: probe.load_state_dict(smaller.state_dict()))


def test_pre_activations_at_their_own_times_are_stored(tmp_path: Path) -> None:
    model, optimizer, scheduler, probe = start("SGD", {"run": {"every_steps": 3}, "pre_activations": {"every_steps": 4}})
    train(model, optimizer, probe, scheduler=scheduler, steps=12)
    run = probe.trajectory()
    run.save(tmp_path / "run")
    found = Trajectory.load(tmp_path / "run").dataset
    assert np.isfinite(found["pattern_shift_pre_activations"].sel(layer="0.weight")).all()
    assert found["pattern_shift_pre_activations"].sizes["record_pre_activations"] == 4
    assert np.isnan(found["pattern_shift"]).all()
