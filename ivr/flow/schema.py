"""The parts that node kinds share, as an author writes them: pydantic models, strict, with their documentation.

Prompts, handlers and spoken phrases have short forms (a text where a list may stand); `build.py` reads those, because
its messages are clearer than those of a union.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ivr.flow.calendar_model import CalendarModel


class Strict(BaseModel):
    """Unknown fields are faults; a text is no number and a number no text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _key_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_KEYS = Field(pattern=r"^[0-9*#A-D]{1,8}$")
_NUMBER = Annotated[int, Field(ge=0, le=99_999_999)]
Key = Annotated[
    str, BeforeValidator(_key_text, json_schema_input_type=Annotated[str, _KEYS] | _NUMBER), _KEYS
]
"""Keys of the phone. `key: 1` and `key: "1"` are the same; `"*"` and `"#"` need their quotes."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Target = Annotated[str, Field(min_length=1, max_length=130)]
"""A node of the same flow, `flow.node`, the name of a flow (its start), `hangup`, or `return` (from a called flow)."""
Seconds = Annotated[float, Field(gt=0, le=3600)]
Share = Annotated[float, Field(ge=0, le=1)]
Prompts = Annotated[Any, WithJsonSchema({"written": "Prompts"})]
Phrases = Annotated[Any, WithJsonSchema({"written": "Phrases"})]
Handlers = Annotated[dict[str, Any], WithJsonSchema({"written": "Handlers"})]
"""Short forms, read by the builder; json_schema.py says for editors what they are."""


class BargeIn(Strict):
    """Three flags, not one."""

    interrupt: bool | Literal["keys", "speech"] | None = Field(
        None,
        description="what stops the prompt: true = a key or speech, or only `keys`, only `speech` (default true)",
    )
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

    It is asked back with the hotline's `confirm` prompts; without these that band is a no_match too. An engine that
    gives no confidence is believed.
    """

    listen: bool | None = Field(None, description="false: keys only in this node (default true)")
    accept: Share | None = Field(None, description="(default 0.5)")
    confirm: Share | None = Field(None, description="(default 0.3)")
    identify: bool | None = Field(
        None,
        description="which of the hotline's languages is spoken is recognised too (default true, where it has several)",
    )


class HandlerModel(Strict):
    """What an event leads to: `reprompt`, `next`, `hangup`, `raise`, or none of them: wait on, without repeating the
    prompt."""

    count: int = Field(1, ge=1, le=100, description="from the how-manieth time on")
    per: Literal["visit", "flow", "call"] = Field(
        "visit", description="counted per visit to the node, in this flow, or in the whole call"
    )
    condition: str | None = Field(None, alias="if", description="only when this expression is true")
    say: Prompts = Field(None, description="prompts, heard before what follows")
    set: dict[str, Any] = Field(default_factory=dict, description="variables to set: `{tries: = tries + 1}`")
    reprompt: bool = Field(False, description="play the node's prompt again")
    next: Target | None = Field(None, description="go there")
    hangup: bool = Field(False, description="end the call")
    raises: str | None = Field(None, alias="raise", description="raise this event instead", max_length=60)


class UrgentModel(Strict):
    """How an urgent command is heard."""

    sound: Literal["strict", "near", "off"] = Field(
        "near",
        description="what counts as its phrases besides themselves: `near`: what sounds alike, `strict`: the same "
        "syllables in other characters, `off`: nothing",
    )
    doubt: Literal["ask", "go", "ignore"] = Field(
        "ask",
        description="when it is not sure: `ask`: asked back, and silence is a yes; `go`: taken as said; `ignore`",
    )
    signs: Phrases = Field(
        None, description="words, by language, that speak for it: `{zh: [快来人, 受伤], en: [smoke]}`"
    )
    calming: Phrases = Field(
        None, description="words that speak against it: `{zh: [演习, 火锅], en: [drill]}`"
    )
    label: Prompts = Field(None, description="how it is called when it is asked back (default: its phrase)")
    phrase: Name | None = Field(None, description="variable that gets the phrase of `say` that it was")


class CommandModel(Strict):
    """A command that works at every step, by key and by voice."""

    key: Key | None = Field(None, description="one key")
    say: Phrases = Field(None, description="phrases, by language")
    urgent: bool | UrgentModel = Field(
        False,
        description="heard anywhere in what is said, even in unfinished speech, and before anything else; `true`, or "
        "how (below)",
    )
    next: Target | None = Field(None, description="go there")
    do: Literal["back", "repeat", "help", "cancel"] | None = Field(
        None,
        description="back: to the question before; repeat: say this step's prompt again; help, cancel: raise that "
        "event",
    )
    language: str | None = Field(
        None,
        description="speak it from here on, and ask again: its phrases are understood in whatever language is spoken",
    )
    reason: str = Field("", description="what the journal notes", max_length=200)
    into: Name | None = Field(None, description="variable that gets the words that were said")


class OptionModel(Strict):
    """One choice. `pattern` takes any number that fits, as an extension dialled at a menu."""

    key: Key | None = Field(None, description="key, or keys (`12`)")
    say: Phrases = Field(None, description="phrases, by language: `{zh: [投诉, 举报], en: complaint}`")
    next: Target | None = Field(None, description="go there; else the node's own `next`")
    set: dict[str, Any] = Field(default_factory=dict, description="variables to set: `{topic: complaint}`")
    label: Prompts = Field(
        None, description="how it is called when it is asked back (default: its first phrase)"
    )
    pattern: str | None = Field(
        None, description="instead of a key: digits as in `collect`: `10[01]X`", max_length=60
    )
    into: Name | None = Field(None, description="variable that gets the digits of the `pattern`")
    condition: str | None = Field(None, alias="if", description="offered only while this expression is true")


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

    prompt: Prompts = Field(
        None,
        description="prompts, or prompts by count: `{1: first, 2: shorter}`; `slow`: said to who struggles",
    )
    barge_in: BargeIn = Field(default_factory=lambda: BargeIn.model_validate({}), description="three flags")
    timers: Timers = Field(default_factory=lambda: Timers.model_validate({}), description="in seconds")
    speech: Speech = Field(default_factory=lambda: Speech.model_validate({}), description="recognition")


class ParameterModel(Strict):
    """What a flow is given when it is called: a type, or a type and a default."""

    type: str = "any"
    default: Any = None
    note: str = Field("", max_length=300)


class FlowFields(Strict):
    title: dict[str, str] = Field(default_factory=dict, description="for people, by language")
    note: str = Field("", description="for people: what this flow is for", max_length=1000)
    start: Name | None = Field(None, description="the first node (default: the first written)")
    parameters: dict[Name, str | ParameterModel] = Field(
        default_factory=dict,
        description="what a `call` of this flow gives: name -> type, or `{type: text, default: ...}`",
    )
    results: dict[Name, str] = Field(
        default_factory=dict, description="what a `call` of it gets back: variable -> type"
    )
    events: list[str] = Field(
        default_factory=list, description="events that it hands back to the `call`, unless it handles them"
    )
    variables: dict[Name, Any] = Field(
        default_factory=dict,
        description="name -> value at the start, or `{type: text, default: ...}`; the flow's own",
    )
    on: Handlers = Field(default_factory=dict, description="handlers for every node of this flow")
    always: dict[str, CommandModel] = Field(default_factory=dict, description="commands of this flow")


class FlowModel(FlowFields):
    """One file of a flow."""

    flow: Name = Field(description="its name, by which other flows lead to it")
    nodes: dict[str, Any] = Field(description="name -> node")


class RequestsModel(Strict):
    hosts: list[str] = Field(
        default_factory=list, description="hosts that `request` may ask: `api.city.example`, `*.city.example`"
    )


class SecretModel(Strict):
    """A value that only the installation knows."""

    secret: Name = Field(description="its name there")
    prefix: str = Field("", description="written before it: `Bearer `", max_length=40)

    def for_shell(self) -> dict[str, Any]:
        """As `actions.Request` has it."""
        return {"secret": self.secret, "prefix": self.prefix} if self.prefix else {"secret": self.secret}


class SourceModel(Strict):
    """Where a `lookup` looks: exactly one of `table`, `history`, `queues`, `url`."""

    table: str | None = Field(None, description="a file of the flows' folder: `tables/tickets.csv`")
    key: list[str] = Field(default_factory=list, description="the columns by which rows are found")
    types: dict[str, str] = Field(default_factory=dict, description="column -> `text`, `number`, `date` ...")
    many: bool = Field(False, description="all rows that fit, as a list; else the first")
    history: bool = Field(False, description="the caller's earlier calls")
    queues: bool = Field(
        False,
        description="how a queue is doing now, asked `by: {queue: general}`: `waiting`, `agents`, `free`, `low_s`, "
        "`high_s`",
    )
    url: str | None = Field(None, description="a web service: `https://api.city.example/tickets/{number}`")
    headers: dict[str, str | SecretModel] = Field(
        default_factory=dict, description='name -> text, or `{secret: TICKETS_TOKEN, prefix: "Bearer "}`'
    )
    pick: str = Field("", description="the path of the value within the answer: `data.items`")


class ConfirmModel(Strict):
    """How an answer that was not heard well is asked back: `before`, the option's label, `after`."""

    before: Prompts = Field(None, description='"Did you say"')
    after: Prompts = Field(None, description='"Press 1 for yes, 2 for no."')
    value: Prompts = Field(None, description="for digits that were said: `{value:digits}`")
    yes: Key = "1"
    no: Key = "2"


class OfferLanguageModel(Strict):
    """How another language of the hotline is offered to who speaks it: yes, its name, or its key take it."""

    prompt: Prompts = Field(description='"For English, say yes or press 2.": a text in each language')
    keys: dict[str, Key] = Field(description="language -> its key while it is offered: `{zh: 1, en: 2}`")


class PaceModel(Strict):
    """How the dialogue adapts to a caller who struggles: silence, misunderstandings, "pardon?", late answers."""

    slow_after: int | None = Field(
        None, ge=0, le=100, description="struggles in the call from which on it is slow; 0: never (default 2)"
    )
    slow_answer: Share | None = Field(
        None, description="an answer begun after this share of `first_input_s` is late (default 0.75)"
    )
    stretch: float | None = Field(
        None, ge=1, le=4, description="slow: timers are so many times as long (default 1.5)"
    )
    pause_s: float | None = Field(
        None, ge=0, le=3, description="slow: silence between the prompts of a question (default 0.6)"
    )
    condition: str | None = Field(
        None, alias="if", description="slow from the beginning: `default(call.facts.age, 0) >= 65`"
    )


class HotlineFields(Strict):
    languages: list[str] = Field(min_length=1, description="the first is the one when nothing else is said")
    entry: Name = Field("main", description="the flow that a call begins with")
    fallback: Target | None = Field(None, description="where a dialogue that went wrong is brought: a person")
    farewell: Prompts = Field(None, description="the last words when nothing else is left")
    variables: dict[Name, Any] = Field(
        default_factory=dict,
        description="name -> value at the start of the call, or `{type: int, default: 0}`; seen by all flows",
    )
    include: list[str] = Field(
        default_factory=list,
        description="folders or files of shared flows: `[library/common]`",
        max_length=50,
    )
    timezone: str | None = Field(None, description="of `now` and `time` (default: the first calendar's)")
    on: Handlers = Field(default_factory=dict, description="handlers for every node")
    always: dict[str, CommandModel] = Field(default_factory=dict, description="commands that always work")
    calendars: dict[str, CalendarModel] = Field(default_factory=dict, description="for `hours`")
    numbers: dict[Name, str] = Field(
        default_factory=dict, description='who can be dialled: `{police: "110"}`, for `transfer`'
    )
    sources: dict[Name, SourceModel] = Field(default_factory=dict, description="for `lookup`")
    requests: RequestsModel = Field(default_factory=lambda: RequestsModel.model_validate({}))
    confirm: ConfirmModel | None = Field(None, description="how an unsure answer is asked back")
    offer_language: OfferLanguageModel | None = Field(
        None, description="how another language is offered to who speaks it"
    )
    pace: PaceModel = Field(
        default_factory=lambda: PaceModel.model_validate({}), description="how it adapts to who struggles"
    )
    barge_in: BargeIn = Field(
        default_factory=lambda: BargeIn.model_validate({}), description="for all that ask"
    )
    timers: Timers = Field(default_factory=lambda: Timers.model_validate({}), description="for all that ask")
    speech: Speech = Field(default_factory=lambda: Speech.model_validate({}), description="for all that ask")


class HotlineModel(HotlineFields):
    """`hotline.yaml`: what all flows of the folder share."""

    hotline: Name = Field(description="its name")


class LibraryModel(Strict):
    """`library.yaml` of an included folder: what its flows share, between their own and the hotline's."""

    library: Name = Field(description="its name")
    note: str = Field("", max_length=1000)
    variables: dict[Name, Any] = Field(default_factory=dict, description="as the hotline's")
    on: Handlers = Field(default_factory=dict, description="handlers for every node of its flows")
    always: dict[str, CommandModel] = Field(default_factory=dict, description="commands of its flows")
    calendars: dict[str, CalendarModel] = Field(default_factory=dict, description="for `hours`")
