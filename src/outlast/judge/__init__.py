"""The judge: from held-out predictions to a leaderboard, findings and a headline."""
