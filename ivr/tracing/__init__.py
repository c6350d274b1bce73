"""Traces of calls for OpenTelemetry, an extra that is off by default: `pip install open-hotline[traces]`.

Nothing of this package is imported, and no call does anything for it, while `traces.enabled` is not set. A trace is a
call; its id is made from the call's, so that whoever knows the call's id finds the trace, and a worker elsewhere or the
controller that adopts the call adds to it without being told more. Spans carry no number and nothing that was said.
"""
