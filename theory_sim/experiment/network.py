"""Section: the two-layer network (THEORY §2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.data import DataSection

__all__ = ["NetworkSection"]


class NetworkSection(DataSection):
    """Widths, the law of the second layer, and the precision."""

    m_W: int = Field(1000, strict=True, ge=1, description="neurons that see x_1 (two a pair when paired)")
    m_V: int = Field(100_000, strict=True, ge=1, description="neurons that see x_2 (two a pair when paired)")
    neurons: Literal["paired", "independent", "balanced"] = Field("paired", description="law of the second layer")
    network: Literal["split", "shared"] = Field("split", description="own filters for each patch, or one filter bank for both")
    overlap_z: float = Field(0.0, ge=-1, le=1, description="shared network: inner product <w*, z>; zeta is orthogonal to both")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of weights and products")

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.network == "split" and self.overlap_z != 0:
            yield Fault(f"overlap_z = {self.overlap_z:g} with network = 'split'",
                        "only the shared network's filters see both w* and z (THEORY §2)",
                        "set network = 'shared' or leave it out", ("overlap_z", "network"))
        if self.network == "shared" and self.d < 3:
            yield Fault(f"d = {self.d} with network = 'shared'", "w*, z and zeta need three dimensions", "make d at least 3",
                        ("d", "network"))
        if self.neurons != "independent":
            for field in ("m_W", "m_V"):
                if getattr(self, field) % 2:
                    yield Fault(f"{field} = {getattr(self, field)} with neurons = {self.neurons!r}",
                                "paired and balanced neurons come in twos", f"make {field} even", (field, "neurons"))
