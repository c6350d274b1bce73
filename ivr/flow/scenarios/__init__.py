"""Tests of flows: what a caller does, and what must come of it. Pure: a scenario runs in the machine, without a call.

`model` is what an author writes, `reading` makes it of YAML, `running` plays it, `checking` compares, `coverage` counts
the nodes and ways that were taken.
"""
