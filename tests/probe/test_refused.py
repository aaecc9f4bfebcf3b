"""What cannot be probed is refused, with what was found, the rule and the fix."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.probe.networks import examples, refusal, small_net, train
from theory_sim.probe import Probe, SGDRule

X, Y = examples()
GROUPS = {"low": (X[:40], Y[:40]), "high": (X[40:], Y[40:])}


def made(model: Any = None, optimizer: Any = None, groups: Any = None, **options: Any) -> tuple[Any, Any, Probe]:
    model = small_net() if model is None else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1) if optimizer is None else optimizer
    return model, optimizer, Probe(model, optimizer, GROUPS if groups is None else groups, **options)


class Smooth(torch.nn.Module):
    """Without a kink at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        return torch.tanh(self.layer(x))


class Pair(torch.nn.Module):
    """Returns two things."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = small_net()

    def forward(self, x: Any) -> Any:
        return self.inner(x), x


class Turned(torch.nn.Module):
    """Its ReLU does not get a row an example."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = torch.nn.ReLU()

    def forward(self, x: Any) -> Any:
        return self.relu(x.T).T


class Unused(Smooth):
    """Has a ReLU that no pass calls."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.ReLU()


def _optimiser(name: str, model: Any) -> Any:
    return getattr(torch.optim, name)(model.parameters(), lr=0.1)


def _scripted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(small_net())


def _flat() -> Any:
    return torch.nn.Sequential(torch.nn.Flatten(), small_net())


def _no_number() -> Any:
    model = small_net()
    torch.nn.init.constant_(model[4].bias, math.nan)
    return model


def _gelu() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.GELU())


class Named(torch.nn.Module):
    """Calls one ReLU under a name, and another twice."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layer, self.relu, self.last = torch.nn.Linear(6, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3)
        self.add_module(name, torch.nn.ReLU())
        self.name = name

    def forward(self, x: Any) -> Any:
        return self.last(self.get_submodule(self.name)(self.relu(self.relu(self.layer(x)))))


class Whole(Smooth):
    """A parameter has the name of all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.all = torch.nn.Parameter(torch.zeros(3))

    def forward(self, x: Any) -> Any:
        return self.layer(x) + self.all


@pytest.mark.parametrize(("make", "found", "fix"), [
    (lambda: made("a network", 3), "a model of the type str", "give the network itself"),
    (lambda: made(optimizer=3), "int as an optimiser", "give the optimiser itself"),
    (lambda: made(optimizer=_optimiser("SGD", small_net())), "6 parameters of the optimiser that are not the model's",
     "give the model that the optimiser trains"),
    (lambda: made(model := small_net(), _optimiser("Adagrad", model)), "the optimiser Adagrad", "give rule="),
    (lambda: made(groups={}), "groups = {}", "groups={"),
    (lambda: made(groups={"a": X}), "groups['a'] = ", "= (x, y)"),
    (lambda: made(groups={"a": (X, Y[:5])}), "groups['a'] with 96 inputs and 5 targets", "give as many of each"),
    (lambda: made(groups={"a": ((X, X[:5]), Y)}), "groups['a']: inputs with [5, 96] examples", "stack the examples"),
    (lambda: made(groups={"a": ("text", Y)}), "groups['a']: inputs 'text'", "convert them to tensors"),
    (lambda: made(groups={"a": (X[:0], Y[:0])}), "inputs with [0] examples", "stack"),
    (lambda: made(_flat(), groups={"a": (X, Y), "b": (X[:, None], Y)}), "inputs cannot be put together", "pad them"),
    (lambda: made(Smooth()), "a model without a kink at 0", "torch.nn.ReLU()"),
    (lambda: made(_gelu()), "but has GELU", "name them in activations"),
    (lambda: made(activations=["0"]), "activations: '0' is a Linear", "leave it out"),
    (lambda: made(activations=["9"]), "activations: '9'", "such as 0, 1, 2"),
    (lambda: made(record=0), "record = 0", "such as record="),
    (lambda: made(record={"kernel": {}}), "record['kernel']", "did you mean 'kernels'?"),
    (lambda: made(record={"kernels": 5}), "record['kernels'] = 5", "such as"),
    (lambda: made(record={"kernels": {"every_steps": 0}}), "record['kernels']: every_steps", "change every_steps"),
    (lambda: made(refresh=0), "refresh = 0", "such as 100"),
    (lambda: made(loss=lambda f, y: f), "a loss of shape (40, 3)", "take the mean"),
    (lambda: made(reference=iter([(X, Y)])), "reference = ", "not a generator"),
    (lambda: made(reference=[]), "a reference without a batch", "give a list"),
    (lambda: made(reference=torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), num_workers=1,
                                                        persistent_workers=True)),
     "a DataLoader with persistent workers", "persistent_workers=False"),
    (lambda: made(model := torch.nn.Sequential(torch.nn.LazyLinear(3), torch.nn.ReLU()), _optimiser("SGD", model)),
     "the parameter 0.weight without a shape yet", "pass a batch through the model once"),
    (lambda: made(small_net().to("meta")), "the parameter 0.weight on the device meta", "load the model's weights"),
    (lambda: made(Named("all")), "activations: 'all' names two things", "rename the module"),
    (lambda: made(Named("relu#2")), "activations: 'relu#2' names two things", "rename the module"),
    (lambda: made(Whole(), record={"kernels": {}}), "a parameter named 'all'", "leave kernels out of record"),
    (lambda: made(_scripted()), "a model of torch.jit", "before torch.jit.script"),
    (lambda: made(Pair()), "outputs of the type tuple for the logistic loss", "give loss="),
    (lambda: made(Pair(), loss=lambda f, y: f[0].mean(), record={"kernels": {}}), "kernels of a model that returns a tuple",
     "leave kernels out"),
    (lambda: made(torch.nn.Sequential(torch.nn.Linear(6, 1), torch.nn.ReLU()), groups={"a": (X, X[:, 0])}),
     "targets other than -1, 0 and 1", "give loss="),
    (lambda: made(Unused(), activations=["unused"]), "activations: 'unused', which a pass in evaluation mode does not call",
     "leave it out"),
    (lambda: made(rule=SGDRule), "rule = <class", "SGDRule(decoupled=True)"),
    (lambda: made(loss="mean"), "loss = 'mean'", "such as loss="),
    (lambda: made(torch.nn.Sequential(small_net(), Turned())), "activations: '1.relu' gets 3 rows of 64 examples",
     "name other modules"),
    (lambda: made(Unused()), "a model without a kink at 0", "torch.nn.ReLU()"),
    (lambda: made(groups={"a": (X, Y), "b": (X * math.nan, Y)}, reference=(X, Y)), "groups['b'] with a loss or gradient of nan",
     "look for NaN"),
    (lambda: made(reference=(X * math.nan, Y)), "the reference with a loss or gradient of nan", "look for NaN"),
    (lambda: made(reference=X), "a batch of the reference of the type Tensor", "give reference=(x, y)"),
    (lambda: made(reference=(X, Y, Y)), "a batch of the reference of the type Tensor", "give reference=(x, y)"),
    (lambda: made(reference=[{"x": X}]), "a batch of the reference of the type dict", "give reference=(x, y)"),
    (lambda: made(loss=lambda f, y: torch.nn.functional.cross_entropy(f, y).detach()),
     "a batch of 40 reference examples, which model or loss cannot take", "compare"),
    (lambda: made(activations="relu"), "activations = 'relu'", "leave patterns out"),
    (lambda: made(activations=[]), "activations = []", "leave patterns out"),
    (lambda: made(activations=[1]), "activations = [1]", "leave patterns out"),
    (lambda: made(seed="x"), "seed = 'x'", "whole number"),
    (lambda: made(seed=-1), "seed = -1", "change seed"),
    (lambda: made(name=3), "name = 3", "give a text"),
    (lambda: made(memory="1GB"), "memory = '1GB'", "whole number"),
    (lambda: made(_no_number()), "groups['low'] with a loss or gradient of nan", "parameters"),
    (lambda: made(groups={"a": (X[:, :5], Y)}), "groups['a'], which model or loss cannot take", "compare their shapes"),
    (lambda: made(groups={"a": (X, Y), "b": (X[:, :5], Y)}, reference=(X, Y), record={"run": {}}),
     "groups['b'], which model or loss cannot take", "compare their shapes"),
    (lambda: made(groups={"a": (X, Y + 7)}), "groups['a'], which model or loss cannot take", "compare their shapes"),
    (lambda: made(reference=(X[:, :5], Y)), "a batch of 48 reference examples, which model or loss cannot take", "compare"),
    (lambda: made(small_net(normalised=True), groups={"a": (X[:1], Y[:1])}),
     "a batch of 1 reference examples, which model or loss cannot take", "one example alone cannot train batch norm"),
])
def test_at_the_start(make: Callable[[], Any], found: str, fix: str) -> None:
    said = refusal(make)
    assert found in said and fix in said.partition("fix: ")[2]


def test_step_twice_and_step_without_the_optimiser() -> None:
    model, optimizer, probe = made()
    assert "no parameter has changed" in refusal(probe.step)
    train(model, optimizer, probe, steps=1)
    assert "one probe.step() after each optimizer.step()" in refusal(probe.step)


def test_step_twice_after_a_fused_optimiser() -> None:
    """It does not count its changes."""
    model = small_net()
    model, optimizer, probe = made(model, torch.optim.AdamW(model.parameters(), lr=0.01, fused=True))
    train(model, optimizer, probe, steps=2)
    assert "no parameter has changed" in refusal(probe.step)


def test_never_a_step() -> None:
    assert "a probe without a step" in refusal(made()[2].trajectory)


def test_a_step_that_the_probe_missed() -> None:
    model, optimizer, probe = made()
    train(model, optimizer, steps=1)
    said = refusal(lambda: train(model, optimizer, probe, steps=1))
    assert "0.weight is not what SGD makes of its gradient" in said and "before zero_grad()" in said


def test_gradients_that_are_gone() -> None:
    model, optimizer, probe = made()
    train(model, optimizer, steps=1)
    optimizer.zero_grad()
    assert "no parameter has a gradient" in refusal(probe.step)


def test_the_scheduler_before_the_probe() -> None:
    model, optimizer, probe = made()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    train(model, optimizer, steps=1, scheduler=scheduler)
    assert "before the scheduler changes the rate" in refusal(probe.step)


@pytest.mark.parametrize("change", [
    lambda model, optimizer: setattr(model[0], "weight", torch.nn.Parameter(model[0].weight.detach().clone())),
    lambda model, optimizer: optimizer.param_groups.clear(),
    lambda model, optimizer: model.double(),
], ids=["a new parameter", "another optimiser's", "another precision"])
def test_parameters_that_changed_identity(change: Callable[[Any, Any], None]) -> None:
    model, optimizer, probe = made()
    change(model, optimizer)
    said = refusal(lambda: probe._record(0.0, end=True) if model[0].weight.dtype == torch.float32 else probe.step())
    assert "is another one than when the probe was made" in said or "is now torch.float64" in said


def test_parameters_that_are_trained_later() -> None:
    """Added to the optimiser, or no longer frozen: their split has no start."""
    model = small_net()
    model[0].requires_grad_(requires_grad=False)
    optimizer = torch.optim.SGD([*model[0].parameters(), *model[2].parameters()], lr=0.1)
    for change in (lambda: model[0].requires_grad_(requires_grad=True),
                   lambda: optimizer.add_param_group({"params": model[4].parameters()})):
        probe = Probe(model, optimizer, GROUPS, record=1)
        train(model, optimizer, probe, steps=1)
        change()
        assert "is trained, and was not when the probe was made" in refusal(
            lambda probe=probe: train(model, optimizer, probe, steps=1))  # type: ignore[misc]


def test_a_step_that_was_not_taken_is_no_annealing() -> None:
    model, optimizer, probe = made()
    train(model, optimizer, probe, steps=1)
    optimizer.param_groups[0]["lr"] = 0.01
    assert "no parameter has changed" in refusal(probe.step)
    assert math.isnan(probe._annealed_tau)


def test_parameters_moved_by_hand() -> None:
    model, optimizer, probe = made()

    def shift() -> None:
        with torch.no_grad():
            model[0].weight.add_(1e-3)

    assert "0.weight is not what SGD" in refusal(lambda: train(model, optimizer, probe, each=shift))


def test_a_loss_that_adds_up() -> None:
    """Refused where the probe is given it; a weighted mean, or a loss of pairs, is none."""
    def added(outputs: Any, targets: Any) -> Any:
        return torch.nn.functional.cross_entropy(outputs, targets, reduction="sum")

    said = refusal(lambda: made(loss=added))
    assert "a loss that adds up over examples" in said and 'reduction="mean"' in said
    weights = torch.tensor([1.0, 2.0, 3.0])
    for fine in (lambda outputs, targets: torch.nn.functional.cross_entropy(outputs, targets, weight=weights),
                 lambda outputs, targets: torch.cdist(outputs, outputs).sum(), lambda outputs, targets: outputs.sum() * 0.0):
        made(loss=fine)
    assert "one number" in refusal(lambda: made(loss=lambda outputs, targets: outputs))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_loop_that_adds_up_is_warned_of(reduction: str) -> None:
    model, optimizer, probe = made()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(X), Y, reduction=reduction).backward()
            optimizer.step()
            probe.step()
    ours = [str(each.message) for each in said if "gradient" in str(each.message)]
    assert len(ours) == (reduction == "sum")
    assert all(f"is {len(X)} times that of the reference" in each for each in ours)


def test_without_pytorch() -> None:
    """What a user without the extra is told; the package itself can be imported."""
    code = ("import sys; sys.modules['torch'] = None\nimport theory_sim.probe\nfrom theory_sim.errors import InputError\n"
            "try:\n    theory_sim.probe.Probe\nexcept InputError as error:\n    print(error)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "a probe without PyTorch" in done.stdout and "pip install 'theory-sim[torch]'" in done.stdout
