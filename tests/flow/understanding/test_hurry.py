"""A version that was found sound before may be built in a hurry: the same dialogue, without what takes long to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ivr.flow.load import load_sources, read_folder
from ivr.flow.understanding.ready import in_a_hurry, is_hurry

FLOWS = Path(__file__).parents[3] / "flows"
SAID = ("我家楼下的路灯坏了", "有人打架", "垃圾没人收", "the street light is broken")
WITHOUT = """
import sys
from pathlib import Path
from ivr.flow.load import load_sources, read_folder
from ivr.flow.understanding.ready import in_a_hurry
with in_a_hurry():
    load_sources(read_folder(Path(sys.argv[1])))
print([name for name in ("jieba", "pypinyin") if name in sys.modules])
"""


def test_what_is_built_in_a_hurry_understands_the_same() -> None:
    sources = read_folder(FLOWS)
    usual = load_sources(sources)
    with in_a_hurry():
        hurried = load_sources(sources)
    assert not is_hurry()
    assert hurried.nodes.keys() == usual.nodes.keys() and hurried.version == usual.version
    for said in SAID:
        language = "en" if said.isascii() else "zh"
        assert hurried.classifier.classify(said, language) == usual.classifier.classify(said, language)


def test_no_dictionary_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(FLOWS)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
