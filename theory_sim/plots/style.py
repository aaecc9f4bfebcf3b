"""What all figures share: 80 mm wide, readable at that size, colours that the colour-blind can tell apart."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.errors import InputError, StoreError
from theory_sim.experiment.recorded import RecordedRun
from theory_sim.storage.folders import make_folder
from theory_sim.storage.writing import write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from theory_sim.trajectory import Trajectory

__all__ = ["COLOURS", "FORMATS", "WIDTH", "apart", "by_schedule", "from_zero", "legend_above", "logarithmic_axis",
           "loss_unit", "mark_single_points", "new_figure", "number_ticks", "require_observed", "require_own_figure",
           "save_figure", "shorten", "style", "times_from_zero"]

WIDTH: Final = 80 / 25.4
"""Width of a figure in inches: 80 mm, one column of a paper."""

FORMATS: Final = ("png", "svg", "pdf")
_CREATOR: Final = "theory_sim.plots"  # in the metadata of each file
# Okabe and Ito (2008), Color Universal Design.
COLOURS: Final = {"P": "#0072B2", "Q": "#D55E00", "signal": "#009E73", "noise": "#444444"}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib settings for one figure; the caller's are left alone."""
    import matplotlib

    settings: Any = {
        "font.size": 7.5, "axes.titlesize": 7.5, "axes.labelsize": 7.5, "legend.fontsize": 7, "xtick.labelsize": 7,
        "ytick.labelsize": 7, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.3,
        "legend.frameon": False, "figure.dpi": 100, "savefig.dpi": 300, "svg.hashsalt": "theory_sim",
        "pdf.fonttype": 42,
    }
    with matplotlib.rc_context():
        # A matplotlibrc, which Matplotlib takes from the current folder too, decides neither what a figure looks like nor,
        # with TeX, what is run for its labels.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


@contextmanager
def new_figure(height: float) -> Iterator[Figure]:
    """A figure as wide as all are, of a height in inches, to be drawn within the `style` of all."""
    from matplotlib.figure import Figure

    with style():
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def by_schedule(trajectories: Sequence[Trajectory]) -> dict[str, list[Trajectory]]:
    """Trajectories grouped by schedule, in order of first appearance.

    Raises
    ------
    InputError
        If there is none.
    """
    if not trajectories:
        raise InputError("no runs to plot", "at least one Trajectory", "give the folder of a saved run")
    groups: dict[str, list[Trajectory]] = {}
    for trajectory in trajectories:
        groups.setdefault(trajectory.experiment.schedule, []).append(trajectory)
    return groups


def from_zero(ax: Axes) -> None:
    """Let the vertical axis begin at 0 and end at a tick, at least a twentieth above the largest value drawn.

    The top that an axis has by itself lies above its data by a share of their range, which may be far less than a marker, and
    has no number.
    """
    from matplotlib.ticker import MaxNLocator

    top = ax.dataLim.y1
    locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    ax.yaxis.set_major_locator(locator)
    ax.set_ylim(0.0, locator.tick_values(0.0, 1.05 * top if top > 0.0 else 1.0)[-1])


def times_from_zero(ax: Axes, runs: Sequence[Trajectory]) -> None:
    """Let the horizontal axis span the longest of the runs; one that ended at its start gets an axis of length 1."""
    ax.set_xlim(0.0, max(float(run.dataset["tau"][-1]) for run in runs) or 1.0)


def loss_unit(run: Trajectory) -> str:
    """Unit of a run's losses, in brackets, as an axis label ends; nothing where they have none."""
    return " (nats)" if run.dataset["loss_train"].attrs["units"] == "nat" else ""


def mark_single_points(figure: Figure) -> None:
    """Give a dot to each line that has one point only, as of a run with one record: a line through it is not seen."""
    for line in (line for ax in figure.axes for line in ax.lines):
        if np.isfinite(np.asarray(line.get_ydata(), dtype=float)).sum() == 1 and line.get_marker() == "None":
            line.set(marker="o", markersize=3.0, clip_on=False)


def number_ticks(axis: Axis, low: float, high: float) -> None:
    """Ticks of a logarithmic axis; of a short one powers of ten alone would leave too few labels."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def shorten(text: str, longest: int) -> str:
    """The text, its middle replaced by an ellipsis where it is longer; one with a formula is left as it is."""
    if len(text) <= longest or "$" in text:
        return text
    kept = longest - 1
    return f"{text[:kept - kept // 2]}\N{HORIZONTAL ELLIPSIS}{text[-(kept // 2):]}"


def legend_above(ax: Axes) -> None:
    """Legend of one of several panels, above it, where it hides nothing."""
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, handlelength=1.5, columnspacing=1.0, borderaxespad=0.2)


def logarithmic_axis(ax: Axes) -> None:
    """Make the vertical axis logarithmic, once all is drawn; with fewer than two powers of ten, each tick has a number.

    One of which nothing drawn is above 0 stays as it is: such an axis has no ticks that could be drawn.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter

    if not any(bool(np.any(np.asarray(line.get_ydata()) > 0.0)) for line in ax.lines):
        return
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if math.floor(math.log10(high)) - math.ceil(math.log10(low)) < 1:  # of Matplotlib's own ticks some would have no number
        ax.yaxis.set_major_locator(FixedLocator(apart(MaxNLocator(4).tick_values(low, high), low, high)))
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_locator(NullLocator())


def apart(ticks: Sequence[float], low: float, high: float) -> list[float]:
    """Of growing ticks those on a logarithmic axis, from the lowest, whose numbers have an eighth of it for themselves."""
    kept: list[float] = []
    least = (high / low) ** (1 / 8)
    for tick in ticks:
        if low <= tick <= high and (not kept or tick >= kept[-1] * least):
            kept.append(float(tick))
    return kept


def require_observed(run: Trajectory, variable: str, observer: str) -> None:
    """Raise InputError unless a run has a variable, with how to record it: simulated, or in a training loop."""
    if variable in run.dataset:
        return
    what = f"{run.experiment.run_name} has no {observer}"
    if isinstance(run.experiment, RecordedRun):
        of_arms = ", or give kernel_probes in a file of arms" if variable.startswith("kernel") else ""
        raise InputError(what, f"a run whose probe recorded {observer}",
                         f'add "{observer}" to the probe\'s record, such as record={{"{observer}": {{}}}}{of_arms}')
    raise InputError(what, f"a run with observe = {{{observer} = {{...}}}}", f"run it with --observe {observer}")


def save_figure(figure: Figure, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """Write a figure; the suffix (.png, .svg, .pdf) selects the format, and a file in the way is not replaced.

    Raises
    ------
    InputError
        If the suffix is none of these.
    StoreError
        If the file exists and ``force`` is not set.
    """
    target = Path(path)
    if target.suffix[1:] not in FORMATS:
        raise InputError(f"figure file {target}", f"a name ending in one of .{', .'.join(FORMATS)}", "change the suffix")
    if os.path.lexists(target) and not force:
        raise StoreError(f"{target} exists", "figures are never overwritten unasked", "choose another name or --force")
    try:
        make_folder(target.parent)
    except OSError as error:
        raise StoreError(f"{target.parent}: {error.strerror}", "a folder that can be made", "choose another folder") from error
    metadata = {"Creator": _CREATOR} | ({"Date": None} if target.suffix == ".svg" else {})
    drawn = io.BytesIO()
    with style():
        figure.savefig(drawn, format=target.suffix[1:], metadata=metadata)
    write_file(target, lambda file: file.write(drawn.getvalue()))
    return target


def require_own_figure(path: Path) -> None:
    """Raise StoreError if something has a figure's name that `save_figure` did not write: it is not replaced unasked."""
    if not os.path.lexists(path):
        return
    try:
        own = path.is_file() and not path.is_symlink() and _CREATOR.encode() in path.read_bytes()
    except OSError:
        own = False
    if not own:
        raise StoreError(f"{path} exists and is not a figure of this program's", "only its own figures are replaced unasked",
                         "move it elsewhere, or choose another folder")
