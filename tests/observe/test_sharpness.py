"""The Hessian's eigenvalues: against differences of a gradient written down here, between methods, and in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.test_general_network import PHI
from theory_sim import Experiment, draw_data, simulate
from theory_sim.data import shared_directions
from theory_sim.errors import InputError
from theory_sim.network.hessian import Hessian, LayerAtSites
from theory_sim.theory.conditions import top_curvature

Array = np.ndarray[Any, Any]
TINY = Experiment(
    d=5, N=14, r=0.5, m_W=6, m_V=8, n_test=2, neurons="independent", tau_0=0.5, tau_xi=0.05, lambda_=0.01, schedule="constant",
    eta_1=0.5, max_tau=4.0, record_every=1.0, dtype="float64", observe={"sharpness": {}},
)
SLOPES: dict[str, Any] = {
    "logistic": lambda v: -1 / (1 + np.exp(v)), "squared": lambda v: v - 1, "exponential": lambda v: -np.exp(-v),
}


def gradient(e: Experiment, weights: list[Array], seconds: list[Array], patterns: list[Array]) -> Array:
    """Of the mean loss and the ridge by all weights, neurons being active where ``patterns`` are: from THEORY §2, §3."""
    data = draw_data(e)
    plane = np.array([[1.0, -e.r], [1.0, 0.0], [1.0, e.r]])
    directions = shared_directions(e, data.w_star) if e.network == "shared" else plane
    patches = [data.x1, data.alpha[:, None] * directions[data.direction]]
    banks = [(0, patches[0]), (len(weights) - 1, patches[1])]
    active = [(patterns[bank] @ x.T > 0).astype(float) for bank, x in banks]
    f = sum(seconds[bank] @ (on * (weights[bank] @ x.T)) for (bank, x), on in zip(banks, active, strict=True))
    pull = data.y * SLOPES[e.loss](data.y * f) / len(data)
    found = [e.lambda_ * weight for weight in weights]
    for (bank, x), on in zip(banks, active, strict=True):
        found[bank] = found[bank] + seconds[bank][:, None] * ((on * pull) @ x)
    return np.concatenate([part.ravel() for part in found])


@pytest.mark.parametrize("chosen", [
    {}, {"loss": "squared"}, {"loss": "exponential"}, {"neurons": "paired"}, {"network": "shared", "loss": "squared"},
    {"patterns": "frozen"}, {"network": "shared", "patterns": "frozen"}, {"batch_size": 3}, {"dtype": "float32"},
])  # fmt: skip
def test_the_spectrum_is_that_of_differences_of_the_gradient(chosen: dict[str, Any]) -> None:
    e = TINY.replace(**chosen)
    data = simulate(e).dataset
    labels = ["U"] if e.network == "shared" else ["W", "V"]
    weights = [data[label].values.astype(float) for label in labels]
    seconds = [data[label.lower()].values.astype(float) for label in labels]
    held = [data[f"{label}_pattern"].values.astype(float) if e.patterns == "frozen" else None for label in labels]
    sizes = np.cumsum([weight.size for weight in weights])[:-1]

    def at(flat: Array) -> Array:
        moved = [part.reshape(weight.shape) for part, weight in zip(np.split(flat, sizes), weights, strict=True)]
        return gradient(e, moved, seconds, [now if hold is None else hold for now, hold in zip(moved, held, strict=True)])

    flat, step = np.concatenate([weight.ravel() for weight in weights]), 1e-6
    hessian = np.stack([(at(flat + step * unit) - at(flat - step * unit)) / (2 * step) for unit in np.eye(len(flat))])
    wanted = np.sort(np.linalg.eigvalsh((hessian + hessian.T) / 2) - e.lambda_)[::-1]
    tolerance = 2e-6 if e.dtype == "float32" else 2e-8
    np.testing.assert_allclose(data["hessian_spectrum"].values[-1], wanted, atol=tolerance)
    np.testing.assert_array_equal(data["sharpness"].values[-1], data["hessian_spectrum"].values[-1][:5])
    assert wanted[0] > 0.01


LOSSES: dict[str, Any] = {"logistic": lambda v: np.logaddexp(0, -v), "squared": lambda v: 0.5 * (1 - v) ** 2}
GENERAL: list[dict[str, Any]] = [
    *({"activation": name, "loss": "squared"} for name in ("tanh", "erf", "gelu", "softplus", "linear")),
    *({"activation": name, "train_second_layer": True, "biases": True, "output_scale": 1.7} for name in ("tanh", "gelu")),
    {"train_second_layer": True, "loss": "squared"},
    {"train_second_layer": True, "network": "shared", "activation": "softplus"},
    {"activation": "leaky-relu", "leak": 0.3, "biases": True, "train_second_layer": True, "neurons": "paired"},
    {"data_law": "weak-and-strong", "activation": "erf", "train_second_layer": True},
    {"sampling": "one-pass", "batch_size": 3},
]


@pytest.mark.parametrize("chosen", GENERAL, ids=lambda fields: "-".join(map(str, fields.values())))
def test_the_spectrum_is_that_of_second_differences_of_the_loss(chosen: dict[str, Any]) -> None:
    """Any activation, biases, second layer and data: the loss is written out from its definition, and knows no derivative."""
    e = TINY.replace(**{"d": 3, "N": 9, "m_W": 4, "m_V": 4, "eta_1": 0.3, "max_tau": 1.2, "tau_0": 0.8, **chosen})
    run, train = simulate(e).dataset, draw_data(e)
    second = train.x2
    if e.network == "shared":
        second = train.alpha[:, None] * shared_directions(e, train.w_star)[train.direction]
    labels = ["U"] if e.network == "shared" else ["W", "V"]
    phi = PHI[e.activation] if e.activation != "leaky-relu" else lambda z: max(z, 0.3 * z)
    inputs = [np.hstack([x, np.ones((len(x), int(e.biases)))]) for x in (train.x1, second)]
    first = [np.hstack([run[name].values, *([run[f"{name}_bias"].values[:, None]] if e.biases else [])]) for name in labels]
    last = [run[name.lower()].values for name in labels]
    trained = [*first, *(last if e.train_second_layer else [])]
    ends = np.cumsum([part.size for part in trained])[:-1]

    def loss(flat: Array) -> float:
        parts = [part.reshape(old.shape) for part, old in zip(np.split(flat, ends), trained, strict=True)]
        weights, seconds = parts[: len(labels)], parts[len(labels) :] or last
        f = sum(seconds[-k] @ np.vectorize(phi)(weights[-k] @ x.T) for k, x in zip((0, 1), inputs, strict=True))
        return float(LOSSES[e.loss](train.y * e.output_scale * f).mean())

    flat, h = np.concatenate([part.ravel() for part in trained]), 3e-4
    unit = h * np.eye(len(flat))
    hessian = np.array([[sum(s * t * loss(flat + s * a + t * b) for s in (1, -1) for t in (1, -1)) if i <= j else 0.0
                         for j, b in enumerate(unit)] for i, a in enumerate(unit)]) / (4 * h * h)
    wanted = np.linalg.eigvalsh(hessian + np.triu(hessian, 1).T)[::-1]
    np.testing.assert_allclose(run["hessian_spectrum"].values[-1], wanted, atol=2e-6)
    assert wanted[0] > 0.01


def test_of_a_wide_general_network_the_top_is_that_of_its_spectrum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanczos on products, of a network that is too large for the whole spectrum: at the last record of each."""
    e = TINY.replace(activation="tanh", train_second_layer=True, m_W=60, m_V=70, loss="squared")
    of_products = simulate(e).dataset["sharpness"].values[-1]
    monkeypatch.setattr("theory_sim.network.hessian.DENSE", 1000)
    np.testing.assert_allclose(of_products, simulate(e).dataset["sharpness"].values[-1], rtol=1e-7)


def test_a_linear_networks_is_that_of_the_data() -> None:
    """With sum_j u_j^2 = 1 and zero output it is l''(0) / N times the Gram matrix of the inputs, whatever the weights are."""
    e = TINY.replace(activation="linear", neurons="paired", max_steps=1)
    data = draw_data(e)
    gram = data.x1 @ data.x1.T + data.x2 @ data.x2.T
    wanted = np.linalg.eigvalsh(gram)[::-1][:5] * 0.25 / len(data)
    np.testing.assert_allclose(simulate(e).dataset["sharpness"].values[0], wanted, atol=1e-9)


def made_up(sites: int, neurons: int, inputs: int, *, signs: bool) -> Hessian:
    rng = np.random.default_rng(sites)
    examples = 2 * sites
    layer = LayerAtSites(
        rng.standard_normal((sites, inputs)), (rng.random((neurons, sites)) < 0.5).astype(float),
        np.resize([1.0, -1.0], neurons) / np.sqrt(neurons), rng.integers(0, sites, examples), np.arange(examples),
        rng.random(examples),
    )
    return Hessian([layer], rng.random(examples) - (0.5 if signs else 0.0))


@pytest.mark.parametrize("sites", [3, 120])  # few sites: by their gradients; many: Lanczos
@pytest.mark.parametrize("signs", [False, True])
def test_the_top_is_that_of_the_whole_spectrum(sites: int, signs: bool) -> None:
    hessian = made_up(sites, 102, 5, signs=signs)
    assert hessian.size == 510
    whole = hessian.spectrum()
    assert (whole[-1] < -1e-3) == signs
    np.testing.assert_allclose(hessian.top(5), whole[:5], atol=1e-7 * whole[0])
    np.testing.assert_array_equal(hessian.top(5), made_up(sites, 102, 5, signs=signs).top(5))  # the same to the last bit


def test_without_curvature_there_is_no_sharpness() -> None:
    hessian = made_up(120, 102, 5, signs=False)
    hessian._weights[:] = 0
    np.testing.assert_array_equal(hessian.top(5), np.zeros(5))


@pytest.mark.parametrize(("loss", "curvature"), [("logistic", 0.25), ("squared", 1.0)])
def test_at_zero_output_it_is_the_closed_form(loss: str, curvature: float) -> None:
    """10 000 neurons and 4000 examples, of which one share in 100 is a standard deviation of the leading term."""
    e = Experiment(d=40, N=4000, r=0.5, m_W=20, m_V=10_000, n_test=2, loss=loss, max_steps=1,
                   observe={"sharpness": {"at_tau": [0.0]}})
    wanted = top_curvature(r=e.r, p0=e.p0_value, alpha_min=e.alpha_min, alpha_max=e.alpha_max, curvature=curvature)
    assert simulate(e).dataset["sharpness"].values[0, 0] == pytest.approx(wanted, rel=0.05)


def test_it_changes_no_other_number_and_stands_beside_what_is_stable() -> None:
    e = TINY.replace(m_W=60, m_V=200, d=12, N=90, optimiser="heavy-ball", momentum=0.9)
    plain, watched = simulate(e.replace(observe={})).dataset, simulate(e).dataset
    for name in plain.variables:
        np.testing.assert_array_equal(plain[name].values, watched[name].values, err_msg=str(name))
    np.testing.assert_allclose(watched["stable_sharpness"], 2 * 1.9 / 0.5)
    np.testing.assert_allclose(simulate(TINY).dataset["stable_sharpness"], 2 / 0.5)
    assert watched["hessian_spectrum"].shape[1] == 0 and np.isfinite(watched["sharpness"]).all()


def test_where_it_says_nothing_it_is_refused() -> None:
    with pytest.raises(InputError, match="its slope jumps"):
        simulate(TINY.replace(loss="hinge"))
    with pytest.raises(InputError, match="sharpness"):
        simulate(TINY, "limit")


def test_a_users_activation_without_second_derivative_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.experiment.choices import ACTIVATIONS
    from theory_sim.network.activations import Activation

    class Sine(Activation):
        name, summary, zero_at_zero = "sine", "sin z", True

        def value(self, z: Array) -> Array:
            return np.sin(z)

        def slope(self, z: Array) -> Array:
            return np.cos(z)

    monkeypatch.setattr(ACTIVATIONS, "_things", {**ACTIVATIONS._things})
    ACTIVATIONS.register(Sine)
    with pytest.raises(InputError, match="give its class a method bend"):
        TINY.replace(activation="sine")
    assert np.isfinite(simulate(TINY.replace(activation="sine", observe={})).history("train_loss")).all()
