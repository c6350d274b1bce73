"""Simulated citizens and agents for `make demo`: real SIP, real audio, no other part of the server.

Two kinds of phone behind one protocol (`phone.py`): `Softphone` drives the real client baresip, and
`LightPhone` is a small SIP/RTP user agent of our own, cheap enough for a crowd. The tests and the
calls bench use both.
"""
