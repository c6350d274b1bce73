"""What can be set about the page itself; host and port are given to `web.app.serve`."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.errors import ConfigError

LEAST_TOKEN_LENGTH = 16
MOST_WATCHERS = 50


@dataclass(frozen=True, slots=True)
class PageSettings:
    """token: "" means none, which `serve` accepts on loopback only. metrics_token: opens `/metrics` too, and
    nothing else. allowed_hosts: names under which browsers reach
    the page, besides localhost and plain addresses. dial: the SIP address to call. note: one line or several, shown
    beside it. heartbeat_s: a quiet feed still sends this often. least_gap_s: between two messages to one watcher.
    send_timeout_s: a watcher who takes longer to take a message is cut off.
    """

    title: str = "Open Hotline"
    dial: str = ""
    note: str = ""
    token: str = ""
    metrics_token: str = ""
    allowed_hosts: tuple[str, ...] = ()
    show_transcripts: bool = False
    most_watchers: int = MOST_WATCHERS
    heartbeat_s: float = 15.0
    least_gap_s: float = 0.2
    send_timeout_s: float = 5.0

    def __post_init__(self) -> None:
        """Raises ConfigError: a token so short that it could be guessed."""
        for name, token in (("token", self.token), ("metrics_token", self.metrics_token)):
            if token and len(token) < LEAST_TOKEN_LENGTH:
                raise ConfigError(
                    f"web.{name} has {len(token)} characters, it needs at least {LEAST_TOKEN_LENGTH}",
                    mend=f"set IVR_WEB__{name.upper()} to the output of `openssl rand -hex 24`",
                )
