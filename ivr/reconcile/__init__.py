"""Compares what we believe with what Asterisk and the telephones say, and repairs what is not so."""
