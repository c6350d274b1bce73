"""Where ways lead: nowhere, round for ever, past what callers can count on."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "unreachable",
        """Nothing leads to this node, so no caller ever gets there: a `next` is wrong, or the node is not needed.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
sorry: {kind: say, prompt: bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: sorry}
sorry: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "no-end",
        """From this node no way leads to the end of the call: whoever gets there stays until they hang up.""",
        """\
choose: {kind: menu, prompt: ask, options: {again: {key: 1, next: choose}}}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: main.choose
# person.yaml
""",
        """\
choose: {kind: menu, prompt: ask, options: {again: {key: 1, next: choose}, end: {key: 2, next: hangup}}}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: main.choose
# person.yaml
""",
    ),
    Explained(
        "loop-without-input",
        """Nodes that lead to each other without ever waiting for the caller or for anything outside. The machine
ends such a loop after 100 nodes and brings the caller to the fallback.""",
        """\
first: {kind: say, prompt: bye, wait: false, next: second}
second: {kind: goto, next: first}
""",
        """\
first: {kind: menu, prompt: ask, options: {go: {key: 1, next: second}}}
second: {kind: goto, next: first}
""",
    ),
    Explained(
        "no-fallback",
        """After the caller was silent, or not understood, several times, there is nowhere to go on: no handler
with a `next` and no `fallback` of the hotline. The call would end.""",
        """\
choose:
  kind: menu
  prompt: ask
  options: {one: {key: 1, next: hangup}}
  on: {no_match: {next: hangup}}
# hotline.yaml
hotline: example
languages: [zh, en]
# person.yaml
""",
        """\
choose:
  kind: menu
  prompt: ask
  options: {one: {key: 1, next: hangup}}
  on: {no_match: {next: hangup}, no_input: {count: 2, next: hangup}}
# hotline.yaml
hotline: example
languages: [zh, en]
# person.yaml
""",
    ),
    Explained(
        "no-person",
        """The hotline has people who answer, and from this question none of them can be reached by a key. A person
should be in reach at every step; 0 is the key that callers know.""",
        """\
choose: {kind: menu, prompt: ask, always: false, options: {one: {key: 1, next: hangup}}}
""",
        """\
choose: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}}}
""",
    ),
    Explained(
        "unhandled-error",
        """Something outside can fail here (the queue, a transfer, a request), nobody says what happens then, and
the hotline has no `fallback`: the call would end.""",
        """\
wait: {kind: queue, queue: general, next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
# person.yaml
""",
        """\
wait: {kind: queue, queue: general, next: hangup, on: {error.queue: {say: bye, hangup: true}}}
# hotline.yaml
hotline: example
languages: [zh, en]
# person.yaml
""",
    ),
    Explained(
        "needs-caller",
        """A handler of `hangup` runs when the caller is gone; a node that speaks or asks has nobody to do it for.
Nodes that set, notify or ask the outside are right there.""",
        """\
hello: {kind: say, prompt: bye, next: hangup, on: {hangup: {next: ask}}}
ask: {kind: menu, prompt: ask, options: {one: {key: 1, next: hangup}}}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup, on: {hangup: {next: tell}}}
tell: {kind: notify, channel: supervisor, text: "hung up", next: hangup}
""",
    ),
    Explained(
        "returns-nowhere",
        """`return` goes back to the `call` node that called the flow, and no node calls this one.""",
        """\
hello: {kind: say, prompt: bye, next: return}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "unused-flow",
        """Nothing leads to this flow and it is not the hotline's entry. That is right when a number of its own
begins with it.""",
        """\
hello: {kind: say, prompt: [ask, bye], next: person}
# other.yaml
flow: other
nodes:
  bye: {kind: hangup}
""",
        """\
hello: {kind: say, prompt: [ask, bye], next: other}
# other.yaml
flow: other
nodes:
  bye: {kind: hangup}
""",
    ),
)
