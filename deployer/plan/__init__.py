"""The plan of a deployment: two revisions, compared without unpacking either."""
