"""Our parsers against any bytes: what a parser raises other than it promises is kept, with the bytes, and told.

With atheris (coverage-guided; `pip install atheris`, no dependency of the project's) each target runs in a process of
its own; without it, sound inputs are changed at random from a seed. JSON as the last line; exit 1 where something was
found.

    .venv/bin/python -m bench.fuzz --seconds 600            ten minutes over all targets
    .venv/bin/python -m bench.fuzz --quick
    .venv/bin/python -m bench.fuzz --target ari --seconds 60 --seed 7
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import logging
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Final

QUICK_S: Final = 20.0
LONGEST: Final = 4096
SIGNS: Final = (
    *(
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b";",
        b",",
        b"\\",
        b"<",
        b"@",
        b"-1",
        b"null",
        b"NaN",
        b"1e999",
        b"9" * 20,
    ),
    *(
        b"\0",
        b"\r\n",
        b"\xff",
        b"\xed\xa0\x80",
        b"\\u0000",
        b"\\ud800",
        b"&a *a",
        b"(" * 40,
        b"{{",
        b"[" * 200,
    ),
)


def changed(chance: random.Random, data: bytes, others: tuple[bytes, ...]) -> bytes:
    """One to six changes: a part gone, doubled, replaced, a sign put in, a piece of another input, bits turned."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randint(0, len(raw)), chance.choice((1, 2, 4, 16, 64))
        match chance.randrange(6):
            case 0:
                del raw[at : at + length]
            case 1:
                raw[at:at] = raw[at : at + length] * chance.choice((1, 2, 20))
            case 2:
                raw[at : at + length] = chance.randbytes(length)
            case 3:
                raw[at:at] = chance.choice(SIGNS)
            case 4:
                other = chance.choice(others)
                begin = chance.randint(0, len(other))
                raw[at:at] = other[begin : begin + chance.choice((4, 16, 200))]
            case _:
                if at < len(raw):
                    raw[at] ^= 1 << chance.randrange(8)
        del raw[LONGEST:]
    return bytes(raw)


def by_chance(name: str, seconds: float, seed: int, kept: Path) -> dict[str, Any]:
    """Keeps up to three inputs of each kind of fault."""
    from tests.support.fuzz_targets import TARGETS

    target = TARGETS[name]
    chance = random.Random(f"{seed}-{name}")
    corpus = [*target.seeds]
    logging.disable()
    for data in target.seeds:  # what is loaded at the first use is no slow input
        target.takes(data)
    faults: dict[str, int] = {}
    runs, slowest_s, end = 0, 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = changed(chance, chance.choice(corpus), target.seeds)
        if chance.random() < 0.02:
            corpus = [*target.seeds, *corpus[len(target.seeds) :][-200:], data]
        begin = time.perf_counter()
        try:
            target.takes(data)
        except Exception as error:  # whatever it is, it is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            faults[kind] = faults.get(kind, 0) + 1
            if faults[kind] <= 3:
                (kept / f"{name}-{len(faults)}-{faults[kind]}").write_bytes(data)
        slowest_s = max(slowest_s, time.perf_counter() - begin)
        runs += 1
    return {"runs": runs, "faults": faults, "slowest_ms": round(slowest_s * 1000, 1)}


def by_coverage(name: str, seconds: float, seed: int, kept: Path) -> dict[str, Any]:
    """In a process of its own, since libFuzzer ends it at the first fault."""
    with tempfile.TemporaryDirectory() as corpus:
        from tests.support.fuzz_targets import TARGETS

        for number, data in enumerate(TARGETS[name].seeds):
            (Path(corpus) / str(number)).write_bytes(data)
        command = [sys.executable, "-m", "bench.fuzz", "--inside", name, corpus, f"-max_total_time={round(seconds)}",
                   f"-seed={seed + 1}", f"-max_len={LONGEST}", f"-artifact_prefix={kept}/{name}-", "-timeout=5",
                   "-rss_limit_mb=3000"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    counted = [int(text) for text in re.findall(r"^#(\d+)", said, re.M)]
    reached = [int(text) for text in re.findall(r"\bcov: (\d+)", said)]
    last = [line for line in said.splitlines() if "Error" in line or "timeout" in line or "Exception" in line]
    faults = {} if done.returncode == 0 else {(last or said.splitlines() or ["nothing said"])[-1][:200]: 1}
    return {"runs": max(counted, default=0), "coverage": max(reached, default=0), "faults": faults}


def inside(name: str, arguments: list[str]) -> None:
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["ivr", "asr", "storage", "routing", "web"]):
        from tests.support.fuzz_targets import TARGETS
    logging.disable()
    for data in TARGETS[name].seeds:
        TARGETS[name].takes(data)
    atheris.Setup(["fuzz", *arguments], TARGETS[name].takes)
    atheris.Fuzz()


def main() -> int:
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
        return 0
    from tests.support.fuzz_targets import TARGETS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="over all targets together")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--target", choices=sorted(TARGETS), action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for inputs that found something")
    wanted = parser.parse_args()
    names = wanted.target or list(TARGETS)
    each_s = (QUICK_S if wanted.quick else wanted.seconds) / len(names)
    coverage = importlib.util.find_spec("atheris") is not None and not wanted.quick
    kept = wanted.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    kept.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in names:
        results[name] = (by_coverage if coverage else by_chance)(name, each_s, wanted.seed, kept)
        print(f"{name:16} {json.dumps(results[name])}", flush=True)
    with contextlib.suppress(OSError):
        kept.rmdir()  # only where nothing was kept
    clean = not any(result["faults"] for result in results.values())
    engine = "atheris" if coverage else "changes by chance"
    runs = sum(result["runs"] for result in results.values())
    print(json.dumps({"engine": engine, "seconds": round(each_s * len(names)), "runs": runs, "clean": clean}))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
