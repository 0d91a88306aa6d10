"""The whole configuration of a run: defaults, a YAML file, then flags, in that order."""

from outlast.config.reading import make_config
from outlast.config.settings import HOW, QUICK, Config, DataConfig, Optimization
from outlast.config.values import GivenSplit, Settings

__all__ = ["HOW", "QUICK", "Config", "DataConfig", "GivenSplit", "Optimization", "Settings",
           "make_config"]
