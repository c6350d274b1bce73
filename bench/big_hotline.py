"""The sources of a large hotline: so many flows of so many nodes, as operators write them. For measurements of loading.

Every kind of node is there in turn; prompts by id and written in place, in two languages; handlers, expressions,
options with phrases, a calendar, a table, subflows with parameters. It has no fault. Two hotlines with different marks
share no prompt.
"""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("zh", "en")

HOTLINE: Final = """\
hotline: big
languages: [zh, en]
entry: flow_0
fallback: flow_0.people
farewell: {zh: 再见, en: Goodbye}
variables:
  tries: {type: int, default: 0}
  topic: {type: text, values: [noise, water, roads]}
  said: ""
  vip: false
  rating: 0
on:
  no_input: {count: 2, next: flow_0.people}
  no_match: [{count: 2, next: flow_0.people}, {reprompt: true}]
always:
  person: {key: 0, say: {zh: [人工, 转人工, 接线员], en: [person, agent, a human]}, next: flow_0.people}
  back: {key: "*", say: {zh: [返回, 上一步], en: [go back]}, do: back}
  repeat: {key: "#", say: {zh: [再说一遍], en: [repeat, say that again]}, do: repeat}
  crisis: {urgent: true, say: {zh: [不想活, 自杀], en: [suicide, kill myself]}, into: said, next: flow_0.people}
calendars:
  desk: {timezone: Asia/Shanghai, weekly: {mon-fri: ["08:30-12:00", "13:30-17:30"]}, holidays: CN}
numbers: {police: "110", ambulance: "120"}
sources:
  tickets: {table: tables/tickets.csv, key: [number]}
requests: {hosts: [api.city.example]}
confirm: {before: {zh: 您是说, en: Did you say}, after: {zh: 对吗, en: Is that right?}}
"""

QUEUES: Final = "queues:\n  general: {}\n"
TICKETS: Final = "number,state\n20260001,open\n20260002,closed\n"

# Each is one node. N: its number. NEXT: the node after it. ID: its own prompt. F: the number of the flow.
_NODES: Final = (
    """\
  nN:
    kind: say
    prompt: [ID, {zh: 第F类事项第N步的说明MARK。, en: "Matter F, step N: what you should know.MARK"}]
    next: NEXT
""",
    """\
  nN:
    kind: menu
    prompt: {1: [ID], 2: {zh: 请再选一次第N项MARK。, en: "Please choose again, step N.MARK"}}
    options:
      complaint: {key: 1, say: {zh: [投诉N, 举报N], en: [complain about N, report N]}, next: NEXT}
      question: {key: 2, say: {zh: [咨询N], en: [question N]}, set: {topic: water, tries: = tries + 1}, next: NEXT}
      progress: {key: 3, say: {zh: [进度N], en: [progress N]}, if: "tries < 3", next: people}
    on:
      no_input: {say: {zh: 没有听到您的选择。, en: I did not hear your choice.}, reprompt: true}
      no_match: [{count: 2, say: ID, next: people}, {reprompt: true}]
""",
    """\
  nN:
    kind: branch
    cases:
      - {if: "tries > N && topic == 'noise'", next: people}
      - {if: "size(said) >= N || vip", next: NEXT}
    else: NEXT
""",
    """\
  nN:
    kind: ask
    prompt: {1: ID, 2: {zh: 请用一句话说第N件事MARK。, en: "Say in one sentence what N is about.MARK"}}
    into: said
    intent: intent_N
    options:
      noise: {key: 1, say: {zh: [噪音, 太吵], en: [noise, loud]}, next: NEXT}
      water: {key: 2, say: {zh: [停水, 漏水], en: [water, leak]}, next: NEXT}
    next: NEXT
    on:
      error.asr: {next: NEXT}
""",
    """\
  nN:
    kind: set   # what the agent sees
    values: {tries: = tries + N, note_N: "= said + ' / N'"}
    next: NEXT
""",
    """\
  nN:
    kind: collect
    prompt: ID
    length: {least: 6, most: 12}
    into: ticket_N
    next: NEXT
""",
    """\
  nN:
    kind: confirm
    prompt: [{zh: "您是说{said}吗MARK", en: "Did you mean {said}?MARK"}, ID]
    yes: NEXT
    no: people
""",
    "  nN: {kind: hours, calendar: desk, open: NEXT, closed: people}\n",
    """\
  nN:
    kind: lookup
    source: tickets
    by: {number: = said}
    into: found_N
    next: NEXT
    none: people
""",
    "  nN: {kind: language, language: en, next: NEXT}\n",
    """\
  nN:
    kind: call
    flow: helper
    with: {what: "= topic + 'N'"}
    results: {answer_N: reply}
    next: NEXT
""",
    """\
  nN:
    kind: request
    url: "https://api.city.example/tickets/{said}"
    meanwhile: {prompt: ID}
    set: {state_N: = answer.state}
    next: NEXT
    on:
      error.request.status: {if: event.detail.status == 404, say: ID, next: people}
      error.request: {say: ID, next: people}
""",
    """\
  nN:
    kind: record
    prompt: ID
    longest_s: 60
    into: message_N
    next: NEXT
""",
    """\
  nN:
    kind: notify
    channel: supervisor
    text: "matter N: {topic}, {said}"
    next: NEXT
""",
    """\
  nN:
    kind: transfer
    to: {number: police}
    prompt: ID
    next: NEXT
    on:
      error.transfer.busy: {next: NEXT}
      error.transfer: {say: ID, next: people}
""",
    """\
  nN:
    kind: queue
    queue: general
    prompt: ID
    priority: "= vip ? 50 : N"
    reason: "{topic}: {said}"
    comfort: {prompts: [ID], every_s: 45}
    options:
      callback: {key: 1, say: {zh: [回拨], en: [call me back]}, next: NEXT}
    next: NEXT
    on:
      error.queue.full: {say: ID, next: NEXT}
""",
    """\
  nN:
    kind: callback
    queue: general
    reason: "{topic}"
    next: NEXT
    on:
      error.callback: {say: ID, next: people}
""",
    "  nN: {kind: survey, prompt: ID, into: rating, next: NEXT}\n",
    "  nN: {kind: goto, next: NEXT}\n",
)

_LAST: Final = """\
  people: {kind: queue, queue: general, prompt: person.transfer, next: bye}
  bye: {kind: hangup, prompt: person.bye}
"""

_HELPER: Final = """\
flow: helper
parameters: {what: text}
results: {reply: text}
variables: {reply: ""}
nodes:
  say: {kind: say, prompt: helper.say, next: give}
  give: {kind: return, results: {reply: = what}}
"""


def sources(mark: str = "", *, flows: int = 200, nodes: int = 50) -> dict[str, bytes]:
    """name -> content; the flow `helper` comes on top. mark: a letter or so in every prompt."""
    files = {
        "hotline.yaml": HOTLINE,
        "queues.yaml": QUEUES,
        "tables/tickets.csv": TICKETS,
        "helper.yaml": _HELPER,
    }
    prompts = {
        "zh": f"person.transfer: 正在为您转接{mark}。\nperson.bye: 再见{mark}。\nhelper.say: 请稍等{{what}}{mark}。\n",
        "en": f"person.transfer: One moment.{mark}\nperson.bye: Goodbye.{mark}\nhelper.say: Wait, {{what}}.{mark}\n",
    }
    for flow in range(flows):
        body = [f'flow: flow_{flow}\ntitle: {{zh: 第{flow}类, en: "Matter {flow}"}}\nnodes:\n']
        for number in range(nodes - 2):
            written = _NODES[number % len(_NODES)]
            prompt = f"flow_{flow}.n{number}"
            if "ID" in written:
                prompts["zh"] += f"{prompt}: 第{flow}类事项的第{number}步，请您选择{mark}。\n"
                prompts["en"] += f"{prompt}: This is step {number} of matter {flow}, please choose.{mark}\n"
            following = f"n{number + 1}" if number < nodes - 3 else "people"
            body.append(_filled(written, flow, number, following, prompt, mark))
        files[f"flow_{flow}.yaml"] = "".join([*body, _LAST])
    files |= {f"prompts/{language}.yaml": prompts[language] for language in LANGUAGES}
    return {name: text.encode() for name, text in files.items()}


def _filled(written: str, flow: int, number: int, following: str, prompt: str, mark: str) -> str:
    text = written.replace("NEXT", "\0").replace("ID", "\1").replace("MARK", mark)
    text = text.replace("N", str(number)).replace("F", str(flow))
    return text.replace("\0", following).replace("\1", prompt)
