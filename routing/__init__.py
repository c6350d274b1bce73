"""Skill-based routing without I/O: agents, queue entries, matcher with reasons. Imports nothing of ours."""
