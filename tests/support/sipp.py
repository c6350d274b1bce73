"""SIPp, the field's load generator, as a bounded asynchronous call: one scenario, one process, its figures.

It needs no privileges: keys are pressed with SIP INFO, since SIPp replays RFC 4733 events from captures through raw
sockets only, which need root. A scenario gets `[sink_port]`, a UDP port that takes audio and is never read, so
that Asterisk's packets are not answered by the kernel with "unreachable".
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import re
import resource
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ivr.demo.ending import end

RECEIVE_TIMEOUT_S: Final = 5.0
"""A message that does not come within this time fails its call."""
STOP_TIMEOUT_S: Final = 3.0
SINK_BUFFER_BYTES: Final = 4096


class SippError(Exception):
    """SIPp is missing, refused its scenario, or wrote no figures. The message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class SippResult:
    """The figures of one run.

    response_times_ms: name of the scenario's timer -> every call's time, in the order of calls.
    took_s: first call begun to last call over. cpu_s: processor time that SIPp itself needed.
    errors: the first lines of its error log. cut: it was stopped because `timeout_s` was over.
    """

    calls: int
    succeeded: int
    failed: int
    retransmissions: int
    took_s: float
    cpu_s: float
    response_times_ms: Mapping[str, tuple[float, ...]]
    errors: tuple[str, ...] = ()
    cut: bool = False
    causes: Mapping[str, int] = field(default_factory=dict)


async def run_sipp(
    scenario: Path,
    server: str,
    *,
    service: str,
    rate: float,
    calls: int,
    timeout_s: float,
    limit: int | None = None,
    address: str = "127.0.0.2",
    keys: Mapping[str, str] | None = None,
    receive_timeout_s: float = RECEIVE_TIMEOUT_S,
    pause_s: float = 1.0,
    written_in: Mapping[str, str] | None = None,
    goes_on: bool = False,
) -> SippResult:
    """Begin `calls` calls at `rate` per second to `service@server`, from `address`.

    limit: most calls at once (None: no limit of ours). keys: replaces `[name]` in the scenario's messages. written_in:
    replaces words anywhere in it.
    pause_s: length of the scenario's pauses that name none. receive_timeout_s: a message that does not come in
    time fails its call. The process is ended when `timeout_s` is over, whatever it does; the figures up to then
    are returned with `cut`. goes_on: a message that is not expected does not end its call.
    """
    program = _program()
    with tempfile.TemporaryDirectory(prefix="sipp-") as name, _sink(address) as sink_port:
        folder = Path(name)
        await asyncio.to_thread(_copy, scenario, folder / "scenario.xml", written_in or {})
        values = {"sink_port": str(sink_port), **(keys or {})}
        arguments = [
            *("-sf", "scenario.xml", "-s", service, "-i", address, "-p", str(_free_port(address))),
            *("-mi", address, "-cp", str(_free_port("127.0.0.1"))),
            *("-r", f"{rate:g}", "-m", str(calls), "-l", str(limit or max(1, calls))),
            *(
                "-d",
                f"{pause_s * 1000:.0f}",
                "-recv_timeout",
                f"{receive_timeout_s * 1000:.0f}",
                "-timeout",
                f"{timeout_s:g}s",
            ),
            *("-nostdin", "-trace_stat", "-stf", "figures.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1"),
            *("-trace_err", "-error_file", "errors.log", "-trace_error_codes"),
            *(("-default_behaviors", "all,-abortunexp") if goes_on else ()),
            *(part for key, value in values.items() for part in ("-key", key, value)),
            server,
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = await asyncio.create_subprocess_exec(
            *(*program, *arguments),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        cut = False
        said = b""
        try:
            async with asyncio.timeout(timeout_s + STOP_TIMEOUT_S):
                _, said = await process.communicate()
        except TimeoutError:
            cut = True
        finally:
            await end(process, STOP_TIMEOUT_S)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return _figures(folder, calls, cpu_s, cut, said.decode(errors="replace"))


def _program() -> list[str]:
    """The beginning of its command line: it ends with us."""
    program = shutil.which("sipp")
    if program is None:
        raise SippError("sipp is not installed (Debian: sip-tester)")
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    return [*guard, program]


@contextlib.asynccontextmanager
async def answering_sipp(scenario: Path, *, address: str, port: int, pause_s: float) -> AsyncIterator[None]:
    """Telephones that answer, all at one address and port, as long as the block lasts. The scenario begins with a
    message that is received; `pause_s` is as of `run_sipp`."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="sipp-") as name, _sink(address) as sink_port:
        folder = Path(name)
        await asyncio.to_thread(_copy, scenario, folder / "scenario.xml", {})
        process = await asyncio.create_subprocess_exec(
            *(*program, "-sf", "scenario.xml", "-i", address, "-p", str(port), "-mi", address),
            *("-cp", str(_free_port("127.0.0.1")), "-d", f"{pause_s * 1000:.0f}", "-l", "4000"),
            *("-nostdin", "-trace_err", "-error_file", "errors.log", "-key", "sink_port", str(sink_port)),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            await end(process, STOP_TIMEOUT_S)


def _copy(scenario: Path, to: Path, written_in: Mapping[str, str]) -> None:
    text = scenario.read_text()
    for word, value in written_in.items():
        text = text.replace(word, value)
    to.write_text(text)


def _figures(folder: Path, planned: int, cpu_s: float, cut: bool, said: str) -> SippResult:
    errors = _lines(folder / "errors.log")
    rows = list(csv.DictReader(_lines(folder / "figures.csv"), delimiter=";"))
    if not rows:
        raise SippError("SIPp wrote no figures:\n" + "\n".join([said[-800:], *errors[:10]]))
    last = rows[-1]
    begun, succeeded, failed = (
        int(last[name]) for name in ("TotalCallCreated", "SuccessfulCall(C)", "FailedCall(C)")
    )
    prefix = "Failed"
    causes = {
        name.removeprefix(prefix).removesuffix("(C)"): int(value)
        for name, value in last.items()
        if name and name.startswith(prefix) and name.endswith("(C)") and name != "FailedCall(C)"
        if value and value.isdigit() and int(value)
    }
    return SippResult(
        calls=begun,
        succeeded=succeeded,
        # A call that was not even begun, or still lay open at the end, did not go well either.
        failed=max(failed, planned - succeeded),
        retransmissions=int(last["Retransmissions(C)"]),
        took_s=_seconds(last["ElapsedTime(C)"]),
        cpu_s=cpu_s,
        response_times_ms=_response_times(folder),
        errors=tuple(_told(errors)[:10]),
        cut=cut or begun < planned,
        causes=causes,
    )


def _told(lines: Sequence[str]) -> list[str]:
    """The entries of SIPp's log without the timeouts that the scenario provides for; those end without a line's end."""
    entries = re.split(r"(?=\d{4}-\d\d-\d\d\t)", "\n".join(lines))
    return [entry.strip() for entry in entries if entry.strip() and "jumping to label" not in entry]


def _response_times(folder: Path) -> dict[str, tuple[float, ...]]:
    times: dict[str, list[float]] = {}
    for path in folder.glob("*_rtt.csv"):
        for row in csv.reader(_lines(path), delimiter=";"):
            if len(row) >= 3 and row[0][:1].isdigit():
                times.setdefault(row[2], []).append(float(row[1]))
    return {name: tuple(values) for name, values in times.items()}


def _seconds(clock: str) -> float:
    """`00:01:02:345000` (hours, minutes, seconds, parts) or `00:01:02.345` -> s."""
    hours, minutes, seconds, *parts = clock.replace(".", ":").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + (float(f"0.{parts[0]}") if parts else 0.0)


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _sink(address: str) -> Iterator[int]:
    """A pair of ports for RTP and RTCP, even and odd, bound and never read."""
    for _ in range(100):
        port = _free_port(address) & ~1
        with contextlib.ExitStack() as stack:
            try:
                for number in (port, port + 1):
                    taken = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SINK_BUFFER_BYTES)
                    taken.bind((address, number))
            except OSError:
                continue
            yield port
            return
    raise SippError("no free pair of ports")
