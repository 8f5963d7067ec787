"""The room in which a bundle's whole life runs in a container, by the agent's rules, before it is sent."""
