"""Kernel ridge regression with the network's tangent kernel: frozen patterns and squared loss, in closed form.

With rho = 1 and the loss (f - y)^2 / 2, gradient flow from Ubar = 0 is linear. On the training set, with K = V diag(kappa) V^T
(THEORY §6) and the ridge lambda, f(tau) = V diag(kappa (1 - e^{-(kappa / N + lambda) tau}) / (kappa + N lambda)) V^T y, and as
tau goes to infinity f = K (K + N lambda)^{-1} y (Jacot et al. 2018, arXiv 1806.07572).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from theory_sim.arrays import Array
from theory_sim.data import KINDS, Data, draw_data, draw_test_data, get_directions, shared_directions
from theory_sim.errors import InputError, size_in_words
from theory_sim.experiment import Experiment
from theory_sim.memory import available_bytes
from theory_sim.reading.arguments import accepts
from theory_sim.storage.plain import make_plain
from theory_sim.theory.arc_cosine import RELU, KernelConstants, tangent_kernel
from theory_sim.theory.overlap import P_error

__all__ = ["NTKRegression", "ntk_regression", "tangent_gram"]

# N x N float64 arrays held at once while the kernel is built and its eigenvectors are found.
_ARRAYS = 6
_REFINE = 1e-12


@dataclass(frozen=True)
class NTKRegression:
    """Kernel regression on one training set; kinds are in the order of `theory_sim.data.KINDS`.

    Attributes
    ----------
    ridge, tau : float
        Weight decay lambda, and learning-rate time (infinity: the minimum of the regularised loss).
    f_train, f_test : (N,), (3 n_test,) float64 arrays
        Outputs on the training set and on the fresh examples of `draw_test_data`.
    error_train, error_test : (3,) float64 arrays
        Share of wrong signs of each kind; NaN for a kind without examples.
    squared_train : float
        Mean of (f - y)^2 over the training set.
    linear_part : (d,) float64 array
        Linear part of the predictor on x_1.
    P_overlap, P_error : float
        Its overlap with w*, and the exact error of its sign on P (THEORY §10).
    eigenvalues : (N,) float64 array
        Of the kernel matrix, increasing.
    """

    ridge: float
    tau: float
    f_train: Array
    f_test: Array
    error_train: Array
    error_test: Array
    squared_train: float
    linear_part: Array
    P_overlap: float
    P_error: float
    eigenvalues: Array

    def to_dict(self) -> dict[str, Any]:
        """Numbers and errors by kind, without the arrays of examples; what is not finite becomes None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain: dict[str, Any] = make_plain({
            name: dict(zip(KINDS, value, strict=True)) if name.startswith("error_") else value
            for name, value in values.items() if isinstance(value, float) or name.startswith("error_")
        })
        return plain


def tangent_gram(experiment: Experiment, a: Data, b: Data) -> Array:
    """Tangent kernel k(x, x') of the network between two sets of examples, (len(a), len(b)) float64 (THEORY §6, §7)."""
    constants = experiment.kernel_constants or RELU
    gram = _between(a.x1, b.x1, constants)
    directions = get_directions(experiment, a)
    if experiment.shared_filters:
        to_b, to_a = _between(directions, b.x1, constants), _between(directions, a.x1, constants)
        gram += a.alpha[:, None] * to_b[a.direction]
        gram += (b.alpha[:, None] * to_a[b.direction]).T
    plane = _between(directions, directions, constants)
    gram += a.alpha[:, None] * plane[np.ix_(a.direction, b.direction)] * b.alpha
    return gram


def _between(x: Array, other: Array, constants: KernelConstants) -> Array:
    """k between the rows of two matrices; 0 for a zero row."""
    x, other = x.astype(np.float64), other.astype(np.float64)
    inner = x @ other.T
    lengths = np.outer(np.sqrt(np.einsum("ij,ij->i", x, x)), np.sqrt(np.einsum("ij,ij->i", other, other)))
    cosine = np.divide(inner, lengths, out=np.zeros_like(inner), where=lengths > 0)
    # Rounding near 1 is amplified by the arccosine; a row's angle with itself is exactly 0.
    cosine[cosine > 1.0 - _REFINE] = 1.0
    return tangent_kernel(inner, cosine, 1.0, constants)


@accepts(experiment="Experiment", ridge="a number", tau="a number")
def ntk_regression(experiment: Experiment, *, ridge: float | None = None, tau: float | None = None) -> NTKRegression:
    """Regress the labels of an experiment's training set with its network's tangent kernel.

    Parameters
    ----------
    experiment : Experiment
        Gives the data, the network (split or shared) and lambda; rates, noise and widths are not read.
    ridge : float, optional
        Weight decay, lambda by default; 0 interpolates where the kernel matrix has full rank.
    tau : float, optional
        Stop gradient flow at this learning-rate time; to the end by default.

    Returns
    -------
    NTKRegression

    Raises
    ------
    InputError
        If the ridge is negative, tau is not positive, or memory lacks; before anything is computed.

    Examples
    --------
    >>> from theory_sim import Experiment, ntk_regression
    >>> found = ntk_regression(Experiment(d=40, N=160, lambda_=1e-3))
    >>> round(found.P_overlap, 2), round(found.P_error, 3)
    (0.74, 0.044)
    """
    decay = experiment.lambda_ if ridge is None else ridge
    for label, number, allowed in (("ridge", decay, decay >= 0), ("tau", tau, tau is None or tau > 0)):
        if not allowed or (number is not None and not math.isfinite(number)):
            raise InputError(f"{label} = {number!r}", "a finite number, ridge from 0 and tau above 0", "choose such a number")
    constants = experiment.kernel_constants
    if constants is None or experiment.beyond_theory() or not experiment.has_pq:
        raise InputError("another network or other data than the theory's",
                         "the kernel of ReLU, leaky ReLU or a linear network on the P/Q mixture (THEORY §6)",
                         "use one of these activations without biases or scale, and data_law = 'pq-mixture'",
                         fields=("activation", "data_law"))
    n, fresh = experiment.n_examples, 3 * experiment.n_test
    needed = 8 * (_ARRAYS * n * n + 4 * n * fresh) + 8 * experiment.d * 2 * (n + fresh)
    there = available_bytes()
    if needed > there:
        raise InputError(
            f"N = {n} needs about {size_in_words(needed)}, {size_in_words(there)} are available",
            "the kernel matrix and its eigenvectors are held in memory",
            f"lower N to about {math.isqrt(max(there // (8 * _ARRAYS), 1))}, or use the engine limit with kernel = 'frozen'",
        )
    train, test = draw_data(experiment), draw_test_data(experiment)
    with threadpool_limits(1, user_api="blas"):  # sums split among a varying number of threads differ in the last digits
        values, vectors = np.linalg.eigh(tangent_gram(experiment, train, train))
        coefficients = vectors @ (_filter(np.maximum(values, 0.0), n, decay, tau) * (vectors.T @ train.y))
        f_train = vectors @ (values * (vectors.T @ coefficients))
        f_test = tangent_gram(experiment, test, train) @ coefficients
        linear = coefficients @ train.x1.astype(np.float64)
    if experiment.shared_filters:
        weights = np.bincount(train.direction, weights=coefficients * train.alpha, minlength=3)
        linear = linear + weights @ shared_directions(experiment, train.w_star)
    linear *= constants.linear
    norm = float(np.linalg.norm(linear))
    overlap = float(linear @ train.w_star) / norm if norm > 0 else 0.0
    return NTKRegression(
        ridge=float(decay), tau=math.inf if tau is None else float(tau), f_train=f_train, f_test=f_test,
        error_train=train.mean_by_kind(train.y * f_train <= 0), error_test=test.mean_by_kind(test.y * f_test <= 0),
        squared_train=float(np.mean((f_train - train.y) ** 2)), linear_part=linear, P_overlap=overlap,
        P_error=float(P_error(overlap, experiment.g0)), eigenvalues=values,
    )


def _filter(values: Array, n: int, ridge: float, tau: float | None) -> Array:
    """(1 - e^{-(kappa / N + lambda) tau}) / (kappa + N lambda), with its limits at 0 and at infinite tau."""
    total = values + n * ridge
    # Directions that the kernel does not see have no part in the minimum of least norm.
    seen = total > 1e-13 * max(float(values.max(initial=0.0)), np.finfo(float).tiny)
    safe = np.where(seen, total, 1.0)
    if tau is None:
        filtered: Array = np.where(seen, 1.0 / safe, 0.0)
        return filtered
    filtered = np.where(seen, -np.expm1(-safe * tau / n) / safe, tau / n)
    return filtered
