"""Promises to call back: made while a call lasts, kept durably, carried out when their turn in the queue comes."""
