"""The base of everything that Asterisk sends us as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class AriModel(BaseModel):
    """Frozen; unknown fields are ignored, so that a newer Asterisk does not break an older controller.

    Fields that the api-docs call optional may be missing and are then None. Enumerated fields stay `str`:
    a channel state that we do not know must not cost us the whole event.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)
