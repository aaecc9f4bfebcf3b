"""The page of one browser tab: what it asks, and what it is told. What is true of an experiment is computed elsewhere.

A request is JSON in the data source ``asked``, and what is told JSON in ``told``, curves included: Bokeh carries both over its
socket. The page shows it as text alone, never as markup.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from theory_sim.errors import InputError, TheorySimError
from theory_sim.experiment import Experiment
from theory_sim.experiment.section import derived_name
from theory_sim.explore import limit_run
from theory_sim.explore.figures import CurvesFigure, PlaneFigure, curves_legend, plane_legend
from theory_sim.explore.limit_run import Failed, LimitCurves, LimitRun, Progress
from theory_sim.explore.plane import get_extent
from theory_sim.explore.saving import Target, to_toml
from theory_sim.explore.sliders import RANGES, get_sliders
from theory_sim.explore.view import COARSE, Explorer, View
from theory_sim.explore.wording import label_boundaries, say_apart, say_view
from theory_sim.report.colours import PAGE
from theory_sim.report.extra import library
from theory_sim.report.figures import DASHES
from theory_sim.terminal.sweep_tables import duration

__all__ = ["Page"]

_REST_MS: Final = 150
_POLL_MS: Final = 100
_EXACT: Final = "These are the closure's curves to all digits: those of theory-sim run --engine closure."
_COARSE: Final = (f"While a slider moves, on {100 * COARSE:.0f} % of the closure's blocks of time: losses within 0.02 nats of "
                  "the exact ones, which follow.")
_BEFORE: Final = "The curves are those of the parameters before."
_LOST: Final = ("The connection is lost. If the program has ended, theory-sim explore opens another page; if not, load this "
                "one anew.")


class Page:
    """A browser tab.

    Parameters
    ----------
    document : bokeh.document.Document
    start : Experiment
        Where the sliders start; the closure can compute it.
    target : Target or None
        What the button Save writes.
    note : str
        What is said at the top.
    policy : str
        Content security policy, in which ``NONCE`` stands for the page's own.
    """

    def __init__(self, document: Any, start: Experiment, target: Target | None, note: str, policy: str) -> None:
        models = library("bokeh.models", "explore")
        self._document, self._target, self._begun = document, target, start
        self._explorer = Explorer(start)
        self._curves, self._plane = CurvesFigure(), PlaneFigure()
        self._asked = models.ColumnDataSource({"words": [""]}, name="asked")
        self._told = models.ColumnDataSource({"words": [""]}, name="told")
        self._refining: Iterator[View | None] | None = None
        self._moves = 0
        self._unanswered: int | None = None
        self._refusal: InputError | None = None
        self._run: LimitRun | None = None
        self._of_limit: Experiment | None = None
        self._acts: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "begin": lambda request: self._show(), "move": self._move, "download": self._download, "save": self._save,
            "run": self._start, "cancel": self._cancel, "clear": self._clear,
        }
        self._curves.figure.tags = [self._asked, self._told]  # so that they are part of the document
        self._asked.on_change("data", self._hear)
        document.config.notify_connection_status = False  # the page says it itself
        document.add_root(self._curves.figure)
        document.add_root(self._plane.figure)
        document.title = f"theory-sim explore: {start.name}"
        nonce = secrets.token_urlsafe(16)
        document.template = _template()
        document.template_variables.update(self._variables(start, note), nonce=nonce, policy=policy.replace("NONCE", nonce))
        document.on_session_destroyed(lambda context: self.close())
        self._show()

    def close(self) -> None:
        """End what is under way."""
        self._moves += 1
        if self._run is not None:
            self._run.cancel()
            self._run = None

    # -- what the page asks ------------------------------------------------------------------------

    def _hear(self, attribute: str, old: Any, new: Any) -> None:
        request = json.loads(new["words"][0])
        self._unanswered = request["number"]
        try:
            self._acts[request["act"]](request)
        finally:  # or the page would wait for ever
            if self._unanswered is not None:
                self._tell("heard")

    def _move(self, request: Mapping[str, Any]) -> None:
        try:
            self._explorer.move(request["values"])
        except InputError as error:  # the view before stays, and so does its refinement
            self._refusal = error
            self._tell("refused", message=str(error))
            return
        self._moves += 1
        self._refusal = None
        self._show()

    def _experiment(self) -> Experiment:
        """The experiment that the sliders show; InputError if there is none."""
        if self._refusal is not None:
            raise self._refusal
        return self._explorer.view.experiment

    def _named(self) -> Experiment:
        """The same for a file: with a name of its own once a slider has moved, so that its runs have folders of their own."""
        shown = self._experiment()
        return shown if shown == self._begun else shown.replace(name=derived_name(shown.name, "explored"))

    def _download(self, request: Mapping[str, Any]) -> None:
        try:
            experiment = self._named()
            self._tell("file", name=f"{experiment.name}.toml", text=to_toml(experiment))
        except TheorySimError as error:
            self._tell("saved", message=f"Nothing to download: {error}")

    def _save(self, request: Mapping[str, Any]) -> None:
        assert self._target is not None, "without a file there is no button"
        try:
            self._target.save(self._named())
            self._tell("saved", message=f"Saved as {self._target.path}.")
        except TheorySimError as error:
            self._tell("saved", message=f"Not saved: {error}")

    # -- what it is told ---------------------------------------------------------------------------

    def _tell(self, kind: str, **more: Any) -> None:
        """Tell something; the first that is told after a request answers it."""
        answers, self._unanswered = self._unanswered, None
        self._told.data = {"words": [json.dumps({"kind": kind, "answers": answers, **more}, allow_nan=False)]}

    def _show(self) -> None:
        """Show the view, and refine it once the sliders have been at rest."""
        self._draw(self._explorer.view)
        self._refining = self._explorer.refine()
        self._document.add_timeout_callback(partial(self._refine, self._moves), _REST_MS)

    def _draw(self, view: View) -> None:
        drawn = [asdict(self._curves.show(view)), asdict(self._plane.show(view, get_extent(view.experiment, RANGES)))]
        self._tell("view", **say_view(view), drawn=drawn, apart=say_apart(self._of_limit, view.experiment),
                   refused=str(self._refusal or ""))

    def _refine(self, moves: int) -> None:
        """One part of the refinement; the next follows when the socket has been heard, unless a slider has moved."""
        if moves != self._moves or self._refining is None:
            return
        try:
            view = next(self._refining)
        except StopIteration:
            return
        except InputError as error:
            self._refusal = error
            self._tell("refused", message=str(error))
            return
        if view is not None:
            self._draw(view)
        self._document.add_next_tick_callback(partial(self._refine, moves))

    # -- the limit and the mean field ---------------------------------------------------------------------------------

    def _start(self, request: Mapping[str, Any]) -> None:
        if self._run is not None:
            return
        try:
            experiment = self._experiment()
            seconds = limit_run.estimate(experiment, request["engine"], request["options"])
        except TheorySimError as error:
            self._tell_limit(0.0, "", [str(error)])
            return
        self._curves.show_limit(None)
        self._of_limit = None
        self._run = LimitRun(experiment, request["engine"], request["options"])
        self._tell_limit(0.0, f"starting, which takes some seconds; then about {duration(seconds)} on an idle machine")
        self._document.add_timeout_callback(self._poll, _POLL_MS)

    def _poll(self) -> None:
        if self._run is None:
            return
        found = self._run.poll()
        if isinstance(found, Progress):
            self._tell_limit(found.share, f"{100 * found.share:.0f} %, {found.schedule} at tau = {found.tau:.0f}")
        elif found is not None:
            self._end(found)
            return
        self._document.add_timeout_callback(self._poll, _POLL_MS)

    def _end(self, found: LimitCurves | Failed) -> None:
        assert self._run is not None
        experiment, self._run = self._run.experiment, None
        if isinstance(found, Failed):
            self._tell_limit(0.0, "", [found.message])
            return
        self._of_limit = experiment
        self._curves.show_limit(found)
        self._tell_limit(1.0, "done", found.said)

    def _cancel(self, request: Mapping[str, Any]) -> None:
        if self._run is not None:
            self._run.cancel()
            self._run = None
            self._tell_limit(0.0, "cancelled")

    def _clear(self, request: Mapping[str, Any]) -> None:
        self._of_limit = None
        self._curves.show_limit(None)
        self._tell_limit(0.0, "")

    def _tell_limit(self, share: float, text: str, said: list[str] | None = None) -> None:
        self._tell("limit", under_way=self._run is not None, share=share, text=text, said=said or [],
                   drawn=self._of_limit is not None, apart=say_apart(self._of_limit, self._explorer.view.experiment))

    # -- the page itself ---------------------------------------------------------------------------

    def _variables(self, start: Experiment, note: str) -> dict[str, Any]:
        from theory_sim.engines import ENGINES

        sliders = [asdict(each) for each in get_sliders(start)]
        options = [option for option in ENGINES["limit"].options if option.name in limit_run.OPTIONS]
        return {
            "name": start.name, "seed": start.seed, "note": note, "sliders": sliders, "options": options,
            "target": str(self._target.path) if self._target is not None else "",
            "curves_legend": curves_legend(), "plane_legend": plane_legend(label_boundaries(start)),
            "settings": {"sliders": sliders, "exact": _EXACT, "coarse": _COARSE, "before": _BEFORE, "lost": _LOST},
            "style": _style(), "script": _text("explore.js"),
        }


def _text(name: str) -> str:
    return files("theory_sim.explore").joinpath("page", name).read_text(encoding="utf-8")


def _style() -> str:
    colours = "".join(f"--{name}:{colour};" for name, colour in PAGE.items())
    return f":root{{{colours}}}\n{_text('explore.css')}"


@cache
def _template() -> Any:
    jinja2 = library("jinja2", "explore")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    # Of Bokeh's own scripts, whose text comes from Bokeh alone.
    environment.filters["dashes"] = lambda line: DASHES[line].replace("solid", "none")
    environment.filters["noncing"] = lambda scripts, nonce: str(scripts).replace("<script", f'<script nonce="{nonce}"')
    return environment.from_string(_text("explore.html"))
