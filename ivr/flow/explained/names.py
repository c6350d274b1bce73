"""Names that nothing has: flows, nodes, events, commands, languages, prompts."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "unknown-target",
        """`next` (and `open`, `yes`, `else` ...) says where the dialogue goes on: a node of the same flow,
`flow.node`, or the name of a flow, which is its start. `hangup` ends the call, `return` goes back to
the caller of a subflow.""",
        """\
hello: {kind: say, prompt: bye, next: ende}
end: {kind: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: end}
end: {kind: hangup}
""",
    ),
    Explained(
        "unknown-flow",
        """`flow` of a `call` node is the name that another file gives with `flow:`, not the name of that file.""",
        """\
start: {kind: call, flow: boking, next: hangup}
""",
        """\
start: {kind: call, flow: booking, next: hangup}
# booking.yaml
flow: booking
nodes:
  note: {kind: say, prompt: bye, next: return}
""",
    ),
    Explained(
        "unknown-parameter",
        """A flow is given only what it declares under `parameters`.""",
        """\
start: {kind: call, flow: booking, with: {department: a, day: b}, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
        """\
start: {kind: call, flow: booking, with: {department: a}, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
    ),
    Explained(
        "missing-parameter",
        """A flow says under `parameters` what it must be given; one with a `default` may be left out. Whoever
leads to such a flow with `next` gives it nothing: use a `call` node.""",
        """\
start: {kind: call, flow: booking, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
        """\
start: {kind: call, flow: booking, with: {department: a}, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
    ),
    Explained(
        "unknown-result",
        """`results` of a `call` takes only what the called flow declares under `results`: `{own_variable:
its_result}`.""",
        """\
start: {kind: call, flow: booking, with: {department: a}, results: {day: slott}, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
        """\
start: {kind: call, flow: booking, with: {department: a}, results: {day: slot}, next: hangup}
# booking.yaml
flow: booking
parameters: {department: text}
results: {slot: text}
nodes:
  note: {kind: set, values: {slot: = department}, next: return}
""",
    ),
    Explained(
        "unset-result",
        """A flow declares under `results` what it gives back, and nothing in it sets a variable of that name or
gives it back with a `return` node: whoever calls it would get nothing.""",
        """\
start: {kind: call, flow: booking, next: hangup}
# booking.yaml
flow: booking
results: {slot: text}
nodes:
  note: {kind: say, prompt: bye, next: return}
""",
        """\
start: {kind: call, flow: booking, next: hangup}
# booking.yaml
flow: booking
results: {slot: text}
nodes:
  note: {kind: return, results: {slot: morning}}
""",
    ),
    Explained(
        "unknown-event",
        """Handlers under `on` name events of the language, of a kind of node, or those that a flow declares under
`events`. A general name holds for all below it: `error.queue` for `error.queue.full`.""",
        """\
hello: {kind: say, prompt: bye, next: hangup, on: {error.promt: {next: hangup}}}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup, on: {error.prompt: {next: hangup}}}
""",
    ),
    Explained(
        "unhandled-event",
        """The called flow may hand back an event (`events`), and neither the `call` node nor what stands around it
says what happens then; so the call would end up at the hotline's fallback.""",
        """\
start: {kind: call, flow: booking, next: hangup}
# booking.yaml
flow: booking
events: [booking.full]
nodes:
  full: {kind: return, event: booking.full}
""",
        """\
start: {kind: call, flow: booking, next: hangup, on: {booking.full: {say: bye, next: hangup}}}
# booking.yaml
flow: booking
events: [booking.full]
nodes:
  full: {kind: return, event: booking.full}
""",
    ),
    Explained(
        "unknown-command",
        """`always` of a node lists commands of the hotline or of the flow that work here; `true` is all, `false`
none.""",
        """\
hello: {kind: say, prompt: bye, next: hangup, always: [persn]}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup, always: [person]}
""",
    ),
    Explained(
        "unknown-calendar",
        """`calendar` of an `hours` node is one of `calendars` in `hotline.yaml` or in an included library.""",
        """\
open: {kind: hours, calendar: dask, open: person, closed: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
calendars: {desk: {weekly: {mon-fri: "08:00-17:00"}}}
""",
        """\
open: {kind: hours, calendar: desk, open: person, closed: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
calendars: {desk: {weekly: {mon-fri: "08:00-17:00"}}}
""",
    ),
    Explained(
        "unknown-language",
        """Languages are those of `languages` in `hotline.yaml`, each with its `prompts/<language>.yaml`.""",
        """\
hello: {kind: language, language: fr, next: hangup}
""",
        """\
hello: {kind: language, language: en, next: hangup}
""",
    ),
    Explained(
        "unknown-prompt",
        """A prompt is an id of `prompts/<language>.yaml`, or texts by language in its place.""",
        """\
hello: {kind: say, prompt: by, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
)
