"""The probe: three lines in a training loop of the user's (THEORY §15)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import torch

from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment.record_times import Recording
from theory_sim.experiment.recorded import RecordedRun
from theory_sim.probe.dataset import make_trajectory
from theory_sim.probe.decomposition import SplitRecorder
from theory_sim.probe.groups import Groups, logistic_loss
from theory_sim.probe.kernels import KernelRecorder
from theory_sim.probe.learning import Learning
from theory_sim.probe.patterns import PatternRecorder
from theory_sim.probe.pre_activations import PreActivationRecorder
from theory_sim.probe.records import RUN, Table, read_recordings
from theory_sim.probe.reference import Estimate, Reference, batches_of, squared_norm
from theory_sim.probe.rules.base import Rule
from theory_sim.probe.rules.of_optimiser import get_rule
from theory_sim.probe.sharpness import SharpnessRecorder, stable_sharpness
from theory_sim.probe.split import NotFinite, Split
from theory_sim.probe.state import VERSION, require_state, to_tensors
from theory_sim.probe.tracked import Tracked, in_full
from theory_sim.probe.watcher import Moment, Settings, Watcher
from theory_sim.reading.arguments import require_kind
from theory_sim.trajectory import Trajectory

__all__ = ["Probe"]

_WATCHERS: Final[tuple[type[Watcher], ...]] = (PatternRecorder, PreActivationRecorder, KernelRecorder, SharpnessRecorder)
_REFRESH: Final = 100
# First step's gradient over that of the reference, along it, from which on a user is warned; of a sum over a batch it is B.
_LARGE_RATIO: Final = 4.0


class Probe:
    """Records signal and noise, learning order, patterns and kernels of a network in a training loop, and changes nothing.

    Make it before the first step, call `step` after each ``optimizer.step()`` (before ``zero_grad`` and before the scheduler),
    and ask for `trajectory` at the end. With it and without it training is bitwise the same.

    Parameters
    ----------
    model : torch.nn.Module
        The network, in its final form and place; of a wrapper for compiling or for many devices the network inside is followed.
    optimizer : torch.optim.Optimizer
        SGD (momentum, Nesterov's, weight decay), Adam, AdamW or RMSprop; any other with ``rule``.
    groups : mapping
        Inputs and targets, ``(x, y)``, by the name of a group of examples, the first dimension being that of the examples.
        Inputs may be a tuple, or a mapping by the names of the model's arguments.
    loss : callable, optional
        Outputs and targets to the mean loss, the one that training minimises without weight decay. By default the logistic
        loss, cross-entropy with several outputs. Levels of `theory_sim.learning_order` are in its unit.
    reference : pair or iterable, optional
        Examples whose mean loss stands for the whole: the tuple ``(x, y)``, or a list or other iterable of such batches that
        can be iterated anew, such as a DataLoader, but not one with persistent workers. By default the examples of all groups.
    complete : bool
        Whether the reference is the whole training set; the gradient then has no sampling error.
    refresh : int
        Steps for which a gradient of the reference stands; 1: it is computed for each. Between two, what changes of it counts
        as noise.
    record : int or mapping, optional
        Steps between two records, by default 100; or what to record, with times as for `theory_sim.Recording`: "run" (losses
        and the split), "patterns", "pre_activations", "kernels", "sharpness". By default the first three.
    batch : int
        Most examples at a time, of reference and groups; batch norm in training sees so many of the reference.
    memory : int, optional
        Bytes that kernels may hold; by default a quarter of what is available.
    activations : sequence of str, optional
        Modules whose patterns are recorded, by default all that are like ReLU; "F.relu" is the function, called in the model's
        own forward, "block.F.relu" that called in its part "block".
    rule : Rule, optional
        Rule of an optimiser that is not known by its name.
    name : str
        Name of the run in tables and files.
    seed : int
        Of the loop, for tables; random layers in the probe's own passes draw from it.

    Raises
    ------
    InputError
        If an argument does not fit the model, a loss is no number, the loss adds up over examples, or memory lacks.

    Notes
    -----
    THEORY §15: the optimiser's rule applied to what the batch adds to the gradient of the whole loss, started at U_0, is the
    accumulated noise; applied to that gradient, from 0, it is the signal. Forward hooks of the model run in the probe's passes
    as well.

    Examples
    --------
    >>> import torch
    >>> from theory_sim.probe import Probe
    >>> torch.set_num_threads(1); _ = torch.manual_seed(0)
    >>> x, y = torch.randn(64, 8), torch.randint(0, 2, (64,))
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> probe = Probe(model, optimizer, {"all": (x, y)}, complete=True, refresh=1, record=5)
    >>> for batch in torch.arange(64).split(16):
    ...     optimizer.zero_grad()
    ...     torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    ...     optimizer.step()
    ...     probe.step()
    >>> probe.trajectory().dataset["step"].values
    array([0, 4])
    """

    def __init__(
        self, model: Any, optimizer: Any, groups: Mapping[str, tuple[Any, Any]], *,
        loss: Callable[[Any, Any], Any] | None = None, reference: Any = None, complete: bool = False, refresh: int = _REFRESH,
        record: int | Mapping[str, Recording | Mapping[str, Any]] | None = None, batch: int = 64, memory: int | None = None,
        activations: Sequence[str] | None = None, rule: Rule | None = None, name: str = "probe", seed: int = 0,
    ) -> None:
        for label, value in (("refresh", refresh), ("batch", batch)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{label} = {shown(repr_of(value))}", "a whole number from 1", "such as 100")
        require_kind("complete", complete, "True or False")
        require_kind("name", name, "a text")
        for label, value in (("seed", seed), ("memory", 0 if memory is None else memory)):
            require_kind(label, value, "a whole number")
        if activations is not None and (isinstance(activations, str) or not isinstance(activations, Sequence) or not activations
                                        or not all(isinstance(each, str) for each in activations)):
            raise InputError(f"activations = {shown(repr_of(activations))}", "a list of names of modules, at least one",
                             'such as activations=["relu"]; leave patterns out of record to record none')
        if rule is not None and not isinstance(rule, Rule):
            raise InputError(f"rule = {shown(repr_of(rule))}", "an object of a subclass of theory_sim.probe.Rule",
                             "such as rule=SGDRule(decoupled=True)")
        if loss is not None and not callable(loss):
            raise InputError(f"loss = {shown(repr_of(loss))}", "a function of outputs and targets",
                             "such as loss=torch.nn.functional.cross_entropy")
        self._experiment = RecordedRun(name=name, seed=seed)
        recordings = read_recordings(record, _WATCHERS)
        self._tracked = Tracked.of(model, optimizer)
        self._rule = rule or get_rule(self._tracked.optimizer)
        self._loss = loss or logistic_loss
        self._groups = Groups.of(groups, self._loss, batch, self._tracked.parameters[0].device)
        self._groups.require_mean(self._tracked.model, seed)
        self._reference = Reference(self._tracked, self._loss, _batches(reference, self._groups, batch), complete=complete)
        self._refresh = refresh
        self._step, self._tau, self._annealed_tau = 0, 0.0, math.nan
        self._rates: list[float] = []
        self._stable: list[float] = []
        self._diverged = False
        self._estimate = self._reference.estimate(self._seed())
        self._split = Split(self._tracked, self._rule)
        self._tables = self._make_tables(recordings, activations, memory)
        self._record(before=-math.inf, end=False)

    def _make_tables(self, recordings: Mapping[str, Recording], activations: Sequence[str] | None, memory: int | None
                     ) -> list[Table]:
        """Those who record, each with the times of the run or with its own."""
        first: list[Watcher] = [Learning(), SplitRecorder(self._split)]
        others = []
        for kind in _WATCHERS:
            if kind.name in recordings:
                recording = recordings[kind.name]
                watcher = kind.of(self._moment(), Settings(recording.probes, activations, memory))
                if recording.own_times:
                    others.append(Table(kind.name, recording, [watcher]))
                else:
                    first.append(watcher)
        return [Table("", recordings[RUN], first), *others]

    def _seed(self) -> int:
        """For random layers in the passes of this step."""
        return (self._experiment.seed * 1_000_003 + self._step) % 2**63

    def _moment(self) -> Moment:
        return Moment(self._step, self._tau, self._tracked, self._split, self._groups, self._reference, self._estimate,
                      self._seed())

    def step(self) -> None:
        """Follow the step that the optimiser has just taken.

        Once parameters or gradients are no longer numbers, training has diverged, and nothing more is recorded.

        Raises
        ------
        InputError
            If it took none, gradients are gone, or the parameters are not what its rule makes of them.
        """
        if self._diverged or self._tracked.step_was_skipped():
            return
        self._split.require_step()
        rate = float(self._tracked.optimizer.param_groups[0]["lr"])
        if self._rates and rate < self._rates[-1] and math.isnan(self._annealed_tau):
            self._anneal()
        try:
            self._split.advance(self._estimate.gradients)
        except NotFinite:
            self._diverged = True
            return
        if self._step == 0:
            self._warn_of_scale()
        before = self._tau
        self._step, self._tau = self._step + 1, self._tau + rate
        self._rates.append(rate)
        self._stable.append(self._stable_sharpness())
        if self._step % self._refresh == 0:
            self._estimate = self._reference.estimate(self._seed())
        self._record(before, end=False)

    def _stable_sharpness(self) -> float:
        return stable_sharpness(self._rule, self._tracked.optimizer.param_groups[0])

    def _warn_of_scale(self) -> None:
        """A loop that adds up its loss has gradients B times as large as the mean's, and all but 1/B of them would be noise."""
        full = [each for each, parameter in zip(self._estimate.gradients, self._tracked.parameters, strict=True)
                if parameter.grad is not None]
        used = [in_full(parameter.grad.detach()) for parameter in self._tracked.parameters if parameter.grad is not None]
        size = squared_norm(full)
        along = math.fsum(float((a * b).sum()) for a, b in zip(used, full, strict=True)) / size if size > 0 else 1.0
        if along > _LARGE_RATIO:
            warnings.warn(f"the first step's gradient is {along:.3g} times that of the reference, along it: does the loop add "
                          "up the loss over examples, or gradients over batches? Then most of it counts as noise. Take the "
                          "mean, or give a reference like the training set", stacklevel=3)

    def _anneal(self) -> None:
        """Note the state before the first step of a lower rate: parameters have moved since, and the split has not."""
        self._annealed_tau = self._tau
        moment = replace(self._moment(), replaced=self._split.sums())
        for table in self._tables:
            for watcher in table.watchers:
                watcher.annealed(moment)

    def _record(self, before: float, *, end: bool) -> None:
        for table in self._tables:
            if table.recording.due(self._step, self._tau, before) or (end and table is self._tables[0]):
                self._tracked.require_same()
                table.record(self._moment())

    @property
    def diverged(self) -> bool:
        """Whether parameters or gradients have stopped being numbers; nothing is recorded from then on."""
        return self._diverged

    def state_dict(self) -> dict[str, Any]:
        """All that was recorded, and all that later records need, for a checkpoint of the training loop.

        Returns
        -------
        dict
            Tensors, numbers and texts, which ``torch.load(..., weights_only=True)`` reads.
        """
        estimate = self._estimate
        found: dict[str, Any] = to_tensors({
            "version": VERSION, **self._shape(), "step": self._step, "tau": self._tau, "annealed_tau": self._annealed_tau,
            "diverged": self._diverged, "rates": self._rates, "stable": self._stable,
            "estimate": [list(estimate.gradients), estimate.loss, estimate.error], "split": self._split.state(),
            "tables": [table.state() for table in self._tables]})
        return found

    def _shape(self) -> dict[str, Any]:
        """By which a state is known to fit."""
        return {"parameters": [[name, list(each.shape)] for name, each in
                               zip(self._tracked.names, self._tracked.parameters, strict=True)],
                "groups": self._groups.counts(),
                "settings": {"refresh": self._refresh, "seed": self._experiment.seed},
                "records": [[type(watcher).__name__ for watcher in table.watchers] for table in self._tables]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint, to the bitwise same records.

        Make model, optimiser and probe as at the start of the run, then load the states of model and optimiser, then this one.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.

        Raises
        ------
        InputError
            If it is the state of a probe of other parameters, groups or records, or of another refresh or seed.
        """
        found = require_state(state, self._shape())
        self._step, self._tau, self._annealed_tau = found["step"], found["tau"], found["annealed_tau"]
        self._rates, self._stable = list(found["rates"]), list(found["stable"])
        self._estimate = Estimate(*found["estimate"])
        self._diverged = bool(found["diverged"])
        self._split.restore(found["split"])
        for table, kept in zip(self._tables, found["tables"], strict=True):
            table.restore(kept)

    @property
    def bytes_held(self) -> float:
        """Memory that it holds beside the groups' examples: the split, a gradient, and what those who record keep."""
        gradient = float(sum(each.numel() * each.element_size() for each in self._estimate.gradients))
        recorders = sum(watcher.bytes_held for table in self._tables for watcher in table.watchers)
        return gradient + self._split.bytes_held + recorders

    def trajectory(self, noted: Mapping[str, str | int | float | bool] | None = None) -> Trajectory:
        """What was recorded so far, with a record of the present; training may continue.

        Parameters
        ----------
        noted : mapping, optional
            Texts and numbers that are stored with it, such as constants of the loop; ``run.experiment.recorded`` has them.

        Returns
        -------
        Trajectory
            As runs of `theory_sim.simulate` have it: ``kind`` are the groups, ``layer`` the trained parameters. Its outcome is
            "diverged" if parameters or gradients stopped being numbers, else "budget_spent".

        Raises
        ------
        InputError
            If `step` was never called.
        """
        if not self._step and not self._diverged:
            raise InputError("a probe without a step", "probe.step() after each optimizer.step()", "call it in the loop")
        if not self._diverged:
            self._record(self._tau, end=True)
        known: dict[str, str | int | float | bool] = {
            **(noted or {}),
            "model": type(self._tracked.model).__name__, "optimiser": type(self._tracked.optimizer).__name__,
            "parameters": int(self._split.sizes.sum()), "reference": "the whole training set" if self._reference.complete
            else "a sample", "refresh": self._refresh, "torch": str(torch.__version__),
        }
        experiment = RecordedRun(name=self._experiment.name, seed=self._experiment.seed, recorded=known)
        message = f"{self._step} steps recorded by theory_sim.probe in a training loop"
        if self._diverged:
            message += "; in the next one parameters or gradients, of the loop or of the reference, were no longer numbers"
        of_steps = {"rate": self._rates or [float(self._tracked.optimizer.param_groups[0]["lr"])],
                    "stable_sharpness": self._stable or [self._stable_sharpness()]}
        return make_trajectory(experiment, self._tables, self._groups.counts(), self._tracked.names, of_steps, {
            "outcome": "diverged" if self._diverged else "budget_spent", "message": message,
            "annealed_tau": self._annealed_tau, "final_step": self._step, "final_tau": self._tau,
        })


def _batches(reference: Any, groups: Groups, batch: int) -> Iterable[tuple[Any, Any]]:
    """Reference examples in batches."""
    if reference is None:
        return groups.batches()
    if isinstance(reference, tuple) and len(reference) == 2:
        return batches_of(*reference, batch)
    if getattr(reference, "persistent_workers", False):
        raise InputError("reference, a DataLoader with persistent workers", "one that can be iterated while the training loop "
                         "iterates it", "give persistent_workers=False, or a DataLoader of its own")
    if not hasattr(reference, "__iter__") or hasattr(reference, "__next__"):
        raise InputError(f"reference = {shown(repr_of(reference))}", "(inputs, targets), or an iterable of such batches that "
                         "can be iterated anew", "give a list or a DataLoader, not a generator")
    found: Iterable[tuple[Any, Any]] = reference
    return found
