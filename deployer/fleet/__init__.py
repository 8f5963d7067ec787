"""The fitness of a group for a deployment: its instances, its ECS service, its function's alias."""
