"""What a deployment group runs, where that came from, and what follows from it."""
