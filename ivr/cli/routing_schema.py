"""JSON Schemas of `queues.yaml` and `agents.yaml`, made from the models that read them. Pure."""

from __future__ import annotations

from pydantic import BaseModel

from ivr.flow.calendar_model import CalendarModel
from ivr.flow.json_schema import DRAFT, Schema, finished
from routing.rules_model import AgentsModel, RulesModel

_REF = "#/$defs/{model}"


def routing_schemas() -> dict[str, Schema]:
    """File name of the schema -> the schema."""
    queues = _of(RulesModel, "queues.yaml: who takes the calls that wait")
    calendar = CalendarModel.model_json_schema(by_alias=True, ref_template=_REF)
    queues["$defs"] |= calendar.pop("$defs", {})
    queues["$defs"]["CalendarModel"] = calendar
    return {
        "queues.schema.json": finished(queues),
        "agents.schema.json": finished(_of(AgentsModel, "agents.yaml: the agents to begin with")),
    }


def _of(model: type[BaseModel], title: str) -> Schema:
    schema = model.model_json_schema(by_alias=True, ref_template=_REF)
    return {"$schema": DRAFT, **schema, "title": title}
