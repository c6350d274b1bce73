"""Speech recognition: one protocol, engines behind it, worker processes off the control loop.

Imports nothing of ours.
"""

import os

# Libraries that tell their makers of each run, unless they are told before they are loaded: ONNX Runtime keeps a
# number of this machine and sends what it does with models (decision 0228). Nothing of a hotline leaves it unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
