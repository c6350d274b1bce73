"""What open speech means: categories, names of the city, urgent words."""

from __future__ import annotations

from ivr.flow.explained.example import Explained, files_of
from ivr.flow.understanding.names import MOST_HOT


def _names(count: int) -> dict[str, bytes]:
    names = "".join(f"    - 第{number}大道\n" for number in range(count))
    return {**files_of(""), "names.yaml": f"names:\n  street:\n{names}".encode()}


EXPLAINED = (
    Explained(
        "unheard-phrase",
        """The speech model that is asked first for this language has a fixed list of words, and one of these is not
in it: whoever says the phrase is never understood, whatever they do. Write another word for it, or the
sounds in words that there are. Told where such a model is on this machine (`ivr models list`), or ask
with `--speech`; leave it with `--no-speech`.""",
        """\
hello: {kind: menu, prompt: ask, options: {toll: {key: 1, say: {zh: ETC, en: toll}, next: person}}}
""",
        """\
hello: {kind: menu, prompt: ask, options: {toll: {key: 1, say: {zh: 电子收费, en: toll}, next: person}}}
""",
    ),
    Explained(
        "unknown-category",
        """Categories are those of `categories.yaml`, by name.""",
        """\
hello: {kind: ask, prompt: ask, category: topic, categories: [nois], next: person, on: {error.asr: {next: person}}}
# categories.yaml
categories: {noise: {words: {zh: 噪音, en: noise}}}
""",
        """\
hello: {kind: ask, prompt: ask, category: topic, categories: [noise], next: person, on: {error.asr: {next: person}}}
# categories.yaml
categories: {noise: {words: {zh: 噪音, en: noise}}}
""",
    ),
    Explained(
        "empty-category",
        """A category goes by words, patterns or examples. In a language where it has none of them, no caller is ever
of it.""",
        """\
# categories.yaml
categories: {noise: {words: {zh: 噪音}}}
""",
        """\
# categories.yaml
categories: {noise: {words: {zh: 噪音, en: noise}}}
""",
    ),
    Explained(
        "category-example",
        """Each example is tried on all categories. Where another one gets it, the other has more words in it: add one
here, or list one under the other's `but`.""",
        """\
# categories.yaml
categories:
  noise: {words: {zh: 噪音, en: noise}, examples: {zh: 路灯整夜嗡嗡响有噪音, en: The street light makes a noise}}
  light: {words: {zh: [路灯, 路灯整夜, 嗡嗡响], en: [street light, light]}}
""",
        """\
# categories.yaml
categories:
  noise: {words: {zh: [噪音, 嗡嗡响], en: noise}, examples: {zh: 路灯整夜嗡嗡响有噪音, en: The light makes a noise}}
  light: {words: {zh: 路灯, en: street light}, but: {zh: [嗡嗡响], en: makes a noise}}
""",
    ),
    Explained(
        "unknown-name-kind",
        """The names of the city stand in `names.yaml` by kind; a slot takes those of one kind, or of several.""",
        """\
hello:
  kind: ask
  prompt: ask
  slots: {office: {names: bureaux}}
  next: person
  on: {error.asr: {next: person}}
# names.yaml
names: {bureau: [城管局]}
""",
        """\
hello:
  kind: ask
  prompt: ask
  slots: {office: {names: bureau}}
  next: person
  on: {error.asr: {next: person}}
# names.yaml
names: {bureau: [城管局]}
""",
    ),
    Explained(
        "too-many-names",
        f"""Each open listening tells the recogniser the names that it should expect: the first {MOST_HOT} of
`names.yaml` in each language, since with more none of them helps any more. The others are still found in what was
written down.""",
        """\
# (a names.yaml with 501 names)
""",
        """\
# (the same with those that callers say most at its beginning, and the others left out)
""",
        lambda: _names(MOST_HOT + 1),
    ),
    Explained(
        "common-urgent-phrase",
        """An urgent phrase is heard anywhere in what is said, also misheard. One that is a single syllable or short
word, or sounds like a common word (打人 like 大人), would interrupt calls that have nothing to do with it.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always:
  person: {key: 0, say: {zh: 人工, en: person}, next: person}
  violence: {urgent: true, say: {zh: 打人, en: he hits me}, next: person}
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always:
  person: {key: 0, say: {zh: 人工, en: person}, next: person}
  violence: {urgent: true, say: {zh: 有人打人, en: he hits me}, next: person}
""",
    ),
)
