"""Files that are no YAML, or none that the language reads, and how files belong together."""

from __future__ import annotations

from ivr.flow.explained.example import Explained, files_of


def _main(content: bytes) -> dict[str, bytes]:
    return {**files_of(""), "main.yaml": content}


def _as_gb18030() -> dict[str, bytes]:
    return _main("flow: main  # 您好\nnodes:\n  hello: {kind: hangup}\n".encode("gb18030"))


def _large() -> dict[str, bytes]:
    return _main(b"flow: main\nnodes:\n  hello: {kind: hangup}\n" + b"#" * 1_000_001)


def _aliases() -> dict[str, bytes]:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(9)]
    return _main(("flow: main\n" + "\n".join(lines) + "\n").encode())


def _errors() -> dict[str, bytes]:
    nodes = "".join(f"  n{n}: {{kind: goto, next: m{n}}}\n" for n in range(300))
    return _main(f"flow: main\nnodes:\n{nodes}".encode())


EXPLAINED = (
    Explained(
        "yaml-syntax",
        """The file cannot be read as YAML, so nothing in it counts. Most often a text holds a sign that YAML uses
itself (`:`, `{`, `[`, `#`) and needs quotes, or a line is indented with a tab or to another depth than
its neighbours.""",
        """\
hello: {kind: say, prompt: {zh: 您好{name}, en: Hello}, next: hangup}
""",
        """\
hello: {kind: say, prompt: {zh: "您好", en: Hello}, next: hangup}
""",
    ),
    Explained(
        "not-utf-8",
        """All files are UTF-8, which every editor can write; other encodings of Chinese would be read as other
words. The place is that of the first byte that does not fit.""",
        """\
# (a file saved as GB 18030)
""",
        """\
# (the same file saved as UTF-8)
""",
        _as_gb18030,
    ),
    Explained(
        "too-large",
        """A file has at most 1,000,000 bytes: more than anybody can read, and loading it would take long. Flows of
one hotline may be any number of files.""",
        """\
# (a file of more than 1,000,000 bytes)
""",
        """\
# (two files, each with a `flow:` of its own)
""",
        _large,
    ),
    Explained(
        "too-deep",
        """Values stand in each other at most 40 deep, aliases counted. Nothing in the language needs more than a
dozen.""",
        """\
# main.yaml
flow: main
nodes: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "too-many-values",
        """A file holds at most 100,000 values, those that its aliases stand for counted each time. A few lines of
aliases of aliases can stand for billions of values and would fill the memory.""",
        """\
a: &a [x, x, x]
b: &b [*a, *a, *a]
c: &c [*b, *b, *b]    # and so on
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
        _aliases,
    ),
    Explained(
        "too-many-errors",
        """After 200 errors the rest is not looked for: a file that is not what it should be has one in each line.
Mend these, then check again.""",
        """\
# (a file with 200 errors)
""",
        """\
# (the same file with most of them mended)
""",
        _errors,
    ),
    Explained(
        "several-documents",
        """`---` begins a second document in the same file. One file holds one flow; the second document would be
passed over silently.""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: hangup}
---
flow: other
nodes:
  bye: {kind: hangup}
""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: hangup}
# other.yaml
flow: other
nodes:
  bye: {kind: hangup}
""",
    ),
    Explained(
        "duplicate-key",
        """A key stands twice in one mapping, and only one of the two could count: usually a node that was copied
and not renamed. Two commands under `always` cannot share a key of the phone either.""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
hello: {kind: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: end}
end: {kind: hangup}
""",
    ),
    Explained(
        "key-not-text",
        """A key of a mapping is a plain name. YAML allows lists and mappings as keys, and nothing here has such a
name.""",
        """\
hello:
  kind: hangup
  ? [a, b]
  : c
""",
        """\
hello:
  kind: hangup
  prompt: bye
""",
    ),
    Explained(
        "unknown-alias",
        """`*name` stands for a value that was marked with `&name` before it, in the same file. A value cannot
stand within itself.""",
        """\
hello: {kind: say, prompt: *greeting, next: hangup}
""",
        """\
hello: {kind: say, prompt: &greeting bye, next: again}
again: {kind: say, prompt: *greeting, next: hangup}
""",
    ),
    Explained(
        "unknown-tag",
        """YAML's tags (`!name`, `!!str`) say how a value is to be read, and here the language says that itself.""",
        """\
hello: {kind: say, prompt: !text bye, next: hangup}
""",
        """\
hello: {kind: say, prompt: bye, next: hangup}
""",
    ),
    Explained(
        "unreadable",
        """The folder, or a file that it includes, cannot be opened: it is somebody else's, or its name is not
possible here.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
include:
  - "a_folder_whose_name_is_longer_than_any_file_system_takes_\\
     a_folder_whose_name_is_longer_than_any_file_system_takes_\\
     a_folder_whose_name_is_longer_than_any_file_system_takes_\\
     a_folder_whose_name_is_longer_than_any_file_system_takes_\\
     a_folder_whose_name_is_longer_than_any_file_system_takes_"
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
always: {person: {key: 0, next: person}}
""",
    ),
    Explained(
        "no-flows",
        """There is no flow here. A flow is a file with `flow:` and `nodes:`, or a `hotline.yaml` with `nodes:`.""",
        """\
# main.yaml

# person.yaml

# hotline.yaml
hotline: example
languages: [zh, en]
""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: hangup}
# person.yaml

# hotline.yaml
hotline: example
languages: [zh, en]
""",
    ),
    Explained(
        "no-nodes",
        """A flow has at least one node; the first is where it begins.""",
        """\
# main.yaml
flow: main
nodes: {}
""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: hangup}
""",
    ),
    Explained(
        "duplicate-flow",
        """Two files say `flow:` with the same name, so nothing could lead to one of them. The file's own name does
not count.""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: hangup}
# other.yaml
flow: main
nodes:
  bye: {kind: hangup}
""",
        """\
# main.yaml
flow: main
nodes:
  hello: {kind: goto, next: other}
# other.yaml
flow: other
nodes:
  bye: {kind: hangup}
""",
    ),
    Explained(
        "bad-include",
        """`include` names folders or files of shared flows inside the folder of the flows, so that a version is
whole wherever it is laid out: no `..`, no absolute path.""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
include: [../shared]
always: {person: {key: 0, next: person}}
""",
        """\
# hotline.yaml
hotline: example
languages: [zh, en]
fallback: person
include: [library/common]
always: {person: {key: 0, next: person}}
# library/common/library.yaml
library: common
""",
    ),
    Explained(
        "routing",
        """A fault in `queues.yaml` or `agents.yaml`, which belong to the routing: the cause says which.""",
        """\
# queues.yaml
queues:
  general: {ring_s: soon}
""",
        """\
# queues.yaml
queues:
  general: {ring_s: 20}
""",
    ),
    Explained(
        "duplicate-scenario",
        """Scenarios are told apart by their names, in what `ivr test` prints and in reports.""",
        """\
# main.scenario.yaml
scenarios:
  - {name: one, turns: [{silence: true}]}
  - {name: one, turns: [{hangup: true}]}
""",
        """\
# main.scenario.yaml
scenarios:
  - {name: one, turns: [{silence: true}]}
  - {name: two, turns: [{hangup: true}]}
""",
    ),
)
