"""Networks, optimisers and loops that are used less often: training is bitwise the same, and the split is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.probe.networks import SGDW, examples, small_net, train
from theory_sim import learning_order
from theory_sim.probe import Probe, SGDRule

X, Y = examples()
EVERYTHING = {"run": {"every_steps": 2}, "patterns": {}, "pre_activations": {}, "kernels": {"probes": 3}, "sharpness": {}}


def sgd(model: Any, **options: Any) -> Any:
    return torch.optim.SGD(model.parameters(), **{"lr": 0.1} | options)


def spectral() -> Any:
    """Its weight is computed when asked for, which changes buffers while it trains."""
    model = small_net()
    parametrizations.spectral_norm(model[2])
    return model


def tied() -> Any:
    model: Any = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    model[2].weight = model[0].weight
    return model


class Words(nn.Module):
    """Whole numbers in; gradients of the embedding are sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.relu, self.last = nn.Embedding(6, 8, sparse=True), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.last(self.relu(self.words((x > 0).long()).mean(dim=1)))


@pytest.mark.parametrize("make", [
    spectral, tied, Words, lambda: nn.DataParallel(small_net()), lambda: torch.compile(small_net(), backend="eager"),
    lambda: nn.Sequential(torch.compile(small_net(), backend="eager"), nn.ReLU()),
], ids=["spectral norm", "tied", "sparse", "DataParallel", "compiled", "a compiled part"])
def test_training_is_bitwise_the_same(make: Callable[[], Any]) -> None:
    ends = []
    for probed in (False, True):
        torch.manual_seed(0)
        model = make()
        optimizer = sgd(model)
        probe = Probe(model, optimizer, {"all": (X, Y)}, complete=True, refresh=1, record=EVERYTHING) if probed else None
        train(model, optimizer, probe, steps=4)
        ends.append([*model.state_dict().values(), torch.get_rng_state()])
        if probe is not None:
            assert probe.trajectory().dataset["flips"].sizes["feature"] > 1
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


class Centred(nn.Module):
    """Changes its inputs in place, as normalisation in forward may."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = small_net()

    def forward(self, x: Any) -> Any:
        return self.inner(x.sub_(1.0))


@pytest.mark.parametrize("shape", [lambda x, y: (x, y), lambda x, y: [(x, y)]], ids=["pair", "batches"])
def test_inputs_that_a_model_changes_in_place_are_left_alone(shape: Callable[[Any, Any], Any]) -> None:
    """Those of the reference are the user's own; the groups' would move from record to record."""
    x, y = examples()
    model = Centred()
    optimizer = sgd(model)
    probe = Probe(model, optimizer, {"all": (x, y)}, reference=shape(x, y), complete=True, refresh=1, record=EVERYTHING)
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[:16].clone()), y[:16]).backward()
        optimizer.step()
        probe.step()
    assert torch.equal(x, X)
    expected = nn.functional.cross_entropy(model.inner(x - 1.0), y).item()
    assert probe.trajectory().dataset["loss_train"].values[-1] == pytest.approx([expected], rel=1e-6)


def test_a_loaders_own_stream_is_left_alone() -> None:
    """The training loop's loader as reference: its order is that without a probe."""
    ends = []
    for probed in (False, True):
        torch.manual_seed(0)
        model = small_net()
        optimizer = sgd(model)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=32, shuffle=True,
                                             generator=torch.Generator().manual_seed(3))
        probe = Probe(model, optimizer, {"all": (X, Y)}, reference=loader, complete=True, refresh=1) if probed else None
        for _ in range(2):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                if probe is not None:
                    probe.step()
        ends.append(model[0].weight.detach().clone())
    assert torch.equal(*ends)


def steps(model: Any, optimizer: Any, probe: Probe, gradients: Any) -> None:
    """Steps with given gradients of the only weight."""
    for gradient in gradients:
        model.weight.grad = gradient
        optimizer.step()
        probe.step()


def layer(optimizer: Callable[[Any], Any], **options: Any) -> tuple[Any, Any, Probe]:
    """A layer under a loss without a gradient: all that moves it is noise."""
    model = nn.Linear(40, 500, bias=False)
    made = optimizer(model)
    return model, made, Probe(model, made, {"all": (X[:2, :1].expand(2, 40), X[:2])}, loss=lambda f, y: 0.0 * f.mean(),
                              **{"record": {"run": {"every_steps": 1}}} | options)


def test_the_law_knows_that_dampening_begins_with_the_second_step() -> None:
    """20 000 entries: four standard errors of a level, 1 / sqrt(2 n)."""
    model, optimizer, probe = layer(lambda model: sgd(model, momentum=0.5, dampening=0.8, lr=0.3))
    steps(model, optimizer, probe, torch.randn(3, 500, 40))
    data = probe.trajectory().dataset
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * 20_000))


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_law_of_momentum_is_that_of_the_optimisers_options(nesterov: bool) -> None:
    """A drawn loop under PyTorch's optimiser: 20 000 entries, four standard errors of a level."""
    model, optimizer, probe = layer(lambda model: sgd(model, momentum=0.8, nesterov=nesterov, weight_decay=0.3, lr=0.5))
    steps(model, optimizer, probe, torch.randn(4, 500, 40))
    data = probe.trajectory().dataset
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * 20_000))


def test_the_law_of_decoupled_decay() -> None:
    """Coupled, momentum would make ten times as much of it: 20 000 entries, four standard errors of a level."""
    model = nn.Linear(40, 500, bias=False)
    nn.init.normal_(model.weight, std=10.0)
    optimizer = SGDW(model.parameters(), lr=0.3, momentum=0.9, weight_decay=0.1)
    probe = Probe(model, optimizer, {"all": (X[:2, :1].expand(2, 40), X[:2])}, loss=lambda f, y: 0.0 * f.mean(),
                  record={"run": {"every_steps": 1}}, rule=SGDRule(decoupled=True))
    steps(model, optimizer, probe, torch.randn(6, 500, 40))
    data = probe.trajectory().dataset
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * 20_000))
    assert float(data["tau_noise"][-1, 0] / data["tau_noise"][0, 0]) == pytest.approx(0.97**6, rel=0.1)


def test_the_law_rests_where_a_parameter_gets_no_gradient() -> None:
    """For two steps it is left alone, its momentum too: 20 000 entries, four standard errors of a level."""
    model = nn.ModuleDict({"one": nn.Linear(40, 500, bias=False), "other": nn.Linear(1, 1, bias=False)})
    model.forward = lambda x: model["other"](x)  # type: ignore[method-assign]
    optimizer = sgd(model, lr=0.3, momentum=0.9, weight_decay=0.1)
    probe = Probe(model, optimizer, {"all": (X[:, :1], X)}, loss=lambda f, y: 0.0 * f.mean(),
                  record={"run": {"every_steps": 1}})
    for step in range(6):
        model["one"].weight.grad = None if step in (2, 3) else torch.randn(500, 40)
        model["other"].weight.grad = torch.randn(1, 1)
        optimizer.step()
        probe.step()
    data = probe.trajectory().dataset.sel(layer="one.weight")
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * 20_000))
    assert data["tau_noise"][2] == data["tau_noise"][4] and data["tau_noise_recursion"][2] == data["tau_noise_recursion"][4]


def test_momentum_that_begins_later_has_its_first_step_then() -> None:
    model, optimizer, probe = layer(lambda model: sgd(model, dampening=0.5))
    steps(model, optimizer, probe, torch.randn(2, 500, 40))
    optimizer.param_groups[0]["momentum"] = 0.9
    steps(model, optimizer, probe, torch.randn(3, 500, 40))
    data = probe.trajectory().dataset
    np.testing.assert_allclose(data["tau_noise"], data["tau_noise_recursion"], rtol=4 / np.sqrt(2 * 20_000))


@pytest.mark.parametrize("make", [torch.optim.AdamW, torch.optim.SGD])
def test_a_rate_of_zero_under_a_fused_optimiser_is_a_step(make: Any) -> None:
    model, optimizer, probe = layer(lambda model: make(model.parameters(), lr=0.0, fused=True))
    steps(model, optimizer, probe, torch.randn(2, 500, 40))
    assert probe._step == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_in_half_precision_small_steps_are_not_lost(dtype: torch.dtype) -> None:
    """Weights near 1 do not move by 1e-5 at once in half precision; the noise does, and the signal takes what was rounded."""
    model = nn.Linear(6, 4, bias=False)
    nn.init.ones_(model.weight)
    optimizer = sgd(model.to(dtype), lr=1.0)
    probe = Probe(model, optimizer, {"all": (X.to(dtype), X)}, loss=lambda f, y: 0.0 * f.sum(),
                  record={"run": {"every_steps": 20}, "pre_activations": {}})
    steps(model, optimizer, probe, [torch.full_like(model.weight, 1e-5)] * 64)
    assert (model.weight == 1).all()
    gradient = float(torch.tensor(1e-5, dtype=dtype))
    torch.testing.assert_close(probe._split.noise[0], torch.full((4, 6), 1.0 - 64 * gradient), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(probe._split.sums()["weight"], model.weight.detach())


@pytest.mark.parametrize("make", [
    lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1, maximize=True),
    lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1, maximize=True),
    lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, amsgrad=True),
    lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=0.1, centered=True, maximize=True),
], ids=["SGD", "Adam", "AdamW", "RMSprop"])
def test_a_loss_that_is_maximised_and_other_options(make: Callable[[Any], Any]) -> None:
    model = small_net().double()
    optimizer = make(model.parameters())
    probe = Probe(model, optimizer, {"all": (X.double(), Y)}, loss=lambda f, y: -nn.functional.cross_entropy(f, y),
                  complete=True, refresh=1)
    for _ in range(6):
        chosen = torch.randint(len(X), (16,))
        optimizer.zero_grad()
        (-nn.functional.cross_entropy(model(X[chosen].double()), Y[chosen])).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        probe.step()
    parts = zip(probe._split.sums().items(), probe._split.signal, strict=True)
    for (name, each), signal in parts:
        # Where a batch gives an entry no gradient, Adam divides by epsilon: parts are then large, and cancel.
        size = 1.0 + float(signal.abs().max())
        torch.testing.assert_close(each, model.get_parameter(name).detach(), rtol=0.0, atol=1e-15 * size)


def test_a_training_that_diverges_ends_its_records_and_is_not_stopped() -> None:
    model = small_net()
    optimizer = sgd(model, lr=1e13)
    probe = Probe(model, optimizer, {"all": (X, Y), "same": (X, Y)}, refresh=1, record=EVERYTHING)
    train(model, optimizer, probe, steps=12)
    assert not torch.isfinite(model[0].weight).all()
    run = probe.trajectory()
    assert run.outcome == "diverged" and "no longer numbers" in run.dataset.attrs["message"]
    assert run.dataset.attrs["final_step"] < 12
    assert learning_order(run, groups=("all", "same")).order == "diverged"


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_gradscaler_skips_is_none_in_a_hook(fused: bool) -> None:
    model = small_net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=fused)
    probe = Probe(model, optimizer, {"all": (X, Y)})
    optimizer.register_step_post_hook(lambda *_: probe.step())
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    for factor in (1.0, float("inf"), 1.0):
        optimizer.zero_grad()
        scaler.scale(factor * nn.functional.cross_entropy(model(X), Y)).backward()
        scaler.step(optimizer)
        scaler.update()
    assert probe._step == 2
    torch.testing.assert_close(probe._split.sums()["0.weight"], model[0].weight.detach())


def test_one_example_more_than_a_batch_is_no_batch_of_its_own() -> None:
    """Of which batch norm would refuse to train."""
    from theory_sim.probe.reference import batches_of

    model = small_net(normalised=True)
    Probe(model, sgd(model), {"all": (X[:33], Y[:33])}, batch=32)
    for n, size, sizes in ((33, 32, [16, 17]), (96, 32, [32] * 3), (5, 64, [5]), (7, 1, [1] * 7)):
        found = batches_of(X[:n], Y[:n], size)
        assert [len(y) for _, y in found] == sizes and torch.equal(torch.cat([x for x, _ in found]), X[:n])


def test_single_outputs_are_right_by_their_sign_and_zero_is_wrong() -> None:
    from theory_sim.probe.groups import _are_right, logistic_loss

    outputs = torch.tensor([[2.0], [-2.0], [0.0], [0.0], [-1.0]])
    for labels in ([1, -1, 1, -1, 1], [1, 0, 1, 0, 1]):
        assert _are_right(outputs, torch.tensor(labels)).tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
        margins = torch.tensor([2.0, 2.0, 0.0, 0.0, -1.0])
        torch.testing.assert_close(logistic_loss(outputs, torch.tensor(labels)), torch.log(1 + torch.exp(-margins)).mean())


def test_a_model_that_returns_a_tuple() -> None:
    """Its loss reads it; which labels are right is not known."""
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = small_net()

        def forward(self, x: Any) -> Any:
            outputs = self.inner(x)
            return outputs, outputs.mean()

    model = Two()
    optimizer = sgd(model)
    probe = Probe(model, optimizer, {"all": (X, Y)}, loss=lambda f, y: nn.functional.cross_entropy(f[0], y))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(X)[0], Y).backward()
    optimizer.step()
    probe.step()
    data = probe.trajectory().dataset
    assert np.isfinite(data["loss_train"]).all() and np.isnan(data["accuracy_train"]).all()
