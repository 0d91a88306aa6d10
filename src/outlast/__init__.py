"""outlast: find the model that outlasts its training data."""

__version__ = "0.1.0"
