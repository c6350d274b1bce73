"""request: ask a web service."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ivr.flow.actions import JsonValue, Request
from ivr.flow.expressions import INT
from ivr.flow.hosts import HostError
from ivr.flow.inputs import OpId, RequestEnded
from ivr.flow.model import Source
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.outside import OutsideModel, OutsideNode
from ivr.flow.schema import Name, SecretModel
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MAX_URL = 2000


class RequestModel(OutsideModel):
    url: str = Field(
        max_length=MAX_URL,
        description="`https://api.city.example/tickets/{ticket}`; values of variables are escaped; the host is one "
        "of the hotline's `requests`",
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    query: dict[str, Any] = Field(default_factory=dict, description="name -> value or `= expression`")
    headers: dict[str, str | SecretModel] = Field(
        default_factory=dict,
        description='name -> text, `= expression`, or `{secret: NAME, prefix: "Bearer "}`',
    )
    body: Any = Field(None, description="JSON; `= expression` at any place in it")
    timeout_s: float = Field(
        5.0, gt=0, le=60, description="for all tries together; each has an equal share of what is left"
    )
    retries: int = Field(
        1, ge=0, le=5, description="further tries when nothing, or 502-504, came (`POST` and `PATCH`: below)"
    )
    max_kb: int = Field(64, ge=1, le=1024, description="a longer answer is refused")
    expect: list[int] = Field(
        default_factory=list, description="statuses that are a success (default 200-299)"
    )
    into: Name = Field("answer", description="variable that gets the answer: its JSON, or its text")
    status: Name | None = Field(None, description="variable that gets the status (0: no answer)")


class RequestNode(OutsideNode):
    kind: ClassVar[str] = "request"
    purpose: ClassVar[str] = "request"

    __slots__ = ("body", "expect", "headers", "into", "limits", "method", "query", "status", "url")

    def __init__(self, build: NodeBuilder, model: RequestModel) -> None:
        self.into = build.assigns(model.into, ("into",), None)
        super().__init__(build, model)
        self.method = model.method
        self.url = build.url(model.url, ("url",))
        self.query = build.sources(model.query, ("query",))
        self.headers: dict[str, Source | dict[str, JsonValue]] = {
            name: value.for_shell()
            if isinstance(value, SecretModel)
            else build.source(value, ("headers", name))
            for name, value in model.headers.items()
        }
        self.body = build.nested(model.body, ("body",))
        self.limits = (model.timeout_s, model.retries, model.max_kb * 1024)
        self.expect = tuple(model.expect)
        self.status = build.assigns(model.status, ("status",), 0, INT)

    def ask(self, turn: Turn) -> None:
        try:
            url = self.url(turn)
        except HostError as error:
            # What a caller said, or an answer gave, fits into no address: nothing is sent.
            self.request_ended(turn, RequestEnded(OpId(""), "failed", detail=str(error)))
            return
        query = {name: _text(source.value(turn)) for name, source in self.query.items()}
        if query:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(query)
        headers: dict[str, JsonValue] = {
            name: value if isinstance(value, dict) else _text(value.value(turn))
            for name, value in self.headers.items()
        }
        timeout_s, retries, max_bytes = self.limits
        turn.actions.append(
            Request(
                turn.open("request"),
                self.method,
                url,
                headers,
                self.body(turn),
                timeout_s,
                retries,
                max_bytes,
                self.expect,
            )
        )

    def request_ended(self, turn: Turn, event: RequestEnded) -> None:
        turn.note(
            "request",
            {"node": self.id, "outcome": event.outcome, "status": event.status, "took_s": event.took_s},
        )
        turn.assign(self.into, event.body)
        if self.status:
            turn.assign(self.status, event.status)
        detail: Mapping[str, JsonValue] = {"status": event.status, "detail": event.detail}
        self.answered(turn, "" if event.outcome == "ok" else "error.request." + event.outcome, dict(detail))


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_OUTCOMES = ("status", "timeout", "forbidden", "too_large", "invalid", "down", "failed")

KIND = NodeKind(
    "request",
    RequestModel,
    RequestNode,
    "Asks a web service and keeps its answer. `POST` and `PATCH` are not repeated once they were sent, "
    "unless an `Idempotency-Key` header lets the service notice it. Events: `error.request.timeout`, "
    "`.status` (another than expected; `event.detail.status`), `.failed` (no connection, or a value that "
    "fits into no address), `.down` (it failed too often just now and was not asked), `.invalid` (no JSON "
    "though it says so), `.too_large`, `.forbidden` (the host is not allowed).",
    """\
search:
  kind: request
  url: "https://api.city.example/tickets/{ticket}"
  headers: {Authorization: {secret: TICKETS_TOKEN, prefix: "Bearer "}}
  meanwhile: {prompt: progress.searching}
  set: {state: = answer.state, due: = answer.due}
  next: tell
  on:
    error.request.status: {if: event.detail.status == 404, say: progress.not_found, next: ticket}
    error.request: {say: progress.cannot, next: person}
""",
    ("error.request", *(f"error.request.{outcome}" for outcome in _OUTCOMES)),
)
