"""What tools promise of a model, and what the future, which none of them sees, says of it."""
