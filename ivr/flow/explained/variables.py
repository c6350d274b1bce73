"""Variables, parameters and calendars."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "bad-declaration",
        """A variable is declared by its first value, or as `{type: text, default: ..., values: [...]}`; parameters
and results by a type: text, int, number, bool, list, map, date, time, any.""",
        """\
# main.yaml
flow: main
variables: {tries: {type: whole, default: 0}}
nodes:
  count: {kind: set, values: {tries: = tries + 1}, next: hangup}
""",
        """\
# main.yaml
flow: main
variables: {tries: {type: int, default: 0}}
nodes:
  count: {kind: set, values: {tries: = tries + 1}, next: hangup}
""",
    ),
    Explained(
        "duplicate-variable",
        """The hotline declares this variable for the whole call; a flow that declared it again would have one of
its own, and the two would be mistaken for each other.""",
        """\
# main.yaml
flow: main
variables: {topic: noise}
nodes:
  hello: {kind: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
variables: {topic: ""}
""",
        """\
# main.yaml
flow: main
variables: {detail: noise}
nodes:
  hello: {kind: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
variables: {topic: ""}
""",
    ),
    Explained(
        "reserved-name",
        """`call`, `now`, `language`, `event` and words of the expressions (`true`, `in` ...) cannot be names of
variables.""",
        """\
hello: {kind: set, values: {now: 5}, next: hangup}
""",
        """\
hello: {kind: set, values: {begin: 5}, next: hangup}
""",
    ),
    Explained(
        "type-as-value",
        """`name: text` begins the variable with the text “text”. A type is written `{type: text}`.""",
        """\
# main.yaml
flow: main
variables: {topic: text}
nodes:
  hello: {kind: hangup}
""",
        """\
# main.yaml
flow: main
variables: {topic: {type: text}}
nodes:
  hello: {kind: hangup}
""",
    ),
    Explained(
        "bad-calendar",
        """A calendar has `weekly` hours (`mon-fri: "08:30-17:30"`), `dates`, a time zone by its name in the IANA
list, `holidays` of a country, perhaps a `base`. One of these cannot be read, does not exist, or two
spans of a day overlap.""",
        """\
open: {kind: hours, calendar: desk, open: person, closed: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
calendars: {desk: {weekly: {mun-fri: "08:00-17:00"}}}
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
        "holidays-not-known",
        """China's days off and make-up working days are announced each November for the next year; until the
package `chinese-calendar` has them, only the statutory days are known. Update it, or write the days
under `dates`.""",
        """\
open: {kind: hours, calendar: desk, open: person, closed: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
calendars: {desk: {weekly: {mon-fri: "08:00-17:00"}, holidays: CN}}
""",
        """\
open: {kind: hours, calendar: desk, open: person, closed: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
calendars: {desk: {weekly: {mon-fri: "08:00-17:00"}, dates: {2026-10-01: closed}}}
""",
    ),
    Explained(
        "unused-variable",
        """A variable that is declared, perhaps set, and that nothing reads: it is misspelt elsewhere, or not
needed.""",
        """\
# main.yaml
flow: main
variables: {topic: noise}
nodes:
  hello: {kind: say, prompt: [ask, bye], next: person}
""",
        """\
# main.yaml
flow: main
variables: {topic: noise}
nodes:
  hello: {kind: say, prompt: [ask, bye], next: tell}
  tell: {kind: queue, queue: general, reason: "{topic}", next: person}
""",
    ),
    Explained(
        "unused-parameter",
        """A flow is given something that nothing in it reads.""",
        """\
start: {kind: call, flow: booking, with: {department: a}, next: hello}
hello: {kind: say, prompt: [ask, bye], next: person}
# booking.yaml
flow: booking
parameters: {department: text}
nodes:
  note: {kind: goto, next: return}
""",
        """\
start: {kind: call, flow: booking, with: {department: a}, next: hello}
hello: {kind: say, prompt: [ask, bye], next: person}
# booking.yaml
flow: booking
parameters: {department: text}
nodes:
  note: {kind: notify, channel: supervisor, text: "{department}", next: return}
""",
    ),
)
