"""Top eigenvalues of the Hessian against the whole matrix."""

from __future__ import annotations

import numpy as np
import torch

from tests.probe.networks import examples, small_net, train
from theory_sim.probe import Probe
from theory_sim.probe.sharpness import _product


def test_they_are_those_of_the_matrix() -> None:
    torch.manual_seed(1)
    model = small_net().double()
    x, y = examples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1)
    probe = Probe(model, optimizer, {"all": (x.double(), y)}, record={"sharpness": {}}, batch=40)
    names, start = zip(*((name, each.detach().clone()) for name, each in model.named_parameters()), strict=True)

    def loss(*parameters: torch.Tensor) -> torch.Tensor:
        outputs = torch.func.functional_call(model, dict(zip(names, parameters, strict=True)), x.double())
        return torch.nn.functional.cross_entropy(outputs, y)

    blocks = torch.autograd.functional.hessian(loss, start)
    rows = [torch.cat([block.reshape(each.numel(), -1) for block in row], dim=1)
            for row, each in zip(blocks, start, strict=True)]
    expected = np.linalg.eigvalsh(torch.cat(rows).numpy())[::-1][:5]
    (found,) = probe._tables[0]._values["sharpness"]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_random_layers_draw_the_same_for_every_product() -> None:
    """Under dropout: the eigenvalues are those of the Hessian of one network, with one mask."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(10, 3)).double()
    x, y = examples()
    probe = Probe(model, torch.optim.SGD(model.parameters(), lr=0.5), {"all": (x.double(), y)}, record={"sharpness": {}})
    moment = probe._moment()
    matrix = np.stack([_product(moment, row) for row in np.eye(int(probe._split.sizes.sum()))])
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-14)
    np.testing.assert_allclose(probe._tables[0]._values["sharpness"][0], np.linalg.eigvalsh(matrix)[::-1][:5], rtol=1e-3)


def test_a_quadratic_has_its_own_curvature_and_momentum_its_stable_one() -> None:
    """Mean of (w x - y)^2 / 2 in one dimension: mean of x^2; heavy ball is stable below 2 (1 + mu) / rate."""
    x = torch.linspace(-1.0, 2.0, 7)[:, None]
    model = torch.nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
    probe = Probe(model, optimizer, {"all": (x, 3.0 * x)}, loss=lambda f, y: 0.5 * (f - y).square().mean(), batch=3,
                  record={"sharpness": {}})
    optimizer.zero_grad()
    (0.5 * (model(x) - 3.0 * x).square().mean()).backward()
    optimizer.step()
    probe.step()
    run = probe.trajectory().dataset
    np.testing.assert_allclose(run["sharpness"].isel(hessian_eigenvalue=0), float(x.square().mean()), rtol=1e-6)
    assert np.isnan(run["sharpness"].isel(hessian_eigenvalue=1)).all()
    np.testing.assert_allclose(run["stable_sharpness"], 2.0 * 1.5 / 0.5)


def test_stable_sharpness_is_that_of_the_step_that_leaves_the_record() -> None:
    """Rate and momentum change from step to step, as under OneCycleLR; a rate of 0 is stable on all; a continued loop knows."""
    made = [(0.5, 0.0), (0.0, 0.5), (0.25, 0.9), (0.125, 0.8)]
    x = torch.linspace(-1.0, 2.0, 6)[:, None]
    kept, run = None, None
    for stop in (2, 4):
        torch.manual_seed(0)
        model = torch.nn.Linear(1, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        probe = Probe(model, optimizer, {"all": (x, x)}, loss=lambda f, y: (f - y).square().mean(),
                      record={"run": {"every_steps": 1}, "sharpness": {}})
        if kept is not None:
            model.load_state_dict(kept[0])
            optimizer.load_state_dict(kept[1])
            probe.load_state_dict(kept[2])
        for rate, momentum in made[stop - 2 : stop]:
            optimizer.param_groups[0].update(lr=rate, momentum=momentum)
            optimizer.zero_grad()
            (model(x) - x).square().mean().backward()
            optimizer.step()
            probe.step()
        kept, run = [each.state_dict() for each in (model, optimizer, probe)], probe.trajectory().dataset
    assert run is not None
    of_steps = [2 * (1 + momentum) / rate if rate else np.inf for rate, momentum in made]
    np.testing.assert_allclose(run["stable_sharpness"], [*of_steps, of_steps[-1]])


def test_an_adaptive_rule_has_no_stable_sharpness() -> None:
    model = small_net()
    x, y = examples()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    probe = Probe(model, optimizer, {"all": (x, y)}, record={"sharpness": {}})
    train(model, optimizer, probe, steps=1)
    assert np.isnan(probe.trajectory().dataset["stable_sharpness"]).all()
