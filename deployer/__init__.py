"""Package, upload, register, deploy and watch an AWS CodeDeploy deployment."""

__version__ = "1.0.0"

REPOSITORY = "codedeploy-deployer/deployer"
"""The project on GitHub, where each release has a tag, such as `v1.0.0`."""
