"""Activation patterns and pre-activations under noise alone, against Sheppard's formula and THEORY §5."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.probe.networks import refusal
from theory_sim import Trajectory
from theory_sim.probe import Probe

WIDTH, INPUTS, STEPS = 4000, 20, 24


@pytest.fixture(scope="module")
def noisy() -> tuple[Any, Any]:
    """A layer that nothing but drawn noise moves, with a lower rate from step 12 on; the model, and its recorded run."""
    torch.manual_seed(4)
    generator = torch.Generator().manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, WIDTH, bias=False), torch.nn.ReLU())
    x = torch.randn(8, INPUTS, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.5, weight_decay=0.05)
    probe = Probe(model, optimizer, {"a": (x[:3], x[:3]), "b": (x[3:], x[3:])}, loss=lambda f, y: 0.0 * f.mean(), complete=True,
                  record=6)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 0.3 if step < 12 else 0.05
        model[0].weight.grad = 0.2 * torch.randn(WIDTH, INPUTS, generator=generator)
        optimizer.step()
        probe.step()
    return model, (probe, x, probe.trajectory())


def test_flips_are_as_sheppard_says(noisy: tuple[Any, Any]) -> None:
    """4000 neurons at 8 inputs, one neuron's dependent: a standard error of at most sqrt(p (1 - p) / 4000), four times."""
    _, (_, _, run) = noisy
    for since in ("start", "last record", "annealing"):
        measured = run.dataset["flips"].sel(since=since, feature="1").values
        predicted = run.dataset["flips_predicted"].sel(since=since, feature="1").values
        known = np.isfinite(predicted)
        assert known.tolist() == ([True] * 5 if since != "annealing" else [False] * 3 + [True] * 2)
        np.testing.assert_array_equal(np.isfinite(measured), known)
        error = 4.0 * np.sqrt(np.maximum(predicted[known] * (1 - predicted[known]), 1e-12) / WIDTH)
        assert (np.abs(measured[known] - predicted[known]) <= error).all(), since
    assert run.dataset["flips"].sel(since="start", feature="all").values[-1] > 0.2
    predicted = run.dataset["flips_predicted"]
    np.testing.assert_allclose(predicted.sel(feature="all"), predicted.sel(feature="1"), atol=1e-7)


def test_correlations_and_levels_are_as_the_recursion_says(noisy: tuple[Any, Any]) -> None:
    """80 000 entries: four standard errors, 1 / sqrt(n) of a correlation and 1 / sqrt(2 n) of a level."""
    _, (_, _, run) = noisy
    data, n = run.dataset, WIDTH * INPUTS
    np.testing.assert_allclose(data["noise_correlation"], data["noise_correlation_recursion"], atol=4 / np.sqrt(n))
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * n))
    assert (data["norm_signal"].values < 1e-5).all()


def test_pre_activations_are_noise_alone(noisy: tuple[Any, Any]) -> None:
    """Mean squares over 4000 neurons: relative error at most sqrt(2 / 4000) / 2 of the root, four times."""
    _, (_, x, run) = noisy
    found = run.dataset["pre_activation_noise"].values[:, 0]
    np.testing.assert_allclose(found, run.dataset["pre_activation_noise_predicted"].values[:, 0], rtol=2 * np.sqrt(2 / WIDTH))
    expected = run.dataset["tau_noise_recursion"].values[:, 0] * np.sqrt(np.mean(np.sum(x.numpy() ** 2, axis=1)))
    np.testing.assert_allclose(run.dataset["pre_activation_noise_predicted"].values[:, 0], expected, rtol=1e-5)
    assert (run.dataset["pattern_shift"].values == 0.0).all()


def test_groups_examples_and_packed_bits_agree_with_the_patterns(noisy: tuple[Any, Any]) -> None:
    model, (_, x, run) = noisy
    data = run.dataset
    patterns = np.unpackbits(data["patterns_1"].values, axis=-1, bitorder="little", count=WIDTH)
    np.testing.assert_array_equal(patterns[-1], (model[0](x) > 0).numpy())
    changed = patterns[-1] != patterns[0]
    np.testing.assert_allclose(data["flips_input"].sel(feature="1")[-1], changed.mean(axis=1))
    of = data["flips_group"].sel(feature="1", since="start")[-1]
    np.testing.assert_allclose(of, [changed[:3].mean(), changed[3:].mean()])
    assert data["pattern_probe_kind"].values.tolist() == ["a"] * 3 + ["b"] * 5


def test_since_start_last_record_and_annealing_are_what_they_say() -> None:
    """Step by step from copies: patterns and noise of each time, at the annealing those before the step of the lower rate."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(6, 40), torch.nn.ReLU(), torch.nn.Linear(40, 3))
    x, y = torch.randn(20, 6), torch.randint(3, (20,))
    optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
    probe = Probe(model, optimizer, {"all": (x, y)}, complete=True, refresh=1, record=2)

    def kept() -> tuple[Any, Any]:
        with torch.no_grad():
            return (model[0](x) > 0).clone(), probe._split.noise[0].clone()

    then = [kept()]
    for step in range(6):
        optimizer.param_groups[0]["lr"] = (5.0, 5.0, 5.0, 2.0, 2.0, 1.0)[step]  # the second lower rate is no annealing
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[step : step + 4]), y[step : step + 4]).backward()
        optimizer.step()
        probe.step()
        then.append(kept())
    data = probe.trajectory().dataset.isel(record=-1)
    flipped = [float((pattern != then[6][0]).double().mean()) for pattern, _ in then]
    cosines = [float(torch.nn.functional.cosine_similarity(noise.flatten(), then[6][1].flatten(), dim=0)) for _, noise in then]
    assert min(abs(a - b) for each in (flipped, cosines) for a, b in pairwise(each[:6])) > 1e-4
    for since, step in (("start", 0), ("last record", 4), ("annealing", 3)):
        assert float(data["flips"].sel(feature="1", since=since)) == pytest.approx(flipped[step], abs=1e-9), since
        assert float(data["noise_correlation"].sel(layer="0.weight", since=since)) == pytest.approx(cosines[step], abs=1e-6)


def test_the_first_examples_of_each_group_are_looked_at() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 24), torch.nn.ReLU(), torch.nn.Linear(24, 3))
    x, y = torch.randn(20, 6), torch.randint(3, (20,))
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"a": (x[:8], y[:8]), "b": (x[8:], y[8:])},
                  record={"patterns": {"probes": 6}})
    chosen = torch.cat([x[:3], x[8:11]])
    expected = (model[0](chosen) > 0).numpy()
    found = np.unpackbits(probe._tables[0]._values["patterns_1"][0], axis=-1, bitorder="little", count=24)
    np.testing.assert_array_equal(found, expected)


def test_a_bias_that_is_not_trained_is_no_noise() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 24), torch.nn.ReLU(), torch.nn.Linear(24, 3))
    model[0].bias.requires_grad_(requires_grad=False)
    torch.nn.init.constant_(model[0].bias, 2.0)
    x, y = torch.randn(20, 6), torch.randint(3, (20,))
    optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)
    found = Probe(model, optimizer, {"all": (x, y)})._tables[0]._values
    rows = {name: float(found[f"pre_activation_{name}"][0][0]) for name in ("signal", "noise", "noise_predicted")}
    weight = model[0].weight.detach()
    expected = float((x @ weight.T).square().mean().sqrt())
    assert (rows["signal"], rows["noise"]) == pytest.approx((2.0, expected), rel=1e-6)
    level = float(weight.square().mean().sqrt())
    assert rows["noise_predicted"] == pytest.approx(level * float(x.square().sum(dim=1).mean().sqrt()), rel=1e-6)


def test_an_input_of_zero_is_not_above_it() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 16, bias=False), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (torch.zeros(4, 6), torch.zeros(4).long())})
    assert not probe._tables[0]._values["patterns_1"][0].any()


def test_the_prediction_over_all_is_the_mean_over_units_and_unknown_behind_a_frozen_layer() -> None:
    for frozen in (False, True):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(6, 30), torch.nn.ReLU(), torch.nn.Linear(30, 10), torch.nn.ReLU())
        model[2].requires_grad_(not frozen)
        optimizer = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.5}, {"params": model[2].parameters()}], lr=0.01)
        x = torch.randn(8, 6)
        probe = Probe(model, optimizer, {"all": (x, x)}, loss=lambda f, y: 0.0 * f.mean(), record=1)
        for _ in range(2):
            for each in probe._tracked.parameters:
                each.grad = torch.randn_like(each)
            optimizer.step()
            probe.step()
        found = probe.trajectory().dataset["flips_predicted"].sel(since="start")[-1]
        first, second = found.sel(feature="1").item(), found.sel(feature="3").item()
        assert first > 0.1 and (np.isnan(second) if frozen else 0.0 < second < 0.1)
        np.testing.assert_allclose(found.sel(feature="all"), (30 * first + 10 * second) / 40, rtol=1e-12)


def test_pre_activations_add_up_in_a_convolution() -> None:
    """Both parts' root mean squares against the parts run through the layer, stride, padding, groups and bias included."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), torch.nn.ReLU(), torch.nn.Flatten(),
                                torch.nn.Linear(54, 2))
    x, y = torch.randn(12, 4, 6, 6), torch.randint(2, (12,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    probe = Probe(model, optimizer, {"all": (x, y)}, record=1)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x[:4]), y[:4]).backward()
    optimizer.step()
    probe.step()
    run = probe.trajectory().dataset
    with torch.no_grad():
        for part in ("signal", "noise"):
            weight, bias = getattr(probe._split, part)[:2]
            expected = torch.nn.functional.conv2d(x, weight, bias, stride=2, padding=1, groups=2).square().mean().sqrt()
            found = run[f"pre_activation_{part}"].sel(layer="0.weight").values[-1]
            assert found == pytest.approx(float(expected), rel=1e-5)
        weight, bias = probe._split.law.levels()[:2]
        lengths = torch.nn.functional.conv2d(x.square(), torch.ones(6, 2, 3, 3), stride=2, padding=1, groups=2).mean()
    found = run["pre_activation_noise_predicted"].sel(layer="0.weight").values[-1]
    assert found == pytest.approx(float(np.sqrt(weight**2 * float(lengths) + bias**2)), rel=1e-5)


def test_a_module_used_twice_and_smooth_ones_by_name() -> None:
    class Twice(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.relu, self.gelu = (torch.nn.Linear(6, 6), torch.nn.Linear(6, 3), torch.nn.ReLU(),
                                                             torch.nn.GELU())

        def forward(self, x: Any) -> Any:
            return self.gelu(self.relu(self.second(self.relu(self.first(x)))))

    x, y = torch.randn(10, 6), torch.randint(3, (10,))
    model = Twice()
    for activations, labels in ((None, ["all", "relu", "relu#2"]), (["gelu"], ["all", "gelu"])):
        probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, y)}, activations=activations)
        watcher = probe._tables[0].watchers[2]
        assert watcher.coordinates()["feature"] == labels
        if activations is None:
            assert watcher._feeding == {"relu": "first.weight", "relu#2": "second.weight"}  # type: ignore[attr-defined]


def test_of_many_units_some_are_drawn_once() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 5000), torch.nn.ReLU(), torch.nn.Linear(5000, 3))
    x, y = torch.randn(10, 6), torch.randint(3, (10,))
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, y)})
    assert probe._tables[0]._values["patterns_1"][0].shape == (10, 512)


class WithFunctions(torch.nn.Module):
    """Calls relu as a module, a function and a method, and leaky_relu inside of a part."""

    class Part(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(5, 4)

        def forward(self, x: Any) -> Any:
            return torch.nn.functional.leaky_relu(self.linear(x))

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(6, 6) for _ in range(3))
        self.relu, self.part, self.last = torch.nn.ReLU(), self.Part(), torch.nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        x = self.relu(self.layers[0](x))
        x = torch.relu(self.layers[1](x))
        return self.last(self.part(self.layers[2](x).relu()[:, :5]))


def test_functions_in_forward_are_seen_once_each_and_modules_are_not_seen_twice() -> None:
    model, (x, y) = WithFunctions(), (torch.randn(10, 6), torch.randint(3, (10,)))
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, y)})
    watcher: Any = probe._tables[0].watchers[2]
    assert watcher.coordinates()["feature"] == ["all", "relu", "F.relu", "F.relu#2", "part.F.leaky_relu"]
    assert watcher._feeding == {"relu": "layers.0.weight", "F.relu": "layers.1.weight", "F.relu#2": "layers.2.weight",
                                "part.F.leaky_relu": "part.linear.weight"}
    with torch.no_grad():
        first = model.layers[1](model.layers[0](x).relu())
        third = model.part.linear(model.layers[2](first.relu()).relu()[:, :5])
    for label, inputs in (("F.relu", first), ("part.F.leaky_relu", third)):
        np.testing.assert_array_equal(watcher._earlier["start"][label], (inputs > 0).numpy())


def test_functions_are_chosen_by_name() -> None:
    model, (x, y) = WithFunctions(), (torch.randn(10, 6), torch.randint(3, (10,)))

    def labels(*activations: str) -> list[str]:
        probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, y)}, activations=activations)
        return list(probe._tables[0].watchers[2].coordinates()["feature"])

    assert labels("part.F.leaky_relu", "relu") == ["all", "relu", "part.F.leaky_relu"]
    assert "a function that the model calls" in refusal(lambda: labels("part.F.relu6"))
    smooth = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.GELU(), torch.nn.Linear(4, 3))
    assert "without a kink at 0, but has GELU" in refusal(
        lambda: Probe(smooth, torch.optim.SGD(smooth.parameters(), lr=0.1), {"all": (x, y)}))


@pytest.mark.parametrize("name", ["a/b", "50%", "a\\b", "a\x1b[31mb", "long" * 70])
def test_a_run_is_stored_whatever_its_modules_are_called(name: str, tmp_path: Path) -> None:
    """Patterns are in a folder of the module's name, as far as it can be one; labels are as they are."""
    model, (x, y) = torch.nn.Sequential(), (torch.randn(10, 6), torch.randint(3, (10,)))
    for part, module in (("first", torch.nn.Linear(6, 4)), (name, torch.nn.ReLU()), ("last", torch.nn.Linear(4, 3))):
        model.add_module(part, module)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    probe = Probe(model, optimizer, {"all": (x, y)}, record={"patterns": {}})
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    probe.step()
    probe.trajectory().save(tmp_path / "run")
    found = Trajectory.load(tmp_path / "run").dataset
    assert list(found["feature"].values) == ["all", name]
    (packed,) = (each for each in found.data_vars if each.startswith("patterns_"))
    assert found[packed].dims[-1] == packed.replace("patterns_", "byte_")
    inputs = model.get_submodule("first")(x).detach().numpy()
    np.testing.assert_array_equal(np.unpackbits(found[packed].values[-1], axis=1, bitorder="little")[:, :4], inputs > 0)
