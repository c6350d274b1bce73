"""Nodes, their fields and their choices."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "unknown-kind",
        """`kind` says what a node does: say, menu, ask, collect ... The page of the language lists them.""",
        """\
hello: {kind: sey, prompt: bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "bad-name",
        """A node's name has letters, digits and `_`, and begins with no digit: it is written in `next` and in what
is measured.""",
        """\
say-hello: {kind: say, prompt: bye, next: hangup}
""",
        """\
say_hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "missing-field",
        """A field that this kind of node cannot do without; every node has a `kind`.""",
        """\
hello: {kind: say, prompt: bye}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "unknown-field",
        """A field that means nothing here: misspelt, of another kind of node, or indented too far or too little.""",
        """\
hello: {kind: say, promt: bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "wrong-value",
        """The field is right and its value is not: another type, out of bounds, or not one of the words that are
possible. Numbers that are texts need quotes (`"110"`), and a key of the phone `*` or `#` too.""",
        """\
choose: {kind: menu, prompt: ask, timers: {first_input_s: soon}, options: {one: {key: 1, next: hangup}}}
""",
        """\
choose: {kind: menu, prompt: ask, timers: {first_input_s: 10}, options: {one: {key: 1, next: hangup}}}
""",
    ),
    Explained(
        "wrong-type",
        """Another shape is wanted here: prompts are `id: text`, `<<` takes the entries of a mapping.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/zh.yaml
ask: 请按键
bye: 88
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/zh.yaml
ask: 请按键
bye: "88"
""",
    ),
    Explained(
        "two-ways",
        """One thing would lead two ways at once, or no way at all: a handler has one of `next`, `reprompt`,
`hangup` and `raise`, a command `next` or `do`, a source one of `table`, `history` and `url`.""",
        """\
choose:
  kind: menu
  prompt: ask
  options: {one: {key: 1, next: hangup}}
  on: {no_input: {reprompt: true, next: person}}
""",
        """\
choose:
  kind: menu
  prompt: ask
  options: {one: {key: 1, next: hangup}}
  on: {no_input: {next: person}}
""",
    ),
    Explained(
        "no-next",
        """An option leads nowhere: give it a `next`, or the node one that holds for all its options.""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}}}
""",
    ),
    Explained(
        "unreachable-option",
        """An option that has neither a key nor a phrase can never be chosen. One without a key is out of reach
wherever speech is not recognised.""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}, two: {next: hangup}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}, two: {key: 2, next: hangup}}}
""",
    ),
    Explained(
        "duplicate-option-key",
        """Two options of a menu have the same key, so that one of them could not be chosen.""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}, two: {key: 1, next: person}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}, two: {key: 2, next: person}}}
""",
    ),
    Explained(
        "duplicate-phrase",
        """Two options claim the same phrase; only the first would ever get it.""",
        """\
choose:
  kind: menu
  prompt: ask
  options:
    tap: {key: 1, say: {zh: 漏水}, next: hangup}
    roof: {key: 2, say: {zh: [漏水, 屋顶]}, next: person}
""",
        """\
choose:
  kind: menu
  prompt: ask
  options:
    tap: {key: 1, say: {zh: 漏水}, next: hangup}
    roof: {key: 2, say: {zh: [屋顶漏水, 屋顶]}, next: person}
""",
    ),
    Explained(
        "shadowed-command",
        """An option takes the key of a command that should work everywhere. The option wins, so here the command
cannot be reached by its key; 0 should stay that of a person.""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: person}, more: {key: 0, next: hangup}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: person}, more: {key: 9, next: hangup}}}
""",
    ),
    Explained(
        "bad-phrases",
        """What may be said is written by language, `{zh: [投诉, 举报], en: complaint}`, and each phrase has words in
it. A number has to be quoted.""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, say: 投诉, next: hangup}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, say: {zh: 投诉}, next: hangup}}}
""",
    ),
    Explained(
        "bad-pattern",
        """A pattern of keys has digits, `X` for any digit, `N` for 2 to 9, `[1-3]` for some, and `{4}` or `{6,8}`
for how many.""",
        """\
number: {kind: collect, prompt: ask, into: phone, patterns: ["1[38Z]X{9}"], next: hangup}
""",
        """\
number: {kind: collect, prompt: ask, into: phone, patterns: ["1[38]X{9}"], next: hangup}
""",
    ),
    Explained(
        "bad-format",
        """`format` of `collect` is one that the page of the language lists, with its own options.""",
        """\
number: {kind: collect, prompt: ask, into: phone, format: phon, next: hangup}
""",
        """\
number: {kind: collect, prompt: ask, into: phone, format: phone, next: hangup}
""",
    ),
)
