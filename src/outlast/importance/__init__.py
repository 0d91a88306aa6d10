"""How much a feature matters, measured on rows that no fit has seen."""
