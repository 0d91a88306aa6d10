"""Using the winner: fit it to all rows, keep it, predict with it, bring it up to date."""
