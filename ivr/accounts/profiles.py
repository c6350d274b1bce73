"""The profile of a hotline's accounts, by the Asterisk that it has."""

from __future__ import annotations

from pathlib import Path

from ivr.accounts.profile import Profile
from ivr.config import AsteriskSettings

OPUS_MODULES = ("codec_opus_open_source.so", "codec_opus.so")


def has_opus(modules: Path) -> bool:
    """modules: the folder of Asterisk's modules."""
    return any((modules / name).is_file() for name in OPUS_MODULES)


def private_profile(
    owner: str,
    modules: Path,
    *,
    loopback: bool,
    rtp_timeout_s: int,
    digests: tuple[str, ...],
    transfers: bool,
    encrypted: bool = False,
) -> Profile:
    opus = has_opus(modules)
    return Profile(
        owner=owner,
        codecs=("ulaw", "alaw", "g722", *(("opus",) if opus else ())),
        browser_codecs=("opus", "ulaw") if opus else ("ulaw",),
        media_address="127.0.0.1" if loopback else "",
        rtp_timeout_s=rtp_timeout_s,
        digests=digests,
        transfers=transfers,
        encrypted=encrypted,
    )


def external_profile(wanted: AsteriskSettings) -> Profile:
    """For an Asterisk of somebody else's: its dialplan has our contexts (docs/administrators/accounts.md)."""
    return Profile(
        owner=wanted.app,
        codecs=("ulaw", "alaw", "g722", "opus"),
        browser_codecs=("opus", "ulaw"),
        rtp_timeout_s=wanted.rtp_timeout_s,
        digests=wanted.sip_digests,
        transfers=wanted.telephone_transfers,
        encrypted=wanted.phones_encrypted,
    )
