"""AppSpec: the text, parsed and checked by the rules of the agent and the service."""
