"""The parts that node kinds share, as an author writes them: pydantic models, strict, with their documentation.

Prompts, handlers and spoken phrases have short forms (a text where a list may stand); `build.py` reads those, because
its messages are clearer than those of a union.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.flow.calendar_model import CalendarModel


class Strict(BaseModel):
    """Unknown fields are faults; a text is no number and a number no text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _key_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[str, BeforeValidator(_key_text), Field(pattern=r"^[0-9*#A-D]{1,8}$")]
"""Keys of the phone. `key: 1` and `key: "1"` are the same; `"*"` and `"#"` need their quotes."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Target = Annotated[str, Field(min_length=1, max_length=130)]
"""A node of the same flow, `flow.node`, or the name of a flow (its start)."""
Seconds = Annotated[float, Field(gt=0, le=3600)]
Share = Annotated[float, Field(ge=0, le=1)]
Prompts = Any
Phrases = Any
Handlers = dict[str, Any]


class BargeIn(Strict):
    """Three flags, not one."""

    interrupt: bool | None = Field(None, description="a key or speech stops the prompt (default true)")
    listen: bool | None = Field(
        None, description="speech is recognised while the prompt plays (default true)"
    )
    flush: bool | None = Field(None, description="keys typed ahead are dropped on entering (default false)")


class Timers(Strict):
    first_input_s: Seconds | None = Field(
        None, description="silence after the prompt until `no_input` (default 8)"
    )
    inter_digit_s: Seconds | None = Field(None, description="pause between two keys (default 3)")
    terminator_s: Seconds | None = Field(
        None, description="wait for more keys when these would do (default 2)"
    )
    end_silence_s: Seconds | None = Field(None, description="silence that ends an utterance (default 0.8)")
    longest_s: Seconds | None = Field(None, description="an utterance is cut here (default 15)")
    whole_s: Seconds | None = Field(None, description="the whole node, then `timeout` (default none)")


class Speech(Strict):
    """Bands of confidence: from `accept` on it is taken; from `confirm` on it is asked back; below, it is a no_match.

    Asking back comes with the `confirm` node; until then that band is a no_match too. An engine that gives no
    confidence is believed.
    """

    listen: bool | None = Field(None, description="false: keys only in this node (default true)")
    accept: Share | None = Field(None, description="(default 0.5)")
    confirm: Share | None = Field(None, description="(default 0.3)")


class HandlerModel(Strict):
    """What an event leads to: `reprompt`, `next`, `hangup`, or none of them: wait on, without repeating the prompt."""

    count: int = Field(1, ge=1, le=100, description="from the how-manieth time on")
    per: Literal["visit", "call"] = Field(
        "visit", description="counted per visit to the node, or in the whole call"
    )
    condition: str | None = Field(None, alias="if", description="only when this expression is true")
    say: Prompts = Field(None, description="prompts, heard before what follows")
    reprompt: bool = Field(False, description="play the node's prompt again")
    next: Target | None = Field(None, description="go there")
    hangup: bool = Field(False, description="end the call")


class CommandModel(Strict):
    """A command that works at every step, by key and by voice."""

    key: Key | None = Field(None, description="one key")
    say: Phrases = Field(None, description="phrases, by language")
    urgent: bool = Field(
        False,
        description="heard anywhere in what is said, even in unfinished speech, and before anything else",
    )
    next: Target | None = Field(None, description="go there")
    do: Literal["back", "repeat"] | None = Field(
        None, description="back: to the question before; repeat: say this step's prompt again"
    )
    reason: str = Field("", description="what the journal notes", max_length=200)


class OptionModel(Strict):
    """One choice."""

    key: Key | None = Field(None, description="key, or keys (`12`)")
    say: Phrases = Field(None, description="phrases, by language: `{zh: [投诉, 举报], en: complaint}`")
    next: Target | None = Field(None, description="go there; else the node's own `next`")
    set: dict[str, Any] = Field(default_factory=dict, description="variables to set: `{topic: complaint}`")


class NodeModel(Strict):
    """What every node has."""

    kind: str
    note: str = Field("", description="for people: why this node is here", max_length=500)
    on: Handlers = Field(
        default_factory=dict, description="handlers of events: `{no_input: {count: 2, next: person}}`"
    )
    always: bool | list[str] = Field(
        True, description="the commands that work here: all, none (`false`), or those listed"
    )


class InputModel(NodeModel):
    """What nodes that ask have."""

    prompt: Prompts = Field(None, description="prompts, or prompts by count: `{1: first, 2: shorter}`")
    barge_in: BargeIn = Field(default_factory=lambda: BargeIn.model_validate({}), description="three flags")
    timers: Timers = Field(default_factory=lambda: Timers.model_validate({}), description="in seconds")
    speech: Speech = Field(default_factory=lambda: Speech.model_validate({}), description="recognition")


class FlowModel(Strict):
    """One file of a flow."""

    flow: Name = Field(description="its name, by which other flows lead to it")
    title: dict[str, str] = Field(default_factory=dict, description="for people, by language")
    start: Name | None = Field(None, description="the first node (default: the first written)")
    variables: dict[str, Any] = Field(
        default_factory=dict, description="name -> value at the start of the call"
    )
    on: Handlers = Field(default_factory=dict, description="handlers for every node of this flow")
    always: dict[str, CommandModel] = Field(default_factory=dict, description="commands of this flow")
    nodes: dict[str, Any] = Field(description="name -> node")


class HotlineModel(Strict):
    """`hotline.yaml`: what all flows of the folder share."""

    hotline: Name = Field(description="its name")
    languages: list[str] = Field(min_length=1, description="the first is the one when nothing else is said")
    entry: Name = Field("main", description="the flow that a call begins with")
    fallback: Target | None = Field(None, description="where a dialogue that went wrong is brought: a person")
    farewell: Prompts = Field(None, description="the last words when nothing else is left")
    variables: dict[str, Any] = Field(
        default_factory=dict, description="name -> value at the start of the call"
    )
    on: Handlers = Field(default_factory=dict, description="handlers for every node")
    always: dict[str, CommandModel] = Field(default_factory=dict, description="commands that always work")
    calendars: dict[str, CalendarModel] = Field(default_factory=dict, description="for `hours`")
    barge_in: BargeIn = Field(
        default_factory=lambda: BargeIn.model_validate({}), description="for all that ask"
    )
    timers: Timers = Field(default_factory=lambda: Timers.model_validate({}), description="for all that ask")
    speech: Speech = Field(default_factory=lambda: Speech.model_validate({}), description="for all that ask")
