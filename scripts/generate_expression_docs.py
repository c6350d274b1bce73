"""Writes docs/expressions.md: prose, and tables from the language's own data. `--check` only compares."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from ivr.flow.expressions.effort import MAX_ITEMS_NESTED
from ivr.flow.expressions.evaluate import MAX_SOURCE
from ivr.flow.expressions.functions import MAX_ITEMS, MAX_TEXT
from ivr.flow.expressions.parser import RESERVED
from ivr.flow.expressions.tables import expression_tables

TARGET = Path(__file__).resolve().parents[1] / "docs" / "expressions.md"

HEAD = """# Expressions

A condition (`if`) is an expression; so is a value that begins with `=`:

```yaml
  often: {kind: branch, cases: [{if: "tries >= 3", next: person}], else: ask}
  person: {kind: queue, queue: general, priority: "= vip ? 50 : 0", next: survey}
```

They are written in [CEL](https://cel.dev), the language that Kubernetes and Google Cloud use for such conditions, with
some functions for a hotline added. An expression only computes: it changes nothing, waits for nothing, and can do no
harm to a call. If it fails while a call runs, a condition counts as false, a value as null, and the journal says why.
`ivr check` finds nearly all that could fail before a call does.

## Examples from a hotline

| expression | says |
|---|---|
| `tries >= 3` | the third try |
| `topic == 'noise' && language != 'en'` | about noise, and not in English |
| `topic in ['noise', 'water']` | about one of these |
| `time.weekday in ['sat', 'sun'] \\|\\| time.clock >= '17:30'` | at the weekend, or late |
| `time.date >= '2026-10-01' && time.date <= '2026-10-07'` | in the holiday week |
| `contains_any(said, ['漏水', '停水', 'water leak'])` | the caller spoke of one of these |
| `call.history.known && call.history.calls_7d >= 2` | has called twice this week |
| `call.history.last_topic == topic && minutes_since(call.history.last_at) < 60` | called about the same an hour ago |
| `default(call.facts.age, 0) >= 65` | is known to be 65 or older |
| `call.caller == '' ? 'unknown' : masked(call.caller)` | the number as it may be shown |
| `is_mobile(call.caller)` | can be sent a text message |
| `ticket.matches('^[A-Z]{2}[0-9]{4}-[0-9]{4}$')` | looks like a ticket number |
| `default(response.items[0].due, '')` | the date in the first item of an answer |
| `response.items.filter(i, i.due < time.date).map(i, i.id)` | the ids of those that are overdue |
| `size(said) > 20 ? first(said, 20) + '...' : said` | the beginning of what was said |
| `'No. ' + text(tries + 1)` | a text with a number in it |

## How they are written

| | |
|---|---|
| texts | `'noise'` or `"noise"`; in YAML put the whole expression into the other kind of quotes |
| numbers | `3` is a whole number, `3.0` a decimal one |
| true, false, null | `true`, `false`, `null` |
| lists, maps | `['noise', 'water']`, `{'topic': topic, 'tries': 3}` |
| a part of a map, an item of a list | `call.caller`, `call['caller']`, `call.speech[0]` (the first is 0) |
| compare | `==` `!=` `<` `<=` `>` `>=` |
| and, or, not | `&&` `\\|\\|` `!`, as `!(vip && old)` |
| one of several | `topic in ['noise', 'water']`; a key of a map: `'age' in call.facts` |
| calculate | `+` `-` `*` `/` `%`; `+` joins texts and lists too |
| this or that | `vip ? 50 : 0` |
| is there a key | `has(call.facts.age)` |
| any, all, exactly one of a list | `list.exists(x, x > 3)`, `list.all(x, x > 3)`, `list.exists_one(x, x > 3)` |
| a list made of a list | `list.map(x, x * 2)`, `list.filter(x, x > 3)` |
| times | `now + duration('10m')`, `now - duration('24h')` |

Functions are called before or after their first value: `last(said, 4)` is `said.last(4)`.

## Variables and their types

A variable is declared with its first value, or with its type:

```yaml
variables:
  tries: 0
  said: ""
  topic: {type: text, values: [noise, water, consult]}
  born: {type: date}
  price: {type: number, default: 0}
  answer: {type: any}
```

| type | holds | until it is set |
|---|---|---|
| `text` | a text; with `values`, one of these | `""` |
| `int` | a whole number | `0` |
| `number` | a number with decimals | `0.0` |
| `bool` | true or false | `false` |
| `list`, `map` | a list, a map | empty |
| `date` | `2026-10-01` | `""` |
| `time` | a time of day: `08:30` | `""` |
| `any` | anything, and nothing of it is checked | null |

## Pitfalls

- **Kinds of numbers are not mixed in calculations.** `waited_s / 60` fails when `waited_s` has decimals: write `60.0`,
  or `double(tries)`. Comparing is free: `waited_s > 60`. Whole numbers divide to whole numbers: `7 / 2 == 3`.
- **Texts and numbers are not mixed.** Keys that were pressed are text: `code == '42'`, or `int(code) == 42`. For a text
  with a number in it: `'No. ' + text(tries)`.
- **A key that is missing is an error, not null.** Of what comes from outside (`call.facts`, an answer) use
  `default(call.facts.age, 0)`, or ask first: `has(call.facts.age) && call.facts.age >= 65`. `has` wants the maps before
  the last key to be there; `default` does not.
- **Times of day and dates are texts**, so write all their digits: `'08:00'`, `'2026-01-05'`. `'8:00'` would come after
  `'17:30'`; the check finds that.
- **Months and weekdays of `now` count from 0**, those of `time` as people do: use `time.month` and `time.weekday`.
- **`=` compares nothing**, `and`, `or` and `not` are `&&`, `||` and `!`, and `//` begins a comment.
- **In YAML** an expression with `: `, ` #`, or a quote, brace or `!` at its beginning needs quotes around it.
- **The keyboard**: `（` `＝` `“` are other signs than `(` `=` `"`. Only within texts may they stand.
- **Patterns** of `matches` are those of RE2 and stand there in quotes. They fit anywhere unless they begin with `^` and
  end with `$`. Write `[0-9]` for digits: `\\d` knows those of all scripts and takes a hundred times as long.
"""

RESERVED_WORDS = ", ".join(f"`{word}`" for word in sorted({*RESERVED, "in", "true", "false", "null"}))
LIMITS = (
    f"{MAX_SOURCE:,} characters an expression; a text of {MAX_TEXT:,} characters and a list of {MAX_ITEMS:,} items as "
    f"its value. Lists that it goes through may have {MAX_ITEMS:,} items, {MAX_ITEMS_NESTED} where it goes through "
    "lists within each other; what could take long enough to be felt in other calls is refused when the flow is read.",
    f"No variable can be called {RESERVED_WORDS}.",
)


def page() -> str:
    limits = "".join(f"\n{textwrap.fill(paragraph, 120)}\n" for paragraph in LIMITS)
    return f"{HEAD}\n{expression_tables()}\n## Limits\n{limits}"


def main() -> int:
    if "--check" in sys.argv:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page():
            return 0
        print(f"{TARGET.name} is not current: run scripts/generate_expression_docs.py")
        return 1
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
