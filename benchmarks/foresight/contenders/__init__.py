"""Everybody who sits the exam."""

from benchmarks.foresight.contenders import outlast
from benchmarks.foresight.contenders.base import Answer, Contender, FailedError
from benchmarks.foresight.contenders.rival import rival

CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        outlast.CONTENDER,
        *rival("autogluon", default="its defaults, without neural networks",
               time="validated on the last fifth (`tuning_data`), refitted on everything",
               structure='`validation_structure={"time_on": …}`, refitted on everything'),
        *rival("flaml", default="its defaults", time='`split_type="time"`'),
        *rival("mljar", default="mode Perform: five shuffled folds",
               time="mode Perform, validated on the last fifth without a shuffle"),
        *rival("optuna_loop", default="LightGBM, five shuffled folds, refit",
               time="LightGBM, `TimeSeriesSplit(5)`, refit"),
    )
}

__all__ = ["CONTENDERS", "Answer", "Contender", "FailedError"]
