"""From a deployment to its end: watch it, and tell why when it does not succeed."""
