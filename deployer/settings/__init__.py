"""Inputs: the environment and the command line, validated into `model.Settings`."""
