"""Laws that every right simulator of THEORY §2-§5 obeys, each a function that raises AssertionError if it does not.

Tolerances follow from the number of operations and the precision, or from a stated probability of a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory_sim.arrays import Array
from theory_sim.trajectory import Trajectory

__all__ = [
    "decomposition_adds_up", "gradient_matches_finite_difference", "label_symmetry", "parts_add_up", "positive_homogeneity",
]


def _something(name: str, values: Array) -> None:
    """Refuse an array of which a comparison would say nothing: empty, or with entries that are no number."""
    finite = int(np.isfinite(values).sum())
    assert finite == values.size > 0, f"{name}: {values.size} numbers, {finite} of them finite"


def gradient_matches_finite_difference(
    loss: Callable[[Array], float], weights: Array, gradient: Array, *,
    step: float = 1e-5, directions: int = 8, curvature: float = 1.0, seed: int = 0,
) -> None:
    """Compare a gradient with central differences of the loss along random unit directions (THEORY §3).

    Parameters
    ----------
    loss : callable
        Maps weights to a number, in float64.
    weights, gradient : array, any shape
        A point and the gradient claimed there. No pre-activation may change sign within ``step`` of the point.
    step : float
        Half the distance between the two points of a difference.
    directions : int
        Number of directions tried.
    curvature : float
        Bound of the loss's third derivative along a unit direction; at most about 0.1 max ||x||^3 for the logistic
        loss of a network with ||u|| = 1.
    seed : int
        Seed of the directions.

    Raises
    ------
    AssertionError
        If a difference is further from the gradient than truncation and rounding explain.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import gradient_matches_finite_difference
    >>> weights = np.array([[1.0, -2.0]])
    >>> gradient_matches_finite_difference(lambda U: 0.5 * float((U**2).sum()), weights, gradient=weights)
    """
    rng = np.random.default_rng(seed)
    assert gradient.shape == weights.shape, f"gradient {gradient.shape} of weights {weights.shape}"
    assert directions > 0, f"{directions} directions"
    _something("gradient", gradient)
    eps = np.finfo(np.float64).eps
    for _ in range(directions):
        direction = rng.standard_normal(weights.shape)
        direction = direction / float(np.linalg.norm(direction))
        above, below = loss(weights + step * direction), loss(weights - step * direction)
        difference = (above - below) / (2 * step)
        claimed = float(np.vdot(gradient.astype(np.float64), direction))
        # A loss of n operations errs by about n eps; the claimed gradient by the eps of its own precision.
        operations = weights.size + 100
        tolerance = curvature * step**2 / 6 + operations * eps * max(abs(above), abs(below), 1.0) / step
        tolerance += operations * float(np.finfo(gradient.dtype).eps) * float(np.linalg.norm(gradient))
        assert abs(difference - claimed) <= tolerance, (
            f"derivative {claimed:.12g} claimed, {difference:.12g} measured, tolerance {tolerance:.3g}"
        )


def positive_homogeneity(
    output: Callable[[Array, Array], Array], weights: Array, inputs: Array, *, exponent: int = 3
) -> None:
    """f(cU; x) = c f(U; x) = f(U; cx) for c > 0: a network of ReLU neurons without bias (THEORY §2).

    Parameters
    ----------
    output : callable
        Maps (weights, inputs) to the outputs, (n,).
    weights, inputs : array
        Given to ``output`` as they are and scaled.
    exponent : int
        The scale is c = 2^exponent, which rounding respects exactly, so equality is exact.

    Raises
    ------
    AssertionError
        If an output does not scale.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import positive_homogeneity
    >>> inputs = np.array([[1.0, 2.0], [-1.0, 0.5]])
    >>> positive_homogeneity(lambda U, x: np.maximum(x @ U.T, 0.0).sum(axis=1), np.array([[1.0, -1.0]]), inputs)
    """
    scale = 2.0**exponent
    once = np.asarray(output(weights, inputs))
    _something("outputs", once)
    cast = weights.dtype.type(scale)
    np.testing.assert_array_equal(
        np.asarray(output(weights * cast, inputs)), scale * once, err_msg=f"outputs of {scale:g} x weights"
    )
    np.testing.assert_array_equal(
        np.asarray(output(weights, inputs * inputs.dtype.type(scale))), scale * once,
        err_msg=f"outputs of {scale:g} x inputs",
    )


def label_symmetry(outputs: Callable[[Array, Array], Array], labels: Array, second_layer: Array) -> None:
    """Flipping every label and the second layer flips every output, at every time (THEORY §1-§3).

    The first layer's gradient holds each label times a second-layer weight, so it sees nothing of the flip. Rounding is
    symmetric about zero, so equality is exact.

    Parameters
    ----------
    outputs : callable
        Maps (labels (N,), second layer (m,)) to outputs of the network trained on them, any shape, all else equal.
    labels : (N,) array
        Entries -1 and +1.
    second_layer : (m,) array
        Second layer u.

    Raises
    ------
    AssertionError
        If the outputs are not exactly opposite.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import label_symmetry
    >>> y, u = np.array([1.0, -1.0]), np.array([0.5, -0.5])
    >>> label_symmetry(lambda labels, second_layer: second_layer * (labels @ second_layer), y, u)
    """
    found = np.asarray(outputs(labels, second_layer))
    _something("outputs", found)
    np.testing.assert_array_equal(
        np.asarray(outputs(-labels, -second_layer)), -found,
        err_msg="outputs after flipping labels and second layer",
    )


def parts_add_up(weights: Array, signal: Array, noise: Array, *, steps: int, largest: float) -> None:
    """U = signal + noise within what rounding allows after ``steps`` steps (THEORY §4).

    Parameters
    ----------
    weights, signal, noise : (m, k) arrays
        U_t and its two parts, in the precision that they were computed in.
    steps : int
        Steps taken.
    largest : float
        Largest ||signal||_F + ||noise||_F during the run.

    Raises
    ------
    AssertionError
        If the Frobenius norm of the difference exceeds 12 (steps + 1) eps ``largest``.

    Notes
    -----
    A step is linear in each of the three arrays, with factor 1 - gamma lambda, so that earlier errors do not grow if
    gamma lambda < 2. It makes at most seven operations an entry over the three arrays, each off by at most eps / 2 of a
    number no larger than the entries before and after the step: less than 12 eps ``largest`` in norm.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import parts_add_up
    >>> signal, noise = np.array([0.5, 0.25]), np.array([1.0, -1.0])
    >>> parts_add_up(signal + noise, signal, noise, steps=1, largest=1.5)
    """
    for name, part in (("weights", weights), ("signal", signal), ("noise", noise), ("largest", np.array(largest))):
        _something(name, part)
    eps = float(np.finfo(weights.dtype).eps)
    gap = float(np.linalg.norm(weights.astype(np.float64) - signal.astype(np.float64) - noise.astype(np.float64)))
    tolerance = 12 * (steps + 1) * eps * largest
    assert gap <= tolerance, f"||U - signal - noise||_F = {gap:.3g} after {steps} steps, at most {tolerance:.3g} expected"


def decomposition_adds_up(trajectory: Trajectory) -> None:
    """Final weights of each layer are the sum of their parts, rounded once (THEORY §4).

    A run keeps signal and noise, whose sum in float64 is what it stores as weights. That outputs and gradients are those of
    this sum is for a comparison with an independent simulation to tell.

    Parameters
    ----------
    trajectory : Trajectory
        A finished run.

    Raises
    ------
    AssertionError
        If the weights of a layer are not float64, or differ from the sum by more than its rounding, or there is no layer.

    Examples
    --------
    >>> from theory_sim import Experiment, simulate
    >>> from theory_sim.testing import decomposition_adds_up
    >>> decomposition_adds_up(simulate(Experiment(d=20, N=80, m_W=20, m_V=200, max_tau=100.0)))
    """
    dataset = trajectory.dataset
    assert dataset.sizes["layer"], "a run without layers"
    for layer in dataset["layer"].values:
        total, signal, noise = (dataset[name].values for name in (layer, f"{layer}_signal", f"{layer}_noise"))
        _something(layer, total)
        assert total.dtype == np.float64, f"{layer} is {total.dtype}"
        expected = signal.astype(np.float64) + noise.astype(np.float64)
        off = np.abs(total - expected) > np.finfo(np.float64).eps * (np.abs(signal) + np.abs(noise))
        assert not off.any(), f"{off.sum()} of {off.size} weights of {layer} are not signal + noise"
