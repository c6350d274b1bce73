"""Asterisk's REST interface: generated events, models and operations, the bus and the client."""
