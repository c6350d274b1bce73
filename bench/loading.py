"""How long it takes to load and lint a large hotline: 200 flows of 50 nodes, read from a folder as `ivr check` does.

The baseline reads the same files with PyYAML's CSafeLoader and does nothing with them: no places, no duplicate keys
found, no models, no expressions, no linting. A second figure is pydantic's share: the models of all nodes, validated
from data that was read before. What the machine's clock says depends on what else it does, so times are those of the
processor; the median of several rounds counts.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from bench.big_hotline import sources
from ivr.flow.load import load
from ivr.flow.registry import KINDS
from ivr.flow.yaml_source import read

FLOWS: Final = 200
NODES: Final = 50
GOAL_S: Final = 2.0


def median_s(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the processor, each round from a clean start."""
    took = []
    for _ in range(rounds):
        gc.collect()
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return statistics.median(took)


def parse_alone(folder: Path) -> list[Any]:
    return [yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in sorted(folder.rglob("*.yaml"))]


def data_of(name: str, content: bytes) -> Any:
    return read(name, content).data if name.endswith(".yaml") else {}


def validate_alone(flows: list[Any]) -> None:
    for flow in flows:
        for node in flow["nodes"].values():
            KINDS[node["kind"]].model.model_validate(node)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of fifteen")
    rounds = 3 if parser.parse_args().quick else 15
    files = sources(flows=FLOWS, nodes=NODES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(content)
        library = load(folder)
        assert not library.findings
        assert len(library.nodes) >= FLOWS * NODES
        load_s = median_s(lambda: load(folder), rounds)
        parse_s = median_s(lambda: parse_alone(folder), rounds)
        # CSafeLoader reads YAML 1.1, where keys such as 1 and no are no texts.
        flows = [data for name, content in files.items() if "nodes" in (data := data_of(name, content))]
        validate_s = median_s(lambda: validate_alone(flows), rounds)
    kilobytes = sum(map(len, files.values())) / 1000
    print(f"{FLOWS} flows of {NODES} nodes, {kilobytes:,.0f} kB, {len(library.exits):,} ways between nodes")
    print(f"  loaded and linted        {load_s:>7.2f} s  ({load_s / FLOWS * 1000:.1f} ms a flow)")
    print(f"  CSafeLoader alone        {parse_s:>7.2f} s")
    print(f"  pydantic's models alone  {validate_s:>7.2f} s")
    print(
        json.dumps(
            {
                "name": "loading",
                "ours": {"load_s": round(load_s, 3), "kilobytes": round(kilobytes)},
                "baseline": {"csafeloader_s": round(parse_s, 3), "pydantic_s": round(validate_s, 3)},
                "ratio": round(load_s / parse_s, 2),
                "goals": {"load_s": load_s < GOAL_S},
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
