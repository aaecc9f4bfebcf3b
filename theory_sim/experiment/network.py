"""Section: the two-layer network (THEORY §2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.choices import ACTIVATIONS, DATA_LAWS, OneOf
from theory_sim.experiment.data import DataSection
from theory_sim.theory.arc_cosine import KernelConstants, kernel_constants

__all__ = ["NetworkSection", "NeuronLaw"]

NeuronLaw = Literal["paired", "independent", "balanced"]


class NetworkSection(DataSection):
    """Widths, the law of the second layer, and the precision."""

    m_W: int = Field(1000, strict=True, ge=1, description="neurons that see x_1 (two a pair when paired)")
    m_V: int = Field(100_000, strict=True, ge=1, description="neurons that see x_2 (two a pair when paired)")
    neurons: NeuronLaw = Field("paired", description="law of the second layer")
    network: Literal["split", "shared"] = Field("split", description="own filters for each patch, or one filter bank for both")
    overlap_z: float = Field(0.0, ge=-1, le=1, description="shared network: inner product <w*, z>; zeta is orthogonal to both")
    activation: Annotated[str, OneOf(ACTIVATIONS)] = Field(
        "relu", description="activation of the neurons", json_schema_extra={"since": "0.3"}
    )
    biases: bool = Field(
        False, strict=True, description="each neuron has a bias, the weight of a constant input 1",
        json_schema_extra={"since": "0.3", "rule": "true or false"},
    )
    train_second_layer: bool = Field(
        False, strict=True, description="the second layer moves too, at the same rate and decay, without noise",
        json_schema_extra={"since": "0.3", "rule": "true or false"},
    )
    output_scale: float = Field(
        1.0, ge=1e-6, le=1e6, description="the output is multiplied by this: large is lazy, small learns features",
        json_schema_extra={"since": "0.3"},
    )
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of weights and products")

    @property
    def shared_filters(self) -> bool:
        """Whether one filter bank sees both patches; if not, each patch has filters of its own."""
        return self.network == "shared"

    @property
    def paired(self) -> bool:
        """Whether neurons come in pairs that start alike, with opposite second layers, and share xi."""
        return self.neurons == "paired"

    @property
    def in_twos(self) -> bool:
        """Whether every other neuron has the opposite second layer."""
        return self.neurons != "independent"

    @property
    def single_precision(self) -> bool:
        """Whether weights and products are float32."""
        return self.dtype == "float32"

    @property
    def smaller_dtype(self) -> str | None:
        """Precision of half the memory; None if there is none."""
        return None if self.single_precision else "float32"

    @property
    def of_theory(self) -> bool:
        """Whether the network is that of THEORY §2: ReLU, no biases, the second layer fixed, outputs not scaled."""
        chosen = ACTIVATIONS[self.activation]
        return chosen.fast_networks and not self.beyond_theory()

    @property
    def kernel_constants(self) -> KernelConstants | None:
        """Constants of the two-time kernel of an activation of two straight lines; None of any other."""
        slopes = ACTIVATIONS[self.activation].slopes(self)
        return None if slopes is None else kernel_constants(*slopes)

    def beyond_theory(self) -> list[str]:
        """Fields, the activation apart, in which the network is not that of THEORY §2."""
        return [field for field in ("biases", "train_second_layer", "output_scale")
                if getattr(self, field) != type(self).model_fields[field].default]

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if not self.shared_filters and self.overlap_z != 0:
            yield Fault(f"overlap_z = {self.overlap_z:g} with network = 'split'",
                        "only the shared network's filters see both w* and z (THEORY §2)",
                        "set network = 'shared' or leave it out", ("overlap_z", "network"))
        k = DATA_LAWS[self.data_law].second_dimension(self)
        if self.shared_filters and not self.has_pq and k not in (0, self.d):
            yield Fault(f"second patches in {k} dimensions with network = 'shared'",
                        f"one filter bank sees both patches, x_1 in d = {self.d}", "set network = 'split'",
                        ("network", "data_law", "d", *DATA_LAWS[self.data_law].fields))
        if self.shared_filters and self.has_pq and self.d < 3:
            yield Fault(f"d = {self.d} with network = 'shared'", "w*, z and zeta need three dimensions", "make d at least 3",
                        ("d", "network"))
        if self.in_twos:
            for field in ("m_W", "m_V"):
                if getattr(self, field) % 2:
                    yield Fault(f"{field} = {getattr(self, field)} with neurons = {self.neurons!r}",
                                "paired and balanced neurons come in twos", f"make {field} even", (field, "neurons"))
