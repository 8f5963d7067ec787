"""AWS: clients, credentials, permissions, and the SDK's errors in plain words."""
