"""The settings of recordings: which talks are recorded, how long which is kept, where the files lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ORDINARY: Final = "ordinary"
MESSAGE: Final = "message"
LEGAL_HOLD: Final = "legal_hold"
"""Never erased, not even by hand, as long as the recording has this class."""
CLASSES: Final[Mapping[str, float]] = MappingProxyType(
    {ORDINARY: 180.0, "complaint": 1095.0, MESSAGE: 1095.0, LEGAL_HOLD: 0.0}
)


class RecordingSettings(BaseModel):
    """Talks and messages as sound."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    talks: bool = Field(
        default=True, description="talks with agents are recorded; the dialogue has to say so before"
    )
    classes: dict[str, float] = Field(
        default_factory=lambda: dict(CLASSES),
        description="retention class: days; 0: never erased. Besides `ordinary`, `message` and `legal_hold` any name",
    )
    class_of_queue: dict[str, str] = Field(
        default_factory=lambda: {"complaint": "complaint"},
        description="queue: the class of its talks; all others are `ordinary`",
    )
    least_free_mb: float = Field(
        default=500.0, ge=0, description="with less room on the disk no further talk is recorded"
    )
    folder: str = Field(
        default="",
        description="where an external Asterisk's recordings lie for this process; empty: talks are not recorded there",
    )

    @model_validator(mode="after")
    def _classes_exist(self) -> Self:
        for name in (ORDINARY, MESSAGE, LEGAL_HOLD):
            if name not in self.classes:
                raise ValueError(f"the class `{name}` is missing in `classes`")
        for name, days in self.classes.items():
            if days < 0:
                raise ValueError(f"the class `{name}` has {days:g} days; 0 is for ever")
        for queue, name in self.class_of_queue.items():
            if name not in self.classes:
                raise ValueError(f"queue `{queue}` has the class `{name}`, which `classes` does not name")
        return self

    def where(self, state_dir: Path, mode: str) -> Path | None:
        """The folder of recordings as this process sees it. mode: of Asterisk, `private` or `external`."""
        if mode == "private":
            return (state_dir / "asterisk" / "spool" / "recording").absolute()
        return Path(self.folder) if self.folder else None


def class_of(retention: str, purpose: str) -> str:
    """Of a recording's row, which may have none of its own."""
    return retention or (ORDINARY if purpose == "talk" else MESSAGE)
