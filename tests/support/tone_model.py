"""A streaming transducer of four kilobytes that hears tones as Chinese digits: the real sherpa-onnx runs it.

600 Hz = 一, 1,200 Hz = 二, 2,400 Hz = 三. Its encoder compares the energy about each frequency with a threshold, its
predictor keeps a tone that goes on from being written twice, its joiner adds both up.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.speech import RATE, silence

TONES = {"一": 600.0, "二": 1200.0, "三": 2400.0}
SYMBOLS = ("<blk>", *TONES, "<unk>")
MEL_BINS = 80
FRAMES = 4
LOUD = -3.0
"""Log energy of a mel bin in which a tone sounds; silence has less than -10."""


def tone(symbols: str, *, each_s: float = 0.3, level: float = 0.3) -> bytes:
    """16 kHz 16-bit mono: those tones one after the other, silence before and after."""
    times = np.arange(int(each_s * RATE)) / RATE
    waves = [level * np.sin(2 * np.pi * TONES[symbol] * times) for symbol in symbols]
    pcm = bytes((np.concatenate(waves) * 32767).astype("<i2").tobytes())
    return silence(0.3) + pcm + silence(0.3)


def _bin_of(hertz: float) -> int:
    """The mel bin of that frequency, as Kaldi lays 80 of them between 20 and 7,600 Hz."""

    def mel(frequency: float) -> float:
        return 1127.0 * float(np.log(1.0 + frequency / 700.0))

    step = (mel(7600.0) - mel(20.0)) / (MEL_BINS + 1)
    return round((mel(hertz) - mel(20.0)) / step) - 1


def _model(
    folder: Path,
    name: str,
    nodes: list[onnx.NodeProto],
    takes: list[tuple[str, int, list[str | int]]],
    gives: list[tuple[str, list[str | int]]],
    constants: dict[str, np.ndarray],
    about: dict[str, str],
) -> None:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*one) for one in takes],
        [helper.make_tensor_value_info(one, TensorProto.FLOAT, shape) for one, shape in gives],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / f"{name}.onnx"))


def build(folder: Path) -> Path:
    """The model's folder, as its kind is published: encoder, decoder, joiner, tokens.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(SYMBOLS)
    float_, int_ = TensorProto.FLOAT, TensorProto.INT64
    look = np.zeros((MEL_BINS, size), np.float32)
    for index, hertz in enumerate(TONES.values(), start=1):
        look[_bin_of(hertz), index] = 4.0
    threshold = np.array([0.0, *(-4.0 * LOUD for _ in TONES), -50.0], np.float32)
    _model(
        folder,
        "encoder",
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
            helper.make_node("MatMul", ["mean", "look"], ["seen"]),
            helper.make_node("Add", ["seen", "threshold"], ["encoder_out"]),
            helper.make_node("Identity", ["h"], ["next_h"]),
            helper.make_node("Identity", ["c"], ["next_c"]),
        ],
        [
            ("x", float_, ["N", FRAMES, MEL_BINS]),
            ("h", float_, [1, "N", 1]),
            ("c", float_, [1, "N", 1]),
        ],
        [("encoder_out", ["N", 1, size]), ("next_h", [1, "N", 1]), ("next_c", [1, "N", 1])],
        {"look": look, "threshold": threshold},
        {
            "model_type": "lstm",
            "num_encoder_layers": "1",
            "T": str(FRAMES),
            "decode_chunk_len": str(FRAMES),
            "rnn_hidden_size": "1",
            "d_model": "1",
        },
    )
    again = -100.0 * np.eye(size, dtype=np.float32)
    again[0, 0] = 0.0
    _model(
        folder,
        "decoder",
        [
            helper.make_node("Gather", ["y", "last"], ["latest"], axis=1),
            helper.make_node("Gather", ["again", "latest"], ["decoder_out"], axis=0),
        ],
        [("y", int_, ["N", 2])],
        [("decoder_out", ["N", size])],
        {"last": np.array(1, np.int64), "again": again},
        {"context_size": "2", "vocab_size": str(size)},
    )
    _model(
        folder,
        "joiner",
        [helper.make_node("Add", ["encoder_out", "decoder_out"], ["logit"])],
        [("encoder_out", float_, ["N", size]), ("decoder_out", float_, ["N", size])],
        [("logit", ["N", size])],
        {},
        {"joiner_dim": str(size)},
    )
    lines = [f"{symbol} {index}" for index, symbol in enumerate(SYMBOLS)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
