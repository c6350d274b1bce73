"""Whether the figures can be trusted: each one of a call's record, found again in journal and agents' history."""
