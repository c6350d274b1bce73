"""Versions of the dialogue: kept by content, published, rolled back, and given to the calls of a running server."""
