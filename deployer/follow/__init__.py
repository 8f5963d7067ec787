"""Follow a deployment to its end, and explain why if it does not succeed."""
