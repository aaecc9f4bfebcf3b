"""Tangent kernels of a network in PyTorch: closed forms, linear networks, projections, and another library's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.probe.networks import examples, patches, refusal, run_paper, small_net, train
from theory_sim import Experiment, draw_data, draw_initial, simulate
from theory_sim.probe import Probe
from theory_sim.probe.jacobians import Jacobians, Sketch
from theory_sim.probe.kernels import _kernels
from theory_sim.probe.tracked import Tracked

PAPER = Experiment(d=10, N=40, m_W=12, m_V=20, eta_1=8.0, lambda_=0.01, tau_0=0.5, tau_xi=0.05, max_tau=80.0,
                   record_every=40.0, schedule="constant", dtype="float64", n_test=4, neurons="independent",
                   observe={"kernels": {"probes": 40}})
KERNELS = {"run": {"every_steps": 5}, "kernels": {"probes": 120}}


def test_the_papers_kernels_are_counted_patterns() -> None:
    """K_st(x, x') = sum_c <x_c, x'_c> (common active neurons) / m, by hand from W and V at both times."""
    data = draw_data(PAPER)
    x_1, x_2 = (each.numpy() for each in patches(data, PAPER.r))
    start = draw_initial(PAPER)
    model, probe = run_paper(PAPER, 10, record=KERNELS)
    run = probe.trajectory().dataset
    order = np.concatenate([np.flatnonzero(data.kind == index) for index in range(3)])
    expected = {"two": 0.0, "equal": 0.0}
    for name, x in (("W", x_1[order]), ("V", x_2[order])):
        weights = getattr(model, name).weight.detach().numpy()
        then, now = (x @ each.T > 0 for each in (start[name], weights))
        for label, first in (("two", then), ("equal", now)):
            expected[label] = expected[label] + (x @ x.T) * (first.astype(float) @ now.T) / len(weights)
    np.testing.assert_allclose(run["kernel_two"][-1], expected["two"], atol=1e-13)
    np.testing.assert_allclose(run["kernel_equal"][-1], expected["equal"], atol=1e-13)
    assert float(run["kernel_error"].max()) == 0.0


def test_drift_of_the_first_layer_is_the_simulators() -> None:
    """Examples without x_1 have a kernel of zero, which changes neither distance nor size."""
    _, probe = run_paper(PAPER, 10, record=KERNELS)
    found, expected = probe.trajectory().dataset.sel(kernel_part="W.weight"), simulate(PAPER).dataset.sel(feature="P")
    for name in ("kernel_drift_equal", "kernel_drift_two", "kernel_alignment_equal", "kernel_alignment_two",
                 "kernel_map_equal", "kernel_map_two"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-12, err_msg=name)
    np.testing.assert_allclose(found["kernel_eigenvalues"], expected["kernel_eigenvalues"], atol=1e-12)


def test_a_network_that_is_linear_in_its_parameters_does_not_drift() -> None:
    model = torch.nn.Linear(6, 3)
    x, y = examples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    probe = Probe(model, optimizer, {"all": (x, y)}, record={"run": {"every_steps": 4}, "kernels": {}})
    train(model, optimizer, probe)
    run = probe.trajectory().dataset
    for name in ("kernel_drift_equal", "kernel_drift_two", "kernel_map_two", "kernel_map_equal"):
        assert float(np.abs(run[name]).max()) < 1e-6, name
    # Of outputs c and c' of one input: <x, x'> + 1 if they are the same, else 0.
    inner = (x[:16].double() @ x[:16].double().T + 1.0).numpy()
    np.testing.assert_allclose(run["kernel_equal"][-1], np.kron(inner, np.eye(3)), rtol=1e-6, atol=1e-6)


def test_a_deep_linear_network_drifts() -> None:
    """Linear in the inputs is not enough: the product of two layers is not linear in them."""
    model = torch.nn.Sequential(torch.nn.Linear(6, 8, bias=False), torch.nn.Linear(8, 3, bias=False))
    x, y = examples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    probe = Probe(model, optimizer, {"all": (x, y)}, record={"kernels": {}})
    train(model, optimizer, probe)
    assert float(probe.trajectory().dataset["kernel_drift_two"][-1, 0]) > 0.05


def jacobians(memory: float, inputs: Any, model: Any = None) -> Jacobians:
    model = small_net(normalised=True) if model is None else model
    tracked = Tracked.of(model, torch.optim.SGD(model.parameters(), lr=0.1))
    return Jacobians(tracked, inputs, memory, 0)


def test_chunks_change_nothing() -> None:
    x, _ = examples(24)
    whole, few = jacobians(1e9, x), jacobians(1e9, x)
    few._tracked.model.load_state_dict(whole._tracked.model.state_dict())
    few._chunk = 5
    assert whole._chunk > 24
    for a, b in zip(whole.at({}), few.at({}), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_a_projection_is_right_on_average_and_its_error_is_as_stated() -> None:
    """400 drawn sketches of 2000 columns to 256: the mean of <a, b> to 4 standard errors, the variance below its bound."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 2000, generator=generator, dtype=torch.float64)
    rows[1] += rows[0]
    rows += 1.0  # without signs, columns that share one would add up
    exact = float(rows[0] @ rows[1])
    found = []
    for seed in range(400):
        a, b = Sketch(2000, 256, seed, "cpu").of(rows)
        found.append(float(a @ b))
    bound = (float(rows[0] @ rows[0] * (rows[1] @ rows[1])) + exact**2) / 256
    assert np.mean(found) == pytest.approx(exact, abs=4 * np.sqrt(bound / 400))
    assert 0.7 * bound < np.var(found) < 1.3 * bound
    assert Sketch(100, 256, 0, "cpu").of(rows) is rows


def test_projected_kernels_are_within_their_stated_error() -> None:
    torch.manual_seed(2)
    model = torch.nn.Sequential(torch.nn.Linear(6, 300), torch.nn.ReLU(), torch.nn.Linear(300, 200), torch.nn.ReLU(),
                                torch.nn.Linear(200, 2))
    x, _ = examples(8)
    exact, projected = jacobians(1e9, x, model), jacobians(4e6, x, model)
    assert exact.exact and not projected.exact
    assert projected.bytes_a_record * projected.most_records <= 4e6
    (a, *_), (b, *_) = (_kernels(each.at({}), each.at({})) for each in (exact, projected))
    stated = np.sqrt((np.trace(a) ** 2 + (a**2).sum()) / projected.columns) / np.linalg.norm(a)
    assert 0.0 < np.linalg.norm(a - b) / np.linalg.norm(a) < 2.0 * stated
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, x[:, 0] > 0)}, memory=4_000_000,
                  record={"kernels": {"probes": 8}}, loss=lambda f, y: f.mean())
    recorded = {name: probe._tables[0]._values[name][0] for name in ("kernel_equal", "kernel_error")}
    np.testing.assert_allclose(recorded["kernel_equal"], b)
    bound = (np.trace(b) ** 2 + (b**2).sum()) / projected.columns  # of the squared error, from the projected kernel itself
    assert recorded["kernel_error"] == pytest.approx(np.sqrt(bound) / np.linalg.norm(b))


def test_too_little_memory_is_refused_before_training() -> None:
    x, y = examples()
    model = small_net()
    said = refusal(lambda: Probe(model, torch.optim.SGD(model.parameters(), lr=0.1), {"all": (x, y)}, memory=20_000,
                                 record={"kernels": {"probes": 90}}))
    assert "kernels need" in said and "lower probes" in said


def test_records_beyond_the_memory_have_no_maps() -> None:
    x, y = examples()
    model = small_net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    probe = Probe(model, optimizer, {"all": (x, y)}, memory=150_000,
                  record={"run": {"every_steps": 1}, "kernels": {"probes": 8}})
    most = probe._tables[0].watchers[-1]._jacobians.most_records  # type: ignore[attr-defined]
    train(model, optimizer, probe, steps=most + 4)
    run = probe.trajectory().dataset
    known = np.isfinite(run["kernel_map_two"].isel(kernel_part=0).values)
    assert known.any(axis=0).sum() == most - 1 and np.isfinite(run["kernel_drift_two"]).all()
    assert probe._tables[0].watchers[-1].bytes_held <= 150_000


def test_another_librarys_kernel() -> None:
    """The Gram matrix by nngeometry (George 2021), outputs before examples."""
    nngeometry = pytest.importorskip("nngeometry", reason="nngeometry is not installed")
    collections = pytest.importorskip("nngeometry.layercollection")
    x, y = examples(12)
    model = small_net()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=12)
    theirs = nngeometry.GramMatrix(model, loader, function=lambda *batch: model(batch[0]),
                                   layer_collection=collections.LayerCollection.from_model(model))
    expected = theirs.to_torch().detach().numpy().transpose(1, 0, 3, 2).reshape(36, 36)
    found, *_ = _kernels(*[jacobians(1e9, x, model).at({})] * 2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
