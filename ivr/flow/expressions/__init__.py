"""Conditions and computed values: CEL, the Common Expression Language (decisions 0031 and 0034). Pure.

CEL has no loops, no assignment and no access to Python, so an operator's expression can do no harm but fail. The
library (`cel`) evaluates; what is ours around it: a reader that gives a tree (lexer, parser), types and what can be
named (types, standard), functions (functions, added), a checker for the linter (check, rules, operators, calls), a
limit of what an expression may cost (effort), and `Expression`, which runs one (plan, evaluate).
"""

from ivr.flow.expressions.added import FUNCTIONS as FUNCTIONS
from ivr.flow.expressions.check import CheckResult as CheckResult
from ivr.flow.expressions.check import ExprFault as ExprFault
from ivr.flow.expressions.check import check as check
from ivr.flow.expressions.check import column_of as column_of
from ivr.flow.expressions.codes import CODES as CODES
from ivr.flow.expressions.declarations import DeclarationError as DeclarationError
from ivr.flow.expressions.declarations import parse_declaration as parse_declaration
from ivr.flow.expressions.evaluate import Expression as Expression
from ivr.flow.expressions.evaluate import ExpressionError as ExpressionError
from ivr.flow.expressions.evaluate import ExpressionFailed as ExpressionFailed
from ivr.flow.expressions.parser import RESERVED as RESERVED
from ivr.flow.expressions.standard import STANDARD as STANDARD
from ivr.flow.expressions.standard import time_of as time_of
from ivr.flow.expressions.types import ANY as ANY
from ivr.flow.expressions.types import BOOL as BOOL
from ivr.flow.expressions.types import CLOCK as CLOCK
from ivr.flow.expressions.types import DATE as DATE
from ivr.flow.expressions.types import DOUBLE as DOUBLE
from ivr.flow.expressions.types import INT as INT
from ivr.flow.expressions.types import LIST as LIST
from ivr.flow.expressions.types import MAP as MAP
from ivr.flow.expressions.types import TEXT as TEXT
from ivr.flow.expressions.types import Type as Type
from ivr.flow.expressions.types import accepts as accepts
from ivr.flow.expressions.types import coerced as coerced
from ivr.flow.expressions.types import describe as describe
from ivr.flow.expressions.types import fits as fits
from ivr.flow.expressions.types import infer as infer
from ivr.flow.expressions.types import join as join
from ivr.flow.expressions.types import list_of as list_of
from ivr.flow.expressions.types import map_of as map_of
from ivr.flow.expressions.types import one_of as one_of
from ivr.flow.expressions.types import open_map as open_map
