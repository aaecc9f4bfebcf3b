"""Parts of a run that are put in, in place of what the experiment draws: data, U_0 with the second layer, and xi.

Each is checked when it is put in, and has a digest, by which a run says what it was given and a resumed run knows it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data, draw_data, draw_test_data
from theory_sim.data.checks import require_data
from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SAMPLINGS
from theory_sim.network.arrays import digest_arrays, require_array, require_labels
from theory_sim.network.given_noise import GivenNoise, NoiseSource
from theory_sim.network.layer import neurons_a_row
from theory_sim.network.layers import layer_shapes

__all__ = ["NOTHING", "Given", "contents"]


@dataclass(frozen=True)
class Given:
    """What a run is given; `Given.of` checks it, and copies all but the noise, which may be large (`GivenNoise`).

    Attributes
    ----------
    train, test : Data or None
        Training set and fresh examples.
    initial : mapping
        U_0 and second layers, as for `make_layers`.
    noise : GivenNoise or None
        Noise on the gradient.
    """

    train: Data | None = None
    test: Data | None = None
    initial: Mapping[str, Array] = field(default_factory=dict)
    noise: GivenNoise | None = None

    @classmethod
    def of(
        cls, experiment: Experiment, data: Data | Sequence[Data] | None = None, initial: Mapping[str, Array] | None = None,
        noise: NoiseSource | None = None,
    ) -> Given:
        """Checked parts of a run; arguments as for `theory_sim.simulate`.

        Raises
        ------
        InputError
            If one does not fit the experiment.
        """
        train, test = _given_data(experiment, data)
        if initial is not None:
            _require_initial(experiment, initial)
        if noise is not None and not (callable(noise) or isinstance(noise, Mapping)):
            raise InputError(f"noise = {shown(repr_of(noise))}", "arrays by the layer's label, or a function of the step",
                             "give what theory_sim.draw_noise gives")
        # Copies: what the caller does with the arrays afterwards changes no run, nor what its result holds of them.
        return cls(train and train.copy(), test and test.copy(),
                   {name: np.array(array) for name, array in (initial or {}).items()},
                   None if noise is None else GivenNoise(experiment, noise))

    @property
    def parts(self) -> dict[str, str]:
        """Digest of each part that is given, by its name; of a function of noise the words "a function"."""
        found = {}
        if self.train is not None and self.test is not None:
            sets = {"train": self.train, "test": self.test}
            found["data"] = digest_arrays(
                {f"{name} {key}": value for name, data in sets.items() for key, value in contents(data)}
            )
        if self.initial:
            found["initial"] = digest_arrays(self.initial)
        if self.noise is not None:
            found["noise"] = self.noise.digest
        return found

    def data(self, experiment: Experiment) -> tuple[Data, Data]:
        """Training set and fresh examples of a run: as given, or drawn."""
        if self.train is not None and self.test is not None:
            return self.train, self.test
        return draw_data(experiment), draw_test_data(experiment)

    def attributes(self) -> dict[str, Any]:
        """What a result says of the parts: nothing if there are none."""
        parts = self.parts
        if self.noise is not None:
            parts["noise"] = self.noise.used
        return {"given": json.dumps(parts)} if parts else {}


NOTHING: Final = Given()


def contents(data: Data) -> Iterator[tuple[str, Any]]:
    """Everything that examples hold, by name."""
    yield from ((key, value) for key, value in vars(data).items() if key != "pq")
    if data.pq is not None:
        yield from vars(data.pq).items()


def _given_data(experiment: Experiment, data: Data | Sequence[Data] | None) -> tuple[Data | None, Data | None]:
    if data is None:
        return None, None
    if SAMPLINGS[experiment.sampling].fresh:
        raise InputError(f"data with sampling = {experiment.sampling!r}", "each step draws its examples from the experiment's "
                         "own law", "leave data out, or set sampling = 'epochs', which passes over what is given",
                         fields=("sampling",))
    if isinstance(data, Data):
        require_data("data", data, experiment, experiment.n_examples)
        if data.pq is None:
            raise InputError("data of a training set alone", "fresh examples follow the training set's law, which is not known",
                             "give data = (train, test)")
        drawn = draw_test_data(experiment)
        if not np.array_equal(drawn.w_star, data.w_star):
            raise InputError("data of another w* than the experiment's, without fresh examples",
                             "fresh examples follow the training set's law", "give data = (train, test)")
        return data, drawn
    if not (isinstance(data, Sequence) and len(data) == 2 and all(isinstance(each, Data) for each in data)):
        raise InputError(f"data = {shown(repr_of(data))}", "Data, or a pair of Data: training set and fresh examples",
                         "give what theory_sim.draw_data gives")
    train, test = data
    require_data("data[0]", train, experiment, experiment.n_examples)
    require_data("data[1]", test, experiment, None)
    if train.kinds != test.kinds:
        raise InputError(f"kinds {train.kinds} and {test.kinds}", "the same kinds in training set and fresh examples",
                         "name them alike")
    if train.pq is not None and test.pq is not None and not np.array_equal(train.w_star, test.w_star):
        raise InputError("data[0] and data[1] with different w*", "one w* for both", "draw both from one law")
    return train, test


def _require_initial(experiment: Experiment, initial: Mapping[str, Array]) -> None:
    e, shapes, dtype = experiment, layer_shapes(experiment), np.dtype(experiment.dtype)
    known = [name for label in shapes for name in (label, label.lower())]
    require_labels("initial", initial, known, every=False)
    for label, (m, k) in shapes.items():
        if label in initial:
            name, array = f"initial[{label!r}]", initial[label]
            require_array(name, array, (m, k), dtype)
            if neurons_a_row(e.neurons) == 2 and not np.array_equal(array[0::2], array[1::2]):
                raise InputError(f"{name} with unequal rows 2j and 2j + 1", "paired neurons share U_0 (THEORY §2)",
                                 "repeat each pair's row, or use neurons = 'independent'", fields=("neurons",))
        if label.lower() in initial:
            name, u = f"initial[{label.lower()!r}]", initial[label.lower()]
            require_array(name, u, (m,), dtype)
            if not np.array_equal(np.abs(u), np.full(m, 1.0 / np.sqrt(m)).astype(dtype)):
                raise InputError(f"{name} with other entries", f"+-1/sqrt({m}) in {dtype.name} (THEORY §2)",
                                 "give signs over the root of the width")
            if e.in_twos and not np.array_equal(np.sign(u), np.resize([1.0, -1.0], m)):
                raise InputError(f"{name} whose signs do not alternate",
                                 f"{e.neurons} neurons 2j and 2j + 1 have the signs + and - (THEORY §2)",
                                 "alternate them, or use neurons = 'independent'", fields=("neurons",))
