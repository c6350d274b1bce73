"""Which addresses a request may be connected to. Pure.

A flow's author names hosts, the name service turns them into addresses, and only the address says where a connection
really leads: a name that points into our own network would let a caller's words reach machines behind the firewall. So
every address is judged when the connection is made. Public ones are open; private ones only where the administrator's
`private_hosts` say so; what is no single machine's address, or is a way around this list, never.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Kind = Literal["public", "private", "never"]

_SHARED: Final = IPv4Network("100.64.0.0/10")
_UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_PROTOCOLS: Final = IPv4Network("192.0.0.0/24")
"""Older Pythons know only a part of it as special."""
_CARRIER_OF_IPV4: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
"""6to4 and Teredo: an IPv4 address of anybody's choice inside a public IPv6 one."""


class PrivateHostError(ValueError):
    """An entry of `private_hosts` that cannot be read."""


def kind_of(address: Address) -> Kind:
    """private: loopback, RFC 1918, shared (RFC 6598), unique local. never: link-local (the metadata services of clouds
    too), multicast, unspecified, reserved, documentation, and tunnels that carry an IPv4 address."""
    if isinstance(address, IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return kind_of(inner)
        if address == IPv6Address("::1"):
            return "private"
        if address in _COMPATIBLE or address in _NAT64_LOCAL:
            return "never"
        if any(address in network for network in _CARRIER_OF_IPV4):
            return "never"
    if address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved:
        return "never"
    if address.is_loopback or address in _SHARED or address in _UNIQUE_LOCAL or _is_rfc1918(address):
        return "private"
    ordinary = address in _GLOBAL_UNICAST if address.version == 6 else address not in _PROTOCOLS
    return "public" if ordinary and address.is_global else "never"


def _is_rfc1918(address: Address) -> bool:
    return any(address in network for network in _RFC1918)


_RFC1918: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to this one would end at."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


@dataclass(frozen=True, slots=True)
class PrivateHosts:
    """The administrator's word. names: `crm.internal` or `.internal` (whatever is below it)."""

    networks: tuple[Network, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def read(cls, entries: Iterable[str]) -> PrivateHosts:
        """entries: an address, a network (`10.1.0.0/16`), a host's name or `*.internal`. Raises PrivateHostError."""
        networks: list[Network] = []
        names: list[str] = []
        for entry in entries:
            text = entry.strip().lower()
            try:
                networks.append(ip_network(text.strip("[]")))
                continue
            except ValueError as error:
                if "/" in text or ":" in text or not text.replace("*.", "", 1).strip("."):
                    mend = "write a host's name, an address or a network, without scheme and port"
                    raise PrivateHostError(f"`{entry}`: {mend}") from error
            names.append(text.removeprefix("*").removesuffix("."))
        return cls(tuple(networks), tuple(names))

    def permit(self, host: str, address: str) -> bool:
        """Whether a connection to `host` may be made to this address of it.

        A name opens only what is private; link-local and the like must be listed as the address itself.
        """
        try:
            found = ip_address(address)
        except ValueError:
            return False
        kind = kind_of(found)
        if kind == "public":
            return True
        if found.is_multicast or found.is_unspecified:
            return False
        inner = _carried(found) if isinstance(found, IPv6Address) else None
        for network in self.networks:
            if found in network or (inner is not None and inner in network):
                return True
        return kind == "private" and self._named(host)

    def _named(self, host: str) -> bool:
        return any(host.endswith(name) if name.startswith(".") else host == name for name in self.names)


def literal(host: str) -> str | None:
    """The address that a URL's host itself is; None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None
