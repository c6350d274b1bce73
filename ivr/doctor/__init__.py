"""Looks over this machine: what the hotline needs, whether it is there, and how to mend what is not."""
