"""Weights in a process apart: the workers of a run share a few of them, each weight loaded once."""
