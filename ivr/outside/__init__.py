"""What a dialogue asks of the world beyond the hotline: HTTP requests, lookups, messages to people.

Pure: `addresses` (which may be connected to), `breaker`, `retry`, `body` (bytes to JSON), `messages` (who gets what,
and when it is tried again). Shells: `guarded` (one HTTP exchange), `requests`, `lookups`, `outbox` with `channels`.
`service.OutsideService` joins them to what a call session knows as `ivr.call.ports.Outside`.
"""
