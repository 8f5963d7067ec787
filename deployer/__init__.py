"""Package, upload, register, deploy and watch an AWS CodeDeploy deployment."""

__version__ = "1.0.0"
