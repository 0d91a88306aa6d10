"""What outlast remembers: jobs, fold audits, records and findings, all JSON both ways.

Times are int64 nanoseconds in UTC everywhere below the report; durations are seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from outlast.credentials import hidden

Task = Literal["binary", "multiclass", "regression"]
Status = Literal["ok", "failed", "non_finite", "timeout", "oom", "crashed", "skipped", "cancelled"]
Severity = Literal["high", "medium", "low", "info"]
Outcome = Literal["issue", "tip", "passed", "not_applicable", "skipped", "muted"]

# The selection that is made unless another one is asked for; short names leave it out.
USUAL_SELECTION = "cluster"
# Names of the splits in order of likeness to deployment: the first one that was run stands for it.
SPLIT_ORDER = ("expanding_window", "walk_forward", "temporal", "event_aware", "purged_kfold",
               "combinatorial_purged", "leave_one_event_out", "regime", "group", "random")
# The split of the sealed exam: a job trains on all that was known before it.
EXAM = "exam"


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN.

    Raises
    ------
    ValueError
        If the value holds NaN or infinity, which JSON cannot carry.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": (2, 3)})
    '{"a":[2,3],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_hash(value: Any, length: int = 16) -> str:
    """Return the first `length` hex digits of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def source_hash(files: Iterable[Path]) -> str:
    """Return a short hash of some source files: results of other code are never reused."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.parent.name}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class Frozen(BaseModel):
    """Base of all records: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what was derived from the old values is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Strategy(Frozen):
    """A registered strategy by name, with the parameters that differ from its defaults.

    `title` names a strategy for people whose parameters do not.
    """

    name: str
    params: dict[str, Any] = Field(default_factory=dict)
    title: str = ""

    @cached_property
    def label(self) -> str:
        """Name and parameters in one short text, unique among the strategies of a run."""
        if self.title:
            return self.title
        shown = ", ".join(f"{key}={value}" for key, value in sorted(self.params.items()))
        return f"{self.name}({shown})" if shown else self.name


class CutMove(Frozen):
    """A fold boundary that an event pushed: from, to, which event, how many rows shifted."""

    moved_from: int
    moved_to: int
    event: str
    rows: int


class BlockAudit(Frozen):
    """One maximal contiguous test block and how near the train rows come to it.

    `start` is a, `end` is b and `label_end` is E of the two split rules.
    """

    start: int
    end: int
    label_end: int
    last_label_end_before: int | None = None
    first_time_after: int | None = None


class FoldAudit(Frozen):
    """The purge audit of one fold: where every row went, and the proof of no overlap.

    `n_overlap` and `n_shared_times` are counted again from the yielded rows, not taken
    from the rules that made them; a fold of an honest strategy has zero of both.
    """

    n_train: int
    n_test: int
    n_purged: int = 0
    n_gap: int = 0
    n_embargoed: int = 0
    n_outside: int = 0
    n_event_dropped: int = 0
    n_overlap: int = 0
    n_shared_times: int = 0
    train_start: int
    train_end: int
    test_start: int
    test_end: int
    blocks: tuple[BlockAudit, ...] = ()
    moves: tuple[CutMove, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether no train label overlaps a test label and no timestamp is on both sides."""
        return self.n_overlap == 0 and self.n_shared_times == 0


class Job(Frozen):
    """Everything that decides a result; its hash is the job's name in the store."""

    data: str
    features: str
    task: Task
    model: Strategy
    split: Strategy
    fold: int
    search: Strategy
    selection: Strategy
    metric: str
    seed: int
    code: str

    @cached_property
    def id(self) -> str:
        """Content hash: the same work always has the same id, any change gives a new one."""
        return content_hash(self.model_dump(mode="json"))

    @cached_property
    def label(self) -> str:
        """Short human name, such as ``lightgbm · temporal #0 · optuna(n_trials=10)``."""
        chosen = "" if self.selection.label == USUAL_SELECTION else f" · {self.selection.label}"
        return f"{self.model.label} · {self.split.label} #{self.fold} · {self.search.label}{chosen}"

    def in_exam(self) -> Job:
        """Return the job that trains on all before the exam as this one did before a fold."""
        return self.model_copy(update={"split": Strategy(name=EXAM), "fold": 0})

    @cached_property
    def configuration(self) -> tuple[str, str, str, str]:
        """Model, split, search and selection: what the folds of one leaderboard row share."""
        return self.model.label, self.split.label, self.search.label, self.selection.label


class TrialRecord(Frozen):
    """One trial of the search inside a job; `score` is the mean over the inner folds."""

    number: int
    params: dict[str, Any]
    score: float | None
    fold_scores: tuple[float | None, ...] = ()
    n_iterations: int | None = None
    seconds: float = 0.0
    state: Literal["complete", "pruned", "failed"] = "complete"


class Decision(Frozen):
    """Why a feature was kept or dropped: rule code, statistic, threshold, comparator.

    `comparator` names the feature that this one was compared with, `comparator_value` is the
    statistic of that one. `evidence` holds every other number that the sentence shows.
    """

    feature: str
    action: Literal["keep", "drop", "flag", "quarantine", "pin"]
    code: str
    sentence: str
    statistic: str | None = None
    value: float | None = None
    threshold: float | None = None
    comparator: str | None = None
    comparator_value: float | None = None
    evidence: dict[str, float] = Field(default_factory=dict)

    @property
    def removes(self) -> bool:
        """Whether models are not given the feature."""
        return self.action in ("drop", "quarantine")


class Failure(Frozen):
    """What ended a job that did not finish."""

    kind: str
    message: str
    traceback: str = ""


class Record(Frozen):
    """What one job left behind. Its presence in the store means that the job is done.

    `leaks` names what was known to leak when it was trained: the codes of the checks that
    were overruled, or "contrast" for a split that leaks on purpose. Nothing takes it away.
    `shared_with` names the job that was fitted on the very same rows in place of this one;
    `train_scores` are taken on some of the training rows. `selection_seconds` is what the
    selection took in whichever job has made it for all of the fold. `artefacts` holds the
    SHA-256 of the files that the named attempt has made.
    """

    job: Job
    status: Status
    session: str
    started: str
    seconds: dict[str, float] = Field(default_factory=dict)
    failure: Failure | None = None
    audit: FoldAudit | None = None
    scores: dict[str, float | None] = Field(default_factory=dict)
    train_scores: dict[str, float | None] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    n_iterations: int | None = None
    trials: tuple[TrialRecord, ...] = ()
    decisions: tuple[Decision, ...] = ()
    selection_seconds: float = 0.0
    note: str = ""
    leaks: tuple[str, ...] = ()
    shared_with: str = ""
    attempt: str = ""
    artefacts: dict[str, str] = Field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """The primary metric on the test rows of this fold."""
        return self.scores.get(self.job.metric)


class Finding(Frozen):
    """A check's or an insight's answer, with a stable code.

    `sentence` says what was found with number, unit and uncertainty; `action` is what to
    do, in the imperative; `evidence` holds every number the sentence shows. A `blocking`
    one is an exact leak: no run starts over it unless leaks are allowed.
    """

    code: str
    outcome: Outcome
    severity: Severity
    title: str
    sentence: Annotated[str, AfterValidator(hidden)]  # it may quote an error of foreign code
    action: str = ""
    evidence: dict[str, Any] = Field(default_factory=dict)
    anchor: str = ""
    blocking: bool = False
