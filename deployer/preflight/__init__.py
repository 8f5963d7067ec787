"""Pre-flight: the bundle checked against its AppSpec before anything is sent."""
