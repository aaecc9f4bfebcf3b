"""Memory that the finite networks take, estimated from an experiment alone."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, DATA_LAWS, SAMPLINGS
from theory_sim.memory import Bytes
from theory_sim.network.layers import BLOCK_V, BLOCK_W, layer_shapes
from theory_sim.train.optimisers import make_optimiser, splits_pairs

__all__ = ["general_bytes", "network_bytes", "points_of_layers"]

_COLUMNS = 1024
# Arrays of a chunk's pre-activations that the general network has at once, in float64.
_CHUNKS = 7
_CHUNK = 256


def points_of_layers(e: Experiment) -> list[tuple[int, int, int]]:
    """Neurons, inputs and points, nearly, of each layer of the general network, at the examples that it holds at once."""
    chosen, k = ACTIVATIONS[e.activation], DATA_LAWS[e.data_law].second_dimension(e)
    skip = chosen.zero_at_zero and not e.biases
    count = e.n_examples + (e.batch_size or 0) * SAMPLINGS[e.sampling].fresh
    first = round((1.0 - e.q0) * count) + 1 if skip and e.has_pq else count
    second = 3 if skip and chosen.homogeneous and e.has_pq else count if k else 0
    points = [first + second] if e.network == "shared" else [first, second]
    return [(m, inputs, n) for (m, inputs), n in zip(layer_shapes(e).values(), points, strict=False)]


def general_bytes(e: Experiment, *, threads: int, item: int) -> Bytes:
    """Weights with their split, slopes at every point, a chunk's arrays, and the copies of the end; of the general network."""
    noise = 0.5 if e.neurons == "paired" and not splits_pairs(e) else 1.0
    of_signal, of_noise = type(make_optimiser(e)).numbers_a_weight(e)
    held, passing, end = 0.0, 0.0, 0.0
    for m, k, n in points_of_layers(e):
        held += item * (m * k * (2 + of_signal + noise * (1 + of_noise)) + m * n * (1 + e.train_second_layer) + k * n)
        passing = max(passing, threads * 8 * _CHUNKS * min(_CHUNK, m) * n + 2 * item * k * n)
        end += 8 * m * k + item * m * k
    return Bytes(held, max(passing, end))


def network_bytes(e: Experiment, *, threads: int, item: int, seen: int) -> Bytes:
    """Weights with their split, patterns, scratch memory, and the copies of the end.

    Parameters
    ----------
    e : Experiment
        Description of the run.
    threads : int
        Threads of the run.
    item : int
        Bytes of a number.
    seen : int
        Examples with a patch x_1.
    """
    shared = e.network == "shared"
    placed = e.noise_placement != "none" or e.patterns != "moving"
    sites = seen + (3 if shared else 0)
    noise = 0.5 if e.neurons == "paired" and not splits_pairs(e) else 1.0
    of_signal, of_noise = type(make_optimiser(e)).numbers_a_weight(e)
    layers = e.m_W * e.d + (0 if shared else 2 * e.m_V)
    blocks = -(-e.m_W // BLOCK_W)
    copies = 1 if e.patterns in ("frozen", "frozen-at-annealing") else 0
    held = item * layers * (3 + of_signal + noise * (1 + of_noise) + copies)
    held += item * e.m_W * sites + (8 if placed else item) * blocks * sites
    # Patches, their transposed copy, and their products with the residuals.
    held += item * e.d * sites * (2 if placed else 3)
    if placed and not shared:
        held += item * e.m_V * (max(3, (1.0 - e.p0_value) * e.n_examples) if e.noise_placement == "pre-activations" else 3)
    held += threads * item * (BLOCK_W * e.d + 2 * BLOCK_V * (not shared))
    tested = 2 * e.n_test
    columns = tested if placed else min(tested, _COLUMNS)
    outputs = item * tested * e.d + blocks * 2 * columns * (8 if placed else item) + threads * 3 * item * BLOCK_W * columns
    direction = 0 if item == 8 else 8 * e.m_W * e.d  # the product of float64 signs with the signal takes it to float64
    noisy = 0
    if placed:
        noisy = item * sites * e.d * 2 + threads * item * max(BLOCK_W * sites * 2, 2 * BLOCK_V * 3)
    # Noise of each neuron, and the largest variable once more while it is written.
    end = item * layers + item * max(e.m_W * e.d, 2 * e.m_V)
    return Bytes(held, max(outputs, direction, noisy, end))
