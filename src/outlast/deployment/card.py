"""The model card: what a saved model is for, what it has learned from, what to expect of it."""

from __future__ import annotations

from collections.abc import Iterator

from outlast.data.times import format_ns
from outlast.deployment.manifest import Manifest, Told
from outlast.judge.board import Interval
from outlast.report.formatting import code, interval, number, plural, prose, share

_WORST = 5


def model_card(manifest: Manifest) -> str:
    """Return the card of a model in Markdown.

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    str
        After M. Mitchell et al., "Model cards for model reporting" (FAT* 2019), as far as a
        program can know what they ask for.
    """
    parts = (_purpose, _training, _expectation, _weaknesses, _features, _caveats, _upkeep, _again)
    lines = [line for part in parts for line in part(manifest)]
    return "\n".join(lines) + "\n"


def _purpose(manifest: Manifest) -> Iterator[str]:
    roles, target = manifest.roles, code(manifest.roles.target)
    yield f"# {prose(manifest.roles.target)} on {prose(manifest.learned.table)}"
    yield ""
    what = {"binary": f"the probability that {target} is {code(roles.labels[-1])}"
            if roles.labels else "", "multiclass": f"the probability of each class of {target} "
            f"({', '.join(code(label) for label in roles.labels)})",
            "regression": f"the value of {target}"}[manifest.task]
    about = f" of each {code(roles.entity)}" if roles.entity else ""
    ahead = roles.horizon if isinstance(roles.horizon, str) else plural(roles.horizon, "row")
    known = (f"which is known at {code(roles.label_end)}" if roles.label_end
             else f"{prose(ahead)} ahead")
    yield (f"Predicts {what}{about}, {known}, at the time in {code(roles.time)}. Configuration: "
           f"**{prose(manifest.configuration)}**.")
    yield ""


def _training(manifest: Manifest) -> Iterator[str]:
    learned = manifest.learned
    yield "## What it has learned from"
    yield ""
    entities = f" about {len(learned.entities):,} of {code(manifest.roles.entity)}" \
        if manifest.roles.entity else ""
    yield (f"- {learned.n_rows:,} rows{entities}, {format_ns(learned.first)} to "
           f"{format_ns(learned.last)} ({learned.n_times:,} times)")
    if learned.class_shares:
        yield "- " + ", ".join(f"{share(part)} {code(label)}"
                               for label, part in learned.class_shares.items())
    if learned.exam:
        yield f"- The sealed exam: {learned.exam}."
    yield f"- Content of the table: {code(learned.fingerprint)}"
    yield ""


def _expectation(manifest: Manifest) -> Iterator[str]:
    told = manifest.told
    yield "## What to expect of it"
    yield ""
    if told.promise is not None:
        level = f"{100 * told.promise.level:.0f} %"
        yield (f"- Promised {manifest.metric}: **{_shown(told.promise.score)}**, the range for "
               f"{level} of such promises.")
    elif told.score is not None:
        yield (f"- {manifest.metric} {_shown(told.score)} on held-out rows. It is not what the "
               "report recommends, and no promise was made of it.")
    else:
        yield "- Nothing was promised of this configuration."
    for sentence in (told.verdict, told.exam):
        if sentence:
            yield f"- {prose(sentence)}"
    if told.trust:
        yield f"- Trust is {prose(told.trust)}"
    if (curve := manifest.calibrator) is not None:
        yield (f"- Its probabilities are recalibrated (slope {number(curve.slope, 2)}, intercept "
               f"{number(curve.intercept, 2)} on the log-odds): that has saved "
               f"{_shown(curve.gain, 4)} of log loss per row in later periods.")
    elif manifest.task == "binary" and told.verdict:
        yield ("- Its probabilities are as the model gives them: recalibrating has not surely "
               "helped.")
    if manifest.range is not None:
        yield (f"- {100 * manifest.range.level:.0f} % of values lie within "
               f"{manifest.range.half_width:.3g} of the predicted one.")
    yield ""


def _shown(value: Interval, decimals: int = 3) -> str:
    return interval(value, decimals)


def _weaknesses(manifest: Manifest) -> Iterator[str]:
    told = manifest.told
    if not told.events and told.segments is None:
        return
    yield "## Where it is weak"
    yield ""
    yield from _by_event(told, manifest.metric)
    yield from _by_segment(told)


def _by_event(told: Told, metric: str) -> Iterator[str]:
    if not told.events:
        return
    yield f"| event | rows | {metric} | baseline |"
    yield "| --- | ---: | ---: | ---: |"
    for event in told.events:
        baseline = interval(event.baseline) if event.baseline else "–"
        yield (f"| {prose(event.name or 'all other time', True)} | {event.n_rows:,} | "
               f"{interval(event.score)} | {baseline} |")
    yield ""


def _by_segment(told: Told) -> Iterator[str]:
    card = told.segments
    if card is None:
        return
    yield (f"Segments where {prose(card.model)} gains least over {prose(card.baseline)} "
           f"({prose(card.loss)} per row; over all rows {_shown(card.overall, 4)}):")
    yield ""
    for segment in card.segments[:_WORST]:
        yield f"- {prose(segment.name)}: {_shown(segment.gain, 4)} ({segment.n_rows:,} rows)"
    yield ""


def _features(manifest: Manifest) -> Iterator[str]:
    yield "## Features"
    yield ""
    yield (f"{len(manifest.names)} features of the recipe {code(manifest.recipe_name)}, from the "
           "columns " + ", ".join(code(column.name) for column in manifest.columns
                                  if column.role == "input") + ".")
    yield ""
    if manifest.told.features:
        yield "| feature | share | formula | verdict |"
        yield "| --- | ---: | --- | --- |"
        for note in manifest.told.features:
            yield (f"| {code(note.feature, True)} | {share(note.share)} | "
                   f"{code(note.expression, True)} | {prose(note.verdict or '–', True)} |")
        yield ""


def _caveats(manifest: Manifest) -> Iterator[str]:
    yield "## Caveats"
    yield ""
    yield ("- The promise holds for time like that which it was measured on, and for rows about "
           "the same entities. Predicting warns of strangers, drift, age and short history.")
    yield "- Nobody has asked here whom a wrong prediction harms, nor whether groups are treated " \
          "alike; that is yours to answer."
    for caveat in manifest.told.caveats:
        yield f"- {prose(caveat)}"
    yield ""


def _upkeep(manifest: Manifest) -> Iterator[str]:
    days, trial = manifest.told.retrain_days, manifest.trial
    yield "## Upkeep"
    yield ""
    yield (f"- Retrain after {days:,.0f} days: by then half of its lead over the baseline is lost."
           if days is not None else
           "- No time after which to retrain was found: in the held-out time its lead over the "
           "baseline did not surely fade.")
    if trial is not None:
        yield (f"- Retrained: without them, it scored {manifest.metric} {trial.challenger:.3f} on "
               f"the {trial.n_rows:,} newest rows ({format_ns(trial.start)} to "
               f"{format_ns(trial.end)}), the model before it {trial.champion:.3f}; difference "
               f"{interval(trial.change, 3, sign=True)}. The promise above is older.")
    yield ""


def _again(manifest: Manifest) -> Iterator[str]:
    yield "## How to make it again"
    yield ""
    jobs = ", ".join(code(member.job.id) for member in manifest.members)
    yield f"- Experiment {code(manifest.experiment)}, jobs {jobs}, fitted {manifest.trained_at}."
    named = "" if manifest.told.verdict else f" --config_of {manifest.members[0].job.id}"
    yield ("- From the same results: " + code(f"outlast refit {manifest.experiment}{named}")
           + ". From a table: " + code("outlast.OutlastModel(folder).fit(table)") + ".")
    if manifest.told.report:
        yield f"- Report: {prose(manifest.told.report)}."
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items()
                          if name != "outlast")
    yield f"- outlast {manifest.outlast}, Python {manifest.python}, {prose(libraries)}."
    for member in manifest.members:
        rounds = f", {member.n_iterations} rounds" if member.n_iterations else ""
        params = ", ".join(f"{key}={value}" for key, value in member.params.items())
        yield (f"- {code(member.job.model.label)} (search {prose(member.job.search.label)}, "
               f"selection {prose(member.job.selection.label)}, seed {member.job.seed}{rounds}): "
               f"{len(member.columns)} features{'; ' + prose(params) if params else ''}")
