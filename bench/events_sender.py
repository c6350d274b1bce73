"""The sender of `bench.events`, a process of its own: one websocket on loopback, events as fast as they are taken.

python -m bench.events_sender EVENTS    # prints its port, serves one connection, ends with it
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import sys
from pathlib import Path

RECORDED = Path(__file__).parent / "events_recorded" / "call.jsonl"
CALLS_AT_ONCE = 200
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def call_id(number: int) -> str:
    return f"c-n1-65611a2b-{number:08x}"


def frame(text: str) -> bytes:
    """One unmasked websocket text frame."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes([0x81, size]) + payload
    return b"\x81\x7e" + size.to_bytes(2, "big") + payload


def stream(events: int) -> bytes:
    """At least so many events: rounds of `CALLS_AT_ONCE` calls side by side, then the one that ends the measurement."""
    lines = RECORDED.read_text("utf-8").splitlines()
    one_round = b"".join(
        frame(line.replace("{call}", call_id(number))) for line in lines for number in range(CALLS_AT_ONCE)
    )
    rounds = -(-events // (len(lines) * CALLS_AT_ONCE))
    last = {
        "type": "ChannelUserevent",
        "timestamp": "2026-11-22T14:46:59.056+0000",
        "application": "ivr",
        "eventname": "end",
        "userevent": {},
        "channel": json.loads(lines[0].replace("{call}", "end"))["channel"],
    }
    return one_round * rounds + frame(json.dumps(last))


def serve(port: int, events: int) -> None:
    """The sender: takes one websocket, sends all as fast as it is taken, then waits for the other side to go."""
    blob = stream(events)
    with socket.create_server(("127.0.0.1", port)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
        server.close()  # a command over HTTP is refused at once: nobody would answer it
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            headers = dict(line.split(b": ", 1) for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
            key = next(value for name, value in headers.items() if name.lower() == b"sec-websocket-key")
            accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest())
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            connection.sendall(blob)
            while connection.recv(65536):
                pass


if __name__ == "__main__":
    serve(0, int(sys.argv[1]))
