"""What Asterisk has against what it should have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.accounts.profile import Found, Profile, expected
from storage.accounts import SipAccountRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """make: missing there, or not as they should be. remove: ours there, not among ours here.

    taken: names that an endpoint of somebody else has (pjsip.conf, another hotline): these accounts cannot be made.
    """

    make: tuple[SipAccountRecord, ...]
    remove: tuple[str, ...]
    taken: tuple[str, ...]


def plan(accounts: Mapping[str, SipAccountRecord], found: Mapping[str, Found], profile: Profile) -> Plan:
    """accounts: all there are, revoked ones too. found: what there is in Asterisk, by name."""
    ours = {name for name, there in found.items() if is_ours(there, profile)}
    active = {name: account for name, account in accounts.items() if account.active}
    taken = tuple(name for name in active if name in found and name not in ours)
    make = tuple(
        account
        for name, account in active.items()
        if name not in taken and found.get(name) != expected(account, profile)
    )
    remove = tuple(name for name in found if name in ours and name not in active)
    return Plan(make, remove, taken)


def is_ours(found: Found, profile: Profile) -> bool:
    return found.mark.startswith(f"{profile.owner}:")
