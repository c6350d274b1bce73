"""The whole of a hotline in one file, and back: database of either kind, recordings, keys, what is spooled."""
