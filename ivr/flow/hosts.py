"""Where requests may go: the list of hosts that an author or administrator writes, and addresses against it. Pure.

An entry is `api.city.example` (https on its usual port), `api.city.example:8443`, `*.city.example` (whatever is below
city.example, at any depth, but not itself) or `http://old.city.example:8080` (unencrypted, which must be said). An
address is read once, by the library that the connection is made with, so that no two readings can differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from yarl import URL

from ivr.errors import FlowError
from ivr.flow.inputs import JsonValue

MAX_URL = 2000
"""Characters of an address."""
MAX_ARGUMENT = 500
"""Characters of one value within an address."""

_PORTS = {"https": 443, "http": 80}
_ENTRY = re.compile(r"(?:(?P<scheme>https?)://)?(?P<below>\*\.)?(?P<host>[^/@?#*]+)")
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_DOTS = re.compile(r"[^?#]*/(?:\.|%2e){1,2}(?=[/?#]|\Z)", re.IGNORECASE)
"""A piece of a path that leads elsewhere within the host: nobody writes it, but a caller's words may become it."""


class HostError(FlowError):
    """An entry of the list, or an address, that cannot be read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """host: lower case, in ASCII, without a final dot."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class HostRule:
    """One entry. below: what is below this host, not the host itself."""

    scheme: str
    host: str
    port: int
    below: bool = False

    def allows(self, origin: Origin) -> bool:
        if (origin.scheme, origin.port) != (self.scheme, self.port):
            return False
        return origin.host.endswith("." + self.host) if self.below else origin.host == self.host


@lru_cache(maxsize=256)
def host_rule(entry: str) -> HostRule:
    """Raises HostError."""
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise HostError(f"`{entry}` names no host", mend="write api.city.example or *.city.example")
    below = match["below"] is not None
    origin = read_address(f"{match['scheme'] or 'https'}://{match['host']}/")[1]
    if below and "." not in origin.host:
        raise HostError(f"`{entry}` would allow half the world", mend="name more of the host")
    return HostRule(origin.scheme, origin.host, origin.port, below)


def read_address(text: str) -> tuple[URL, Origin]:
    """An absolute http or https address. Raises HostError: its message does not repeat what the address asks for."""
    if len(text) > MAX_URL:
        raise HostError(f"an address of {len(text)} characters", mend=f"{MAX_URL} at most")
    if _FORBIDDEN.search(text):
        raise HostError("an address with spaces, control characters or backslashes", mend="percent-encode it")
    if _DOTS.match(text):
        raise HostError("an address with `.` or `..` in its path", mend="write the path out")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError as error:
        raise HostError("an address that cannot be read", mend="write https://host/path") from error
    if url.scheme not in _PORTS or not host or port is None:
        raise HostError(
            "an address that begins with neither https:// nor http://", mend="write https://host/path"
        )
    if url.raw_user is not None or url.raw_password is not None:
        raise HostError("an address with a user or password in it", mend="send them as a header by `secret`")
    origin = Origin(url.scheme, host.removesuffix("."), port)
    if not origin.host or port == 0:
        raise HostError("an address without a host", mend="write https://host/path")
    return url.with_fragment(None), origin


def allowed(origin: Origin, entries: Iterable[str]) -> bool:
    """Whether one of the entries allows it. Raises HostError for an entry that cannot be read."""
    return any(host_rule(entry).allows(origin) for entry in entries)


def places(template: str) -> tuple[str, ...]:
    """The names in braces of an address, each once. Raises HostError when one of them stands before the path.

    What a caller says must never choose the host.
    """
    start = template.find("/", template.find("//") + 2)
    if _PLACE.search(template if start < 0 else template[:start]):
        raise HostError("a value within the host", mend="write the host out; values go into path and query")
    return tuple(dict.fromkeys(_PLACE.findall(template)))


def fill(template: str, values: dict[str, JsonValue]) -> str:
    """The address with its braces filled, each value percent-encoded whole. Raises HostError for an unfit value."""
    return _PLACE.sub(lambda place: encoded(values.get(place.group(1)), place.group(1)), template)


def encoded(value: JsonValue, name: str) -> str:
    """A value as one piece of a path or query: it can neither leave its place nor name another one (`..`)."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float):
        raise HostError(f"`{name}` is neither text nor number", mend="give it a value before the request")
    text = str(value)
    if len(text) > MAX_ARGUMENT or text in ("", ".", ".."):
        raise HostError(
            f"`{name}` does not fit into an address", mend=f"1 to {MAX_ARGUMENT} characters, no `..`"
        )
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        # half a character, as an answer in JSON may bring
        raise HostError(f"`{name}` is no text that an address may have", mend="letters and digits") from error
