"""The revision that a deployment group runs, where it came from, and what follows from it."""
