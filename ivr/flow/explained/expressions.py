"""Conditions and computed values."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "bad-expression",
        """The expression cannot be read as CEL, or could take too long. Texts stand in quotes, `&&` is and, `||`
is or, `==` compares.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries >> 3", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries > 3", next: person}
    else: hangup
""",
    ),
    Explained(
        "comment-in-expression",
        """`//` begins a comment in CEL, so the rest would not count. Divide with one `/`; a comment goes into the
YAML, after `#`.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries > 3 // 4", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries > 3 / 4", next: person}
    else: hangup
""",
    ),
    Explained(
        "undefined-variable",
        """Nothing declares this name and no node sets it. Declare it under `variables`, set it (`into`, `set`), or
mend its spelling; a text needs quotes.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "topic == noise", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "topic == 'noise'", next: person}
    else: hangup
""",
    ),
    Explained(
        "undefined-key",
        """The map has known keys and none of this name; a text or a number has no keys at all.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "call.calller == '110'", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "call.caller == '110'", next: person}
    else: hangup
""",
    ),
    Explained(
        "undefined-function",
        """No function has this name.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "length(said) > 5", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "size(said) > 5", next: person}
    else: hangup
""",
    ),
    Explained(
        "wrong-arguments",
        """The function exists, and does not take these values: their number or their types are others.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "said.contains(5)", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "said.contains('5')", next: person}
    else: hangup
""",
    ),
    Explained(
        "wrong-operands",
        """The operator does not take values of these types. Nothing is converted by itself: write `string(tries)`
or `number(said)`.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "said + tries == 'a1'", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "said + string(tries) == 'a1'", next: person}
    else: hangup
""",
    ),
    Explained(
        "never-equal",
        """Two things of different types, or a word that a variable can never hold, are compared: the answer is
always the same.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "topic == 'roads'", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "topic == 'water'", next: person}
    else: hangup
""",
    ),
    Explained(
        "wrong-result",
        """The value is of another type than what gets it wants: a condition is true or false, a declared variable
gets values of its type.""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries", next: person}
    else: hangup
""",
        """\
# main.yaml
flow: main
variables: {tries: 0, said: '', urgent: false, topic: {type: text, values: [noise, water]}}
nodes:
  look:
    kind: branch
    cases:
      - {if: "tries > 0", next: person}
    else: hangup
""",
    ),
)
