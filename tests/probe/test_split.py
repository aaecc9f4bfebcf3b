"""Signal and accumulated noise under each optimiser, against the recursion by hand (THEORY §15)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.probe.networks import SGDW, examples, small_net, train
from tests.probe.test_unchanged import OPTIMISERS
from theory_sim.probe import Probe, SGDRule
from theory_sim.probe.law import NoiseLaw
from theory_sim.theory.linear_rules import Move
from theory_sim.theory.noise_law import noise_levels


def probed(name: str, **options: Any) -> tuple[Any, Probe]:
    model = small_net().double()
    x, y = examples()
    optimizer = OPTIMISERS[name](model.parameters())
    return model, Probe(model, optimizer, {"all": (x.double(), y)}, **{"complete": True, "refresh": 1, "record": 4} | options)


def run_double(name: str, steps: int = 12, **options: Any) -> tuple[Any, Probe]:
    model, probe = probed(name, **options)
    x, y = examples()
    for _ in range(steps):
        chosen = torch.randint(len(x), (16,))
        probe._tracked.optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen].double()), y[chosen]).backward()
        probe._tracked.optimizer.step()
        probe.step()
    return model, probe


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_parts_add_up(name: str) -> None:
    model, probe = run_double(name)
    parts = zip(model.parameters(), probe._split.signal, probe._split.noise, strict=True)
    for parameter, signal, noise in parts:
        # Where a batch gives an entry no gradient, Adam divides by epsilon: parts are then large, and cancel.
        size = float(signal.abs().max() + noise.abs().max())
        torch.testing.assert_close(parameter.detach(), signal + noise, rtol=0.0, atol=4e-16 * size)
    assert all(float(part.norm()) > 0 for part in probe._split.signal)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_without_batch_noise_the_noise_is_what_decay_leaves_of_the_start(name: str) -> None:
    """Full batches: xi is zero, and the noise is U_0 under the rule's own weight decay."""
    model, probe = probed(name)
    start = [each.detach().clone() for each in model.parameters()]
    x, y = examples()
    optimizer = probe._tracked.optimizer
    for _ in range(4):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x.double()), y).backward()
        optimizer.step()
        probe.step()
    decay = optimizer.param_groups[0].get("weight_decay", 0.0)
    for noise, first in zip(probe._split.noise, start, strict=True):
        if name in ("adamw", "fused"):
            first = first * (1 - optimizer.param_groups[0]["lr"] * decay) ** 4
        if not decay or name in ("adamw", "fused"):
            torch.testing.assert_close(noise, first, rtol=1e-10, atol=1e-12)
        elif name == "nesterov":  # smaller in size, along the start
            assert float((noise * first).sum() / (noise.norm() * first.norm())) > 1 - 1e-12
            assert 0.9 < float(noise.norm() / first.norm()) < 1.0


def test_momentum_by_hand() -> None:
    """b <- mu b + g + lambda U, U <- U - gamma b, of both parts, with gradients recorded beside."""
    torch.manual_seed(3)
    model = torch.nn.Linear(3, 1, bias=False).double()
    x, y = torch.randn(8, 3).double(), torch.tensor([1.0, -1.0] * 4).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.8, weight_decay=0.05)
    start = model.weight.detach().clone()
    probe = Probe(model, optimizer, {"all": (x, y)}, complete=True, refresh=1, record={"run": {"every_steps": 1}})
    parts = {"signal": [torch.zeros_like(start), torch.zeros_like(start)], "noise": [start, torch.zeros_like(start)]}
    for step in range(5):
        weight = model.weight.detach().clone().requires_grad_()
        (full,) = torch.autograd.grad(torch.nn.functional.softplus(-y * (x @ weight.T)[:, 0]).mean(), weight)
        optimizer.zero_grad()
        torch.nn.functional.softplus(-y[step : step + 2] * model(x[step : step + 2])[:, 0]).mean().backward()
        used = model.weight.grad.clone()
        optimizer.step()
        probe.step()
        for name, gradient in (("signal", full), ("noise", used - full)):
            value, velocity = parts[name]
            velocity = 0.8 * velocity + gradient + 0.05 * value
            parts[name] = [value - 0.3 * velocity, velocity]
    torch.testing.assert_close(probe._split.signal[0], parts["signal"][0], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(probe._split.noise[0], parts["noise"][0], rtol=1e-12, atol=1e-14)


def test_decoupled_decay_of_sgd() -> None:
    """A user's SGDW under `SGDRule(decoupled=True)`; the rule of plain SGD does not add up to it."""
    x, y = examples()
    for rule, right in ((None, True), (SGDRule(decoupled=True), True), (SGDRule(), False)):
        model = small_net()
        optimizer = SGDW(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
        probe = Probe(model, optimizer, {"all": (x, y)}, rule=rule)
        if right:
            train(model, optimizer, probe)
        else:
            with pytest.raises(ValueError, match="is not what SGDW makes of its gradient"):
                train(model, optimizer, probe)


def test_a_probe_from_the_middle_of_a_run_takes_its_buffers_over() -> None:
    model = small_net()
    optimizer = OPTIMISERS["adam"](model.parameters())
    train(model, optimizer)
    x, y = examples()
    train(model, optimizer, Probe(model, optimizer, {"all": (x, y)}))


def test_the_momentum_of_before_is_the_signals() -> None:
    """Full batches after the probe is made: nothing is noise but the parameters of that time, however they still roll."""
    model = small_net().double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = examples()
    probe: Any = None
    for step in range(6):
        if step == 3:
            start = [each.detach().clone() for each in model.parameters()]
            probe = Probe(model, optimizer, {"all": (x.double(), y)}, complete=True, refresh=1, batch=len(x))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x.double()), y).backward()
        optimizer.step()
        if probe is not None:
            probe.step()
    for noise, first in zip(probe._split.noise, start, strict=True):
        torch.testing.assert_close(noise, first, rtol=1e-12, atol=1e-14)


def test_parameters_without_a_gradient_stay() -> None:
    model = small_net()
    model[4].weight.requires_grad_(requires_grad=False)
    optimizer = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.1}, {"params": model[4].parameters()},
                                 {"params": model[2].parameters(), "lr": 0.2}], lr=0.05, weight_decay=0.01)
    x, y = examples()
    probe = Probe(model, optimizer, {"all": (x, y)})
    train(model, optimizer, probe)
    assert probe._tracked.names == ["0.weight", "0.bias", "2.weight", "2.bias", "4.bias"]


@pytest.mark.parametrize("refresh", [1, 5])
def test_the_gradient_of_the_whole_loss_is_exact_or_held(refresh: int) -> None:
    """Held over five steps, the gradient's change counts as noise: the same sum, another share."""
    _, exact = run_double("sgd")
    torch.manual_seed(0)
    _, held = run_double("sgd", refresh=refresh)
    same = [torch.allclose(a, b, rtol=1e-12) for a, b in zip(exact._split.noise, held._split.noise, strict=True)]
    assert all(same) == (refresh == 1)


def test_the_reference_is_computed_anew_at_every_third_step() -> None:
    """Its loss at a record is that of the last multiple of three; before the first step it is that of the start."""
    model = small_net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    x, y = examples()
    probe = Probe(model, optimizer, {"all": (x, y)}, refresh=3, batch=len(x), record={"run": {"every_steps": 1}})
    train(model, optimizer, probe, steps=8)
    data = probe.trajectory().dataset
    now = data["loss_train"].values[:, 0]
    np.testing.assert_allclose(data["train_loss"], now[[0, 0, 0, 3, 3, 3, 6, 6, 6]], rtol=1e-6)
    assert len(set(now.round(6).tolist())) == 9


def test_dropout_of_the_reference_is_drawn_anew_each_time() -> None:
    model = small_net(normalised=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    x, y = examples()
    probe = Probe(model, optimizer, {"all": (x, y)}, refresh=1, record={"run": {"every_steps": 1}})
    train(model, optimizer, probe, steps=4)
    assert len(set(probe.trajectory().dataset["train_loss"].values.tolist())) == 5


def test_recorded_norms_are_those_of_the_gradients() -> None:
    """By gradients computed apart: the last step's xi, a reference in batches of three sizes, layers of all sizes."""
    model = small_net().double()
    x, y = examples()
    x = x.double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    pieces = [slice(0, 10), slice(10, 40), slice(40, 96)]
    probe = Probe(model, optimizer, {"all": (x, y)}, reference=[(x[each], y[each]) for each in pieces], refresh=1,
                  record={"run": {"every_steps": 1}})

    def gradient(chosen: Any) -> Any:
        found = torch.autograd.grad(torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]), [*model.parameters()])
        return torch.cat([each.flatten() for each in found])

    for step in range(3):
        chosen = slice(8 * step, 8 * step + 8)
        xi = gradient(chosen) - gradient(slice(None))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
        probe.step()
    data = probe.trajectory().dataset.isel(record=-1)
    whole = gradient(slice(None))
    squares = [float((gradient(each) - whole).square().sum()) for each in pieces]
    error = np.sqrt(np.average(squares, weights=[10, 30, 56]) / (3 - 1))
    sizes = np.array([each.numel() for each in model.parameters()])
    assert float(data["xi_norm"]) == pytest.approx(float(xi.norm()), rel=1e-9)
    assert float(data["gradient_norm"]) == pytest.approx(float(whole.norm()), rel=1e-9)
    assert float(data["gradient_error"]) == pytest.approx(error, rel=1e-9)
    levels = data["tau_noise_recursion"].values
    assert float(data["tau_noise_exact"]) == pytest.approx(np.sqrt(sizes @ levels**2 / sizes.sum()), rel=1e-12)
    assert np.ptp(levels) > 0.01, "layers whose levels differ"
    assert float(data["train_loss"]) == pytest.approx(torch.nn.functional.cross_entropy(model(x), y).item(), rel=1e-9)


def test_the_error_of_a_reference_sample_is_what_is_seen() -> None:
    """Over 200 drawn samples of 64 from 960 examples, the mean squared distance is within 20 % of the mean of those stated."""
    from theory_sim.probe.inputs import take
    from theory_sim.probe.reference import Reference, batches_of, squared_norm
    from theory_sim.probe.tracked import Tracked

    generator = torch.Generator().manual_seed(5)
    model = torch.nn.Linear(6, 3)
    x, y = torch.randn(960, 6, generator=generator), torch.randint(3, (960,), generator=generator)
    tracked = Tracked.of(model, torch.optim.SGD(model.parameters(), lr=0.1))
    loss = torch.nn.functional.cross_entropy
    whole = Reference(tracked, loss, [(x, y)], complete=True).estimate(0)
    seen, stated = [], []
    for _ in range(200):
        chosen = torch.randint(960, (64,), generator=generator)
        found = Reference(tracked, loss, batches_of(take(x, chosen), y[chosen], 8), complete=False).estimate(0)
        seen.append(squared_norm([a - b for a, b in zip(found.gradients, whole.gradients, strict=True)]))
        stated.append(found.error**2)
    assert whole.error == 0.0
    assert np.mean(seen) == pytest.approx(np.mean(stated), rel=0.2)


def test_the_law_of_gradient_descent_is_that_of_section_5() -> None:
    rates = [0.5, 0.5, 0.1, 0.1]
    law = NoiseLaw(np.array([0.04]), np.array([7]))
    for step, rate in enumerate(rates):
        if step == 2:
            law.mark("annealing")
        law.step([Move()], [rate], [0.3], [True], np.array([0.25]))
    expected = noise_levels(rates, lambda_=0.3, tau_xi=0.5, tau_0=0.2)
    assert law.levels()[0] == pytest.approx(expected[-1], rel=1e-13)
    # rho(s, t) = prod (1 - gamma lambda) tau_s / tau_t
    assert law.correlations("annealing")[0] == pytest.approx(0.97**2 * expected[2] / expected[4], rel=1e-13)


def test_the_law_of_momentum_is_what_many_draws_do() -> None:
    """2e5 entries under Nesterov's rule: mean squares to 4 standard deviations, sqrt(2 / n), correlations to 4 / sqrt(n)."""
    n, rng = 200_000, np.random.default_rng(0)
    u, b = 0.3 * rng.standard_normal(n), np.zeros(n)
    law, first = NoiseLaw(np.array([0.09]), np.array([n])), u.copy()
    law.mark("start")
    for step in range(12):
        rate = 0.2 if step < 6 else 0.05
        xi = 0.4 * rng.standard_normal(n)
        g = xi + 0.1 * u
        b = 0.7 * b + g
        u = u - rate * (g + 0.7 * b)
        law.step([Move(0.7, 1.0, 0.7, 1.0)], [rate], [0.1], [True], np.array([0.16]))
    assert np.mean(u**2) == pytest.approx(law.levels()[0] ** 2, rel=4 * np.sqrt(2 / n))
    assert np.corrcoef(first, u)[0, 1] == pytest.approx(law.correlations("start")[0], abs=4 / np.sqrt(n))
