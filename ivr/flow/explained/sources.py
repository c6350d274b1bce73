"""What flows ask of the world around them: numbers, queues, skills, tables, services; what scenarios give of it."""

from __future__ import annotations

from ivr.flow.explained.example import Explained

EXPLAINED = (
    Explained(
        "unknown-number",
        """A `transfer` dials only `numbers` of `hotline.yaml`, by their names, so that nobody can be sent to a
number that nobody approved.""",
        """\
police: {kind: transfer, to: {number: polize}, next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
numbers: {police: "110"}
""",
        """\
police: {kind: transfer, to: {number: police}, next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
numbers: {police: "110"}
""",
    ),
    Explained(
        "unknown-queue",
        """`queue` is one of `queues.yaml`.""",
        """\
wait: {kind: queue, queue: generl, next: hangup}
# queues.yaml
queues: {general: {}}
""",
        """\
wait: {kind: queue, queue: general, next: hangup}
# queues.yaml
queues: {general: {}}
""",
    ),
    Explained(
        "no-effect",
        """A rule of a queue changes nothing, or not what it says, as agents and other queues are: a part of the calls
for a label that no agent has, agents by `rank` when all have the same, an overflow at closing time into a queue that
closes then too.""",
        """\
# queues.yaml
queues: {general: {shares: {vendor: {north: 60, south: 40}}}}
# agents.yaml
agents: [{id: a1, name: 李梅, extension: "1001", queues: [general], labels: {vendor: north}}]
""",
        """\
# queues.yaml
queues: {general: {shares: {vendor: {north: 60, south: 40}}}}
# agents.yaml
agents:
  - {id: a1, name: 李梅, extension: "1001", queues: [general], labels: {vendor: north}}
  - {id: a2, name: 王强, extension: "1002", queues: [general], labels: {vendor: south}}
""",
    ),
    Explained(
        "no-queues",
        """Calls wait in a queue, and there is no `queues.yaml` that says what a queue is. A server takes no such
version.""",
        """\
wait: {kind: queue, queue: general, next: hangup}
# queues.yaml
""",
        """\
wait: {kind: queue, queue: general, next: hangup}
# queues.yaml
queues: {general: {}}
""",
    ),
    Explained(
        "unknown-skill",
        """`skills` of a queue or a callback are those of `queues.yaml`, each with its least level.""",
        """\
wait: {kind: queue, queue: general, skills: {mandrin: 2}, next: hangup}
# queues.yaml
skills: {mandarin: {zh: 普通话}}
queues: {general: {}}
""",
        """\
wait: {kind: queue, queue: general, skills: {mandarin: 2}, next: hangup}
# queues.yaml
skills: {mandarin: {zh: 普通话}}
queues: {general: {}}
""",
    ),
    Explained(
        "unstaffed-skill",
        """No agent of the queue in `agents.yaml` has the skill at that level, so nobody could ever take such a
call: the queue's step would end at once, and a caller of that language, or from that node, would wait
in vain. Agents who are known to the database only are not seen here.""",
        """\
wait: {kind: queue, queue: general, skills: {mandarin: 4}, next: hangup}
# queues.yaml
skills: {mandarin: {zh: 普通话}}
queues: {general: {}}
# agents.yaml
agents: [{id: a1, name: 李梅, extension: "1001", skills: {mandarin: 3}, queues: [general]}]
""",
        """\
wait: {kind: queue, queue: general, skills: {mandarin: 3}, next: hangup}
# queues.yaml
skills: {mandarin: {zh: 普通话}}
queues: {general: {}}
# agents.yaml
agents: [{id: a1, name: 李梅, extension: "1001", skills: {mandarin: 3}, queues: [general]}]
""",
    ),
    Explained(
        "unknown-source",
        """`source` of a `lookup` is one of `sources` in `hotline.yaml`.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
# main.yaml
flow: main
nodes:
  search: {kind: lookup, source: ticket, by: {number: "20260001"}, into: ticket, next: hangup, none: hangup}
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
# main.yaml
flow: main
nodes:
  search: {kind: lookup, source: tickets, by: {number: "20260001"}, into: ticket, next: hangup, none: hangup}
""",
    ),
    Explained(
        "unknown-column",
        """`by` of a `lookup` names columns of the table, or the places `{name}` of the web address.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
# main.yaml
flow: main
nodes:
  search: {kind: lookup, source: tickets, by: {numbr: "20260001"}, into: ticket, next: hangup, none: hangup}
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
# main.yaml
flow: main
nodes:
  search: {kind: lookup, source: tickets, by: {number: "20260001"}, into: ticket, next: hangup, none: hangup}
""",
    ),
    Explained(
        "unknown-table",
        """`table` of a source is a file of the folder: `tables/...csv` or `tables/...yaml`.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/ticket.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
""",
    ),
    Explained(
        "bad-table",
        """The table cannot be read: a row with too few or too many cells, a value that is not of its column's
type, or a key that is empty or stands twice, so that the row could never be found.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open,late
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
sources: {tickets: {table: tables/tickets.csv, key: [number]}}
# tables/tickets.csv
number,state
20260001,open
""",
    ),
    Explained(
        "unknown-host",
        """Requests go only to `hosts` that `hotline.yaml` allows, so that no expression and no typing error sends
what a caller said to a stranger.""",
        """\
ask: {kind: request, url: "https://api.town.example/x", next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
requests: {hosts: [api.city.example]}
""",
        """\
ask: {kind: request, url: "https://api.city.example/x", next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
requests: {hosts: [api.city.example]}
""",
    ),
    Explained(
        "bad-url",
        """An address begins with `https://` (or `http://`), has a host, and a variable only within its path or
query.""",
        """\
ask: {kind: request, url: "api.city.example/x", next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
requests: {hosts: [api.city.example]}
""",
        """\
ask: {kind: request, url: "https://api.city.example/x", next: hangup}
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
requests: {hosts: [api.city.example]}
""",
    ),
    Explained(
        "unknown-fact",
        """A scenario gives a fact of the call (`given: {facts: ...}`) that no flow looks at: the name is misspelt,
or the scenario tries something that does not exist.""",
        """\
hello: {kind: branch, cases: [{if: call.facts.age >= 65, next: person}], else: hangup}
# main.scenario.yaml
scenarios:
  - {name: old, given: {facts: {agee: 70}}, turns: [{hangup: true}]}
""",
        """\
hello: {kind: branch, cases: [{if: call.facts.age >= 65, next: person}], else: hangup}
# main.scenario.yaml
scenarios:
  - {name: old, given: {facts: {age: 70}}, turns: [{hangup: true}]}
""",
    ),
    Explained(
        "unknown-value",
        """`history` of a scenario has the values of `call.history`: `calls`, `days` and so on.""",
        """\
hello: {kind: branch, cases: [{if: call.history.calls > 2, next: person}], else: hangup}
# main.scenario.yaml
scenarios:
  - {name: again, given: {history: {cals: 3}}, turns: [{hangup: true}]}
""",
        """\
hello: {kind: branch, cases: [{if: call.history.calls > 2, next: person}], else: hangup}
# main.scenario.yaml
scenarios:
  - {name: again, given: {history: {calls: 3}}, turns: [{hangup: true}]}
""",
    ),
    Explained(
        "unknown-file",
        """A scenario names a recording (`audio`) that is not there. The file stands beside the scenario; the call that
`ivr test --live` makes says it.""",
        """\
hello: {kind: ask, prompt: ask, into: said, next: hangup}
# main.scenario.yaml
scenarios:
  - {name: spoken, turns: [{say: 你好, audio: hallo.wav}]}
""",
        """\
hello: {kind: ask, prompt: ask, into: said, next: hangup}
# main.scenario.yaml
scenarios:
  - {name: spoken, turns: [{say: 你好, audio: hello.wav}]}
# hello.wav
(the recording)
""",
    ),
)
