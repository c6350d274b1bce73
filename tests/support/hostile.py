"""What careless and hostile authors write: pieces of text, values, expressions, whole files that blow up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

PIECES: Final[tuple[str, ...]] = (
    *(
        "&a ",
        "*a",
        "!!binary x",
        "!!python/name:os.system ",
        "---\n",
        "...\n",
        "\t",
        "\ufeff",
        "\x00",
        "\x07",
    ),
    *(
        "\x85",
        "\u2028",
        "\u202e",
        "\ud7ff",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        "- ",
        "# ",
        "|",
        ">-",
        "|2\n",
        "? ",
    ),
    *(
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "9" * 400,
        "-1",
        "0",
        "1e999",
        "-.inf",
        ".nan",
        "0x1F",
        "0o17",
        "1_000",
        "08:00",
    ),
    *(
        "null",
        "~",
        "true",
        "yes",
        "2026-02-30",
        "2026-11-26",
        "2026-11-26T25:00:00",
        "{zh: 1}",
        "[[]]",
        "{}",
        "[]",
    ),
    *(
        "'",
        '"',
        "\\",
        "💥",
        "<<: *a\n",
        "<<: {x: 1}\n",
        "next: next",
        "kind: queue",
        "options:",
        "= 1 +",
        "=",
    ),
    *(
        "{place:number}",
        "{",
        "{}",
        "{a.b.c:money.XXX}",
        "{n:duration}",
        "if: '((('",
        "count: -1",
        "key: 99999999999",
    ),
    *(
        "nodes: []",
        "include: [.]",
        "include: [.., /, a//b, hotline.yaml]",
        "flow: main",
        "type: text",
        "\r",
        "\n\n",
    ),
    *(
        "zh: ",
        "values: {x: = x}",
        "on: {error: {raise: error}}",
        "é" * 300,
        "x" * 5000,
        "a: " * 60,
        "[" * 300,
    ),
)

VALUES: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        10**9,
        10**17,
        -(10**30),
        10**60,
        0.5,
        -0.0,
        1e308,
        float("inf"),
        float("nan"),
    ),
    *(
        "",
        " ",
        "\n",
        "x",
        "yes",
        "main",
        "main.nowhere",
        ".",
        "..",
        "a.b.c",
        "=",
        "= ",
        "= x",
        "=1",
        "~",
        "{",
        "{x}",
    ),
    *(
        "\u3000",
        "💥",
        "\u202eabc",
        "a\tb",
        "\x85",
        "é" * 2000,
        "长" * 1500,
        "x" * 100_000,
        "\x7f",
        "0" * 50,
        "\ufdd0",
    ),
    *([], {}, [[]], [None], [1, "a", {}], {"": ""}, {"x": None}, {"id": 5}, {"id": {"id": {}}}, {"zh": 5}),
    *({"zh": "好"}, {"zh": {"by": "n", "other": "x"}}, {"zh": {"by": [], "other": 5}}, {"recording": []}),
    *({"1": "a", "0": "b"}, {"1": {}, "x": 2}, {"①": "a"}, {"²": "a"}, {"type": "text", "default": 5}),
    *(
        {"type": [], "values": {}},
        {"type": "text", "values": ["a", 5]},
        {"next": 5},
        {"kind": {}},
        {"if": []},
    ),
    *(
        {"count": 10**20},
        {"if": "x" * 3000},
        {"secret": 5},
        {"hosts": ["*"]},
        {"weekly": {"mon-sun": "00:00-24:00"}},
    ),
    *(
        {"holidays": "XX"},
        {"base": "desk"},
        {"timezone": "../../etc/passwd"},
        {"dates": {"2026-13-40": "open"}},
    ),
    *(
        "http://127.0.0.1/",
        "https://[::1",
        "file:///etc/passwd",
        "https://api.city.example/{",
        "[1-9]X{999999999}",
    ),
    *([{"if": "true", "next": "hangup"}] * 200, {"n" + str(n): n for n in range(300)}, ["x"] * 3000),
)

EXPRESSIONS: Final[tuple[str, ...]] = (
    *(
        "= 1 + 1",
        "= tries + 'a'",
        "= nowhere",
        "= said.nothing()",
        "= [1,2,3].map(x, x * x)",
        "= {'a': 1}.b",
        "= ((((1",
    ),
    *(
        "= 'a' * 3",
        "= -9223372036854775808",
        "= 9223372036854775808",
        "= 1u + 1",
        "= b'x'",
        "= 1/0",
        "= null == null",
    ),
    *(
        "= size(size(said))",
        "= call.facts.x.y.z",
        "= event.detail",
        "= now - duration('1h')",
        "= timestamp('x')",
    ),
    *(
        "= " + "(" * 200 + "1" + ")" * 200,
        "= " + "-" * 500 + "1",
        "= " + " + ".join("1" * 400),
        "= " + "a." * 300 + "b",
    ),
    *(
        "= [" * 100,
        "= {" * 100,
        "= x ? " * 100,
        "= '" + "x" * 9000 + "'",
        "= said.matches('(a+)+$')",
        '= "\\ud800"',
    ),
    *(
        "= 'a' in 'b'",
        "= // x",
        "= has(x)",
        "= has(call.facts.x)",
        "= \x00",
        "= 投诉",
        "= true ? 1 : 'a'",
        "=!vip",
        "==1",
    ),
    *(
        "= [1].all(x, [2].all(y, x < y))",
        "= type(1)",
        "= int('9' + '9')",
        "= string(now)",
        "= r'\\d'",
        "= language in []",
    ),
)

SHARED: Final[Mapping[str, str]] = {
    "hotline.yaml": """\
hotline: everything
languages: [zh, en]
entry: main
fallback: main.person
include: [library/common, parts/extra.yaml, main.yaml]
variables: {who: {type: text, default: ""}, many: {type: list}, due: {type: date}, level: {type: int, default: 1}}
timezone: Asia/Shanghai
calendars:
  desk:
    timezone: Asia/Shanghai
    weekly: {mon-fri: ["08:30-12:00", "13:30-17:30"], sat: "09:00-12:00"}
    holidays: CN
    dates: {2026-12-24: {hours: "09:00-12:00", why: early}}
  night: {base: desk, weekly: {daily: "22:00-06:00"}}
sources:
  tickets: {table: tables/tickets.csv, key: [number], types: {due: date}}
  streets: {table: tables/streets.yaml, key: [name], many: true}
  past: {history: true}
  service: {url: "https://api.city.example/{number}", headers: {Authorization: {secret: FLOW_TOKEN}}, pick: data.items}
requests: {hosts: [api.city.example, "*.city.example"]}
numbers: {police: "110"}
always:
  person: {key: 0, say: {zh: 人工, en: person}, next: main.person}
""",
    "main.yaml": """\
flow: main
title: {zh: 主, en: Main}
nodes:
  hello: {kind: say, prompt: [{id: count, values: {n: = level}}, {zh: "您好{who}", en: "Hello {who}"}], next: given}
  given: &given
    kind: call
    flow: shared_number
    with: {what: = who}
    results: {number: digits}
    next: found
    on: {number.none: {next: person}}
  again: {<<: *given, next: found}
  found: {kind: lookup, source: tickets, by: {number: = number}, into: ticket, next: read, none: again}
  read: {kind: branch, cases: [{if: "ticket.due == '2026-12-01'", next: extra}], else: person}
  person: {kind: queue, queue: general, skills: {mandarin: 2}, next: hangup}
""",
    "parts/extra.yaml": "flow: extra\nnodes:\n  bye: {kind: hangup, prompt: {zh: 再见, en: Bye}}\n",
    "library/common/library.yaml": """\
library: common
variables: {shared: 0}
calendars: {library_desk: {timezone: Asia/Shanghai, weekly: {daily: open}}}
on: {no_input: {count: 3, next: hangup}}
always: {stop: {say: {zh: 停, en: stop}, do: cancel}}
""",
    "library/common/number.yaml": """\
flow: shared_number
parameters: {what: {type: text, default: ""}}
results: {digits: text}
events: [number.none]
nodes:
  ask:
    kind: collect
    prompt: common.number
    length: {least: 1, most: 8}
    into: digits
    next: return
    on: {no_input: {count: 2, raise: number.none}}
""",
    "library/common/prompts/zh.yaml": "common.number: 请输入号码{what}\n",
    "library/common/prompts/en.yaml": "common.number: Enter the number {what}\n",
    "prompts/zh.yaml": 'count: {by: n, "=1": 一件, other: "{n:number}件"}\n',
    "prompts/en.yaml": 'count: {by: n, "=0": none, one: "{n} case", other: "{n} cases"}\n',
    "tables/tickets.csv": "number,state,due\n20260001,open,2026-12-01\n20260002,closed,2026-12-02\n",
    "tables/streets.yaml": "- {name: 人民路, district: 东}\n- {name: 中山路, district: 西}\n",
    "queues.yaml": """\
skills: {mandarin: {zh: 普通话}}
languages: {zh: {mandarin: 2}}
queues:
  general: {title: {zh: 人工}, ring_s: 20, steps: [{require: {mandarin: 3}, for_s: 20}, {prefer: {mandarin: 1}}]}
""",
    "agents.yaml": "agents:\n  - {id: a1, name: 李梅, extension: '1001', skills: {mandarin: 5}, queues: [general]}\n",
    "main.scenario.yaml": """\
given: {time: "2026-11-23 10:00", queues: {general: {after_s: 5, talks_s: 60}}}
scenarios:
  - name: a number and a person
    turns:
      - {press: "20260001", heard: common.number, node: main.person, queued: general}
      - {wait: served}
  - name: silence
    tags: [live]
    turns: [{silence: true}, {say: {text: 人工, confidence: 0.9}}, {hangup: true, ended: caller}]
""",
}
"""Included folder and file, merge keys and anchors, plural forms, tables of both kinds, calendars on each other."""


def _alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(9)]
    return "flow: main\n" + "\n".join(lines) + "\n"


def _alias_chain() -> str:
    """Each a level deeper than the one before, by aliases alone."""
    lines = ["v0: &v0 [x]", *(f"v{n + 1}: &v{n + 1} [*v{n}]" for n in range(400))]
    return (
        "flow: main\nvariables:\n" + "".join(f"  {line}\n" for line in lines) + "nodes: {a: {kind: hangup}}\n"
    )


def _wide() -> str:
    return "flow: main\nnodes:\n" + "".join(f"  n{n}: {{kind: goto, next: m{n}}}\n" for n in range(20_000))


def _many_unknown_fields() -> str:
    return (
        "flow: main\n" + "".join(f"field{n}: {n}\n" for n in range(20_000)) + "nodes: {a: {kind: hangup}}\n"
    )


def _many_variables() -> str:
    names = "".join(f"  1v{n}: {{type: txt}}\n" for n in range(15_000))
    return f"flow: main\nvariables:\n{names}nodes: {{a: {{kind: hangup}}}}\n"


def _many_options() -> str:
    options = "".join(f"      o{n}: {{key: 1, say: {{zh: 一, en: one}}, next: a}}\n" for n in range(5000))
    return f"flow: main\nnodes:\n  a:\n    kind: menu\n    options:\n{options}"


def _many_phrases() -> str:
    phrases = ", ".join(f"词{n}" for n in range(30_000))
    return f"flow: main\nnodes:\n  a: {{kind: menu, options: {{o: {{say: {{zh: [{phrases}]}}, next: a}}}}}}\n"


def _many_handlers() -> str:
    handlers = ", ".join("{count: 1, if: 'x > 1', reprompt: true}" for _ in range(8000))
    return f"flow: main\non: {{no_input: [{handlers}]}}\nnodes: {{a: {{kind: hangup}}}}\n"


def _many_expressions() -> str:
    cases = "".join(f"      - {{if: 'x{n} + y{n} > {n}', next: a}}\n" for n in range(10_000))
    return f"flow: main\nnodes:\n  a:\n    kind: branch\n    cases:\n{cases}    else: a\n"


def _long_loop() -> str:
    return "flow: main\nnodes:\n" + "".join(
        f"  n{n}: {{kind: goto, next: n{(n + 1) % 20_000}}}\n" for n in range(20_000)
    )


def _many_loops() -> str:
    """Every node leads to every other."""
    names = [f"n{n}" for n in range(120)]
    nodes = "".join(
        f"  {name}: {{kind: branch, cases: [{', '.join(f'{{if: x, next: {each}}}' for each in names)}], else: n0}}\n"
        for name in names
    )
    return "flow: main\nvariables: {x: true}\nnodes:\n" + nodes


def _prompt_bomb() -> str:
    return "".join(f"p{n}: '{{x{n}}}'\n" for n in range(20_000))


BOMBS: Final[Mapping[str, Callable[[], str]]] = {
    "alias_bomb": _alias_bomb,
    "alias_chain": _alias_chain,
    "recursive_alias": lambda: "flow: main\nnodes: &a {x: *a, kind: *a}\n",
    "recursive_merge": lambda: "flow: main\nnodes: &a {<<: *a, y: {<<: [*a]}}\n",
    "deep_lists": lambda: "flow: main\nnodes: " + "[" * 100_000,
    "deep_mappings": lambda: "flow: main\nnodes: " + "{a: " * 100_000,
    "deep_block": lambda: "".join(" " * n + "a:\n" for n in range(1300)),
    "deep_dashes": lambda: "- " * 100_000,
    "list_keys": lambda: "? [a, b]\n: {? {c: d} : e}\n",
    "long_line": lambda: "flow: main # " + "x" * 900_000,
    "long_scalar": lambda: "flow: " + "x" * 900_000 + "\nnodes: {}\n",
    "long_key": lambda: "flow: main\n? " + "x" * 900_000 + "\n: 1\nnodes: {a: {kind: hangup}}\n",
    "many_keys": lambda: "".join(f"k{n}: 1\n" for n in range(60_000)),
    "same_key": lambda: "flow: main\n" * 60_000,
    "colons": lambda: ":" * 200_000,
    "quotes": lambda: "'" * 200_000,
    "questions": lambda: "? " * 50_000,
    "anchors": lambda: (
        "flow: main\nnote: [" + ", ".join(f"&a{n} x" for n in range(50_000)) + "]\nnodes: {}\n"
    ),
    "documents": lambda: "--- a\n" * 50_000,
    "comments": lambda: "# x\n" * 200_000,
    "blank": lambda: " " * 900_000,
    "tabs": lambda: "\t" * 100_000,
    "nul": lambda: "\x00" * 1000,
    "percent": lambda: "%" * 100_000,
    "wide": _wide,
    "many_unknown_fields": _many_unknown_fields,
    "many_variables": _many_variables,
    "many_options": _many_options,
    "many_phrases": _many_phrases,
    "many_handlers": _many_handlers,
    "many_expressions": _many_expressions,
    "long_loop": _long_loop,
    "many_loops": _many_loops,
    "prompt_bomb": _prompt_bomb,
}
"""Whole files, made to take long or to break what reads them."""
