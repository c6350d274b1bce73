"""The live-call server: takes calls from Asterisk, runs dialogues, queues callers for agents."""

import os

# As in `asr`: the voices that render prompts load the same libraries.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
