"""Plays the part of Asterisk for the recognition benches: RTP to many hearings at once, at the pace of speech.

One line of JSON on standard input: {"targets": [[host, port], ...], "pcm": FILE, "speed": 1.0}; the file's
samples go to each target, and a line is printed when all were sent. The targets begin a little apart, as callers do.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

from tests.support.speech import packets

PACKET_S = 0.02


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        late = play(
            [(host, port) for host, port in order["targets"]], Path(order["pcm"]).read_bytes(), order["speed"]
        )
        print(json.dumps({"latest_ms": round(1000 * late, 1)}), flush=True)


def play(targets: list[tuple[str, int]], pcm: bytes, speed: float) -> float:
    """How late the latest packet was, s."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams = packets(pcm)
    apart = max(1, len(targets))
    began, latest = time.monotonic(), 0.0
    for index, datagram in enumerate(datagrams):
        for number, target in enumerate(targets):
            due = began + (index + number / apart) * PACKET_S / speed
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            latest = max(latest, -wait)
            sender.sendto(datagram, target)
    sender.close()
    return latest


if __name__ == "__main__":
    main()
