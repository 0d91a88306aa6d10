"""The feature tracker: what was extracted, how much it mattered, why it was selected."""

from outlast.feature_tracker.ledger import Tables, build_ledger
from outlast.feature_tracker.observations import observe
from outlast.feature_tracker.tracker import FeatureTracker

__all__ = ["FeatureTracker", "Tables", "build_ledger", "observe"]
