"""What is said: ids, texts, translations, plural forms, lengths, sound."""

from __future__ import annotations

from ivr.flow.explained.example import Explained, files_of


def _too_long() -> dict[str, bytes]:
    text = (
        "flow: main\nnodes:\n  hello: {kind: say, prompt: {zh: "
        + "好" * 1001
        + ", en: Hello}, next: hangup}\n"
    )
    return {**files_of(""), "main.yaml": text.encode()}


EXPLAINED = (
    Explained(
        "bad-prompt",
        """A prompt is an id (`menu.choices`), texts by language (`{zh: 您好, en: Welcome}`), or `{id: ..., values:
...}`; several of them stand in a list. A plain text is taken for an id.""",
        """\
hello: {kind: say, prompt: Welcome to us, next: hangup}
""",
        """\
hello: {kind: say, prompt: {zh: 欢迎, en: Welcome to us}, next: hangup}
""",
    ),
    Explained(
        "bad-prompt-id",
        """The id of a prompt has letters, digits, `_`, and `-` or dots between them; it is also the name of its
recording.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/zh.yaml
bye: 再见
ask me: 请按键
# prompts/en.yaml
bye: Goodbye
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/zh.yaml
bye: 再见
ask_me: 请按键
# prompts/en.yaml
bye: Goodbye
ask_me: Press a key
""",
    ),
    Explained(
        "bad-prompt-text",
        """A brace names a value that is said here: `{name}`, or `{name:number}` with a way to say it. A brace that
is meant to be said is doubled: `{{`.""",
        """\
hello: {kind: say, prompt: {zh: "您好{call.number:phone}", en: Hello}, next: hangup}
""",
        """\
hello: {kind: say, prompt: {zh: "您好{call.number:digits}", en: "Hello {call.number:digits}"}, next: hangup}
""",
    ),
    Explained(
        "missing-translation",
        """A prompt that is said in the caller's language has a text in each of the hotline's languages; else some
callers would hear nothing.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/en.yaml
ask: Press a key
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/en.yaml
ask: Press a key
bye: Goodbye
""",
    ),
    Explained(
        "different-values",
        """The texts of a prompt in two languages do not say the same values: usually one was changed and the other
forgotten.""",
        """\
hello: {kind: say, prompt: {zh: "您拨打的是{call.number:digits}", en: Welcome}, next: hangup}
""",
        """\
hello: {kind: say, prompt: {zh: "您拨打的是{call.number:digits}", en: "This is {call.number:digits}"}, next: hangup}
""",
    ),
    Explained(
        "bad-plural",
        """Plural forms are written `{by: n, one: ..., other: ...}`: `by` names the value that decides, `other` is
always there, and the others are forms that the language has, or `"=1"` for just that number.""",
        """\
hello: {kind: say, prompt: [{id: count, values: {n: 3}}], next: hangup}
# prompts/zh.yaml
count: {by: n, other: "{n}件"}
# prompts/en.yaml
count: {one: "{n} case", other: "{n} cases"}
""",
        """\
hello: {kind: say, prompt: [{id: count, values: {n: 3}}], next: hangup}
# prompts/zh.yaml
count: {by: n, other: "{n}件"}
# prompts/en.yaml
count: {by: n, one: "{n} case", other: "{n} cases"}
""",
    ),
    Explained(
        "missing-plural-form",
        """The language has a form (`one` in English) that this prompt does not; `other` is said instead, as in “1
cases”.""",
        """\
hello: {kind: say, prompt: [{id: count, values: {n: 3}}], next: hangup}
# prompts/zh.yaml
count: {by: n, other: "{n}件"}
# prompts/en.yaml
count: {by: n, other: "{n} cases"}
""",
        """\
hello: {kind: say, prompt: [{id: count, values: {n: 3}}], next: hangup}
# prompts/zh.yaml
count: {by: n, other: "{n}件"}
# prompts/en.yaml
count: {by: n, one: "{n} case", other: "{n} cases"}
""",
    ),
    Explained(
        "unused-value",
        """The node gives the prompt a value that its text does not say.""",
        """\
hello: {kind: say, prompt: {id: bye, values: {who: 5}}, next: hangup}
""",
        """\
hello: {kind: say, prompt: {id: bye, values: {who: 5}}, next: hangup}
# prompts/zh.yaml
bye: "{who}，再见"
# prompts/en.yaml
bye: "Goodbye, {who}"
""",
    ),
    Explained(
        "prompt-too-long",
        """A prompt has at most 1,000 characters: some minutes of speech, to which nobody listens.""",
        """\
# (a text of more than 1,000 characters)
""",
        """\
# (the same text in two prompts, with a question between them)
""",
        _too_long,
    ),
    Explained(
        "long-prompt",
        """A text that takes more than 15 s to say. Callers forget what came first; split it, or say less.""",
        """\
hello:
  kind: say
  prompt:
    zh: >-
      您好，这里是市民服务热线，请您耐心听完以下说明，
      您好，这里是市民服务热线，请您耐心听完以下说明，
      您好，这里是市民服务热线，请您耐心听完以下说明，
      您好，这里是市民服务热线，请您耐心听完以下说明，
      您好，这里是市民服务热线，请您耐心听完以下说明，
    en: Hello
  next: hangup
""",
        """\
hello: {kind: say, prompt: {zh: 您好，这里是市民服务热线, en: Hello}, next: hangup}
""",
    ),
    Explained(
        "long-node",
        """All that a node says in one go takes more than 45 s. Give it fewer choices, or make it two questions.""",
        """\
hello:
  kind: say
  prompt:
    - zh: >-
        您好，这里是市民服务热线，请您耐心听完以下说明，
        您好，这里是市民服务热线，请您耐心听完以下说明，一
      en: Hello
    - zh: >-
        您好，这里是市民服务热线，请您耐心听完以下说明，
        您好，这里是市民服务热线，请您耐心听完以下说明，二
      en: Hello
    - zh: >-
        您好，这里是市民服务热线，请您耐心听完以下说明，
        您好，这里是市民服务热线，请您耐心听完以下说明，三
      en: Hello
    - zh: >-
        您好，这里是市民服务热线，请您耐心听完以下说明，
        您好，这里是市民服务热线，请您耐心听完以下说明，四
      en: Hello
    - zh: >-
        您好，这里是市民服务热线，请您耐心听完以下说明，
        您好，这里是市民服务热线，请您耐心听完以下说明，五
      en: Hello
  next: hangup
""",
        """\
hello: {kind: say, prompt: [{zh: 您好, en: Hello}], next: hangup}
""",
    ),
    Explained(
        "missing-audio",
        """No recording and no natural voice says this prompt yet: callers would hear the quick stand-in voice, or
wait until it is there. `ivr prompts render` makes the natural voice, `ivr prompts script` is for a
voice artist.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# (with recordings/zh/bye.wav and recordings/en/bye.wav)
""",
    ),
    Explained(
        "unused-prompt",
        """No flow says this prompt. Prompts that begin with `agent.` or `error.` are said by the server itself.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
# prompts/zh.yaml
bye: 再见
# prompts/en.yaml
bye: Goodbye
""",
    ),
)
