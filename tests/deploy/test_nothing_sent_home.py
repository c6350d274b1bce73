"""Models are run without a word to the makers of the libraries that run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN_A_MODEL = """
import {package}
import faster_whisper, onnxruntime, pathlib
model = next(pathlib.Path(faster_whisper.__file__).parent.glob("assets/*.onnx"))
onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
"""


@pytest.mark.parametrize("package", ["asr", "ivr"])
def test_running_a_model_leaves_no_number_of_this_machine(package: str, tmp_path: Path) -> None:
    """Else the runtime makes one in its user's home before the first model is loaded, and events to send (seen)."""
    kept = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name and name != "CI"}
    environment = kept | {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", RUN_A_MODEL.format(package=package)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in str(path)]
