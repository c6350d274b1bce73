"""Speech recognition: one protocol, engines behind it, worker processes off the control loop.

Imports nothing of ours.
"""
