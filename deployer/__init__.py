"""Package, upload, register, deploy and watch an AWS CodeDeploy deployment."""

__version__ = "1.0.0"

REPOSITORY = "codedeploy-deployer/deployer"
"""Where this project is on GitHub; each release has its tag there, such as `v1.0.0`."""
