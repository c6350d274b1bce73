"""What each code of a fault in an expression means: for the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

FaultCode = Literal[
    "bad-expression",
    "comment-in-expression",
    "never-equal",
    "undefined-function",
    "undefined-key",
    "undefined-variable",
    "wrong-arguments",
    "wrong-operands",
    "wrong-result",
]

CODES: Final[Mapping[FaultCode, str]] = {
    "bad-expression": "CEL cannot read the expression, or it could take too long",
    "comment-in-expression": "`//` begins a comment: the rest of the expression would not count",
    "never-equal": "two things are compared that can never be equal",
    "undefined-function": "no function has this name",
    "undefined-key": "a map with known keys has none of this name",
    "undefined-variable": "a name that nothing declares or sets",
    "wrong-arguments": "a function is called with values that it does not take",
    "wrong-operands": "an operator stands between values that it does not take",
    "wrong-result": "the expression gives another type than is wanted here: a condition has to be true or false",
}
