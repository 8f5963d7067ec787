"""CodeDeploy: register, create, watch, control and explain a deployment."""
