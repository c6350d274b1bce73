"""An account as the objects of Asterisk's SIP configuration. Pure.

The endpoint comes last and carries a mark of what was told of it and of its aor: two looks, at it and at the auth, say
whether Asterisk has this account as it should be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from storage.accounts import SipAccountRecord

MARK: Final = "callerid_tag"
"""The attribute of an endpoint that carries the mark: internal to Asterisk, never sent to a phone."""
MARK_HEX: Final = 12

# Telephones differ in what they heed: each of these asks the same. They go with every INVITE to the account, since a
# channel to it begins with these variables.
ANSWER_AT_ONCE: Final = (
    ("set_var", "PJSIP_HEADER(add,Call-Info)=<sip:hotline>;answer-after=0"),
    ("set_var", "PJSIP_HEADER(add,Alert-Info)=<http://hotline>;info=alert-autoanswer;delay=0"),
    ("set_var", "PJSIP_HEADER(add,Answer-Mode)=Auto"),
)

ObjectKind = Literal["auth", "aor", "endpoint"]
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ConfigObject:
    kind: ObjectKind
    id: str
    fields: Fields
    removed_first: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What all accounts of a hotline share.

    owner: the Stasis application's name, so that hotlines that share an Asterisk leave each other's accounts alone.
    context, state_context: of the dialplan. codecs: in order of preference. media_address: "" = Asterisk's choice.
    rtp_timeout_s: so long without voice and the call is over (not on hold); 0 = never. qualify_s: so often a phone is
    asked whether it is there. registration_s: (shortest, default, longest). digests: what a phone may answer a
    challenge by, `MD5`, `SHA-256` or both: many phones give up where SHA-256 is offered (docs/decisions/0156).
    """

    owner: str = "ivr"
    context: str = "from-agents"
    state_context: str = "agents-state"
    codecs: tuple[str, ...] = ("ulaw", "alaw", "g722")
    browser_codecs: tuple[str, ...] = ("ulaw",)
    media_address: str = ""
    rtp_timeout_s: int = 60
    session_expires_s: int = 900
    qualify_s: int = 30
    registration_s: tuple[int, int, int] = (30, 120, 600)
    digests: tuple[str, ...] = ("MD5",)
    transfers: bool = False
    """Telephones may transfer by their own key."""
    encrypted: bool = False
    """Telephones that do not encrypt their voice are turned away. Browsers always do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Asterisk has under a name. mark: of the endpoint, "" = it carries none. auth: as `auth_told`."""

    mark: str = ""
    auth: frozenset[str] = frozenset()


def fallback_variable(owner: str) -> str:
    """The global variable by which that hotline's dialplan knows whom to ring while no controller answers."""
    return f"FALLBACK_PHONES_{owner.replace('-', '_')}"


def objects_of(
    account: SipAccountRecord, profile: Profile
) -> tuple[ConfigObject, ConfigObject, ConfigObject]:
    """auth, aor, endpoint: what Asterisk is told, in this order."""
    name = account.username
    auth, aor, endpoint = _auth(account, profile), _aor(profile), _endpoint(account, profile)
    mark = f"{profile.owner}:{_hash(aor)}:{_hash(endpoint)}"
    return (
        ConfigObject("auth", name, auth),
        ConfigObject("aor", name, aor),
        ConfigObject("endpoint", name, (*endpoint, (MARK, mark))),
    )


def expected(account: SipAccountRecord, profile: Profile) -> Found:
    auth, _, endpoint = objects_of(account, profile)
    return Found(dict(endpoint.fields)[MARK], auth_told(auth.fields))


def auth_told(fields: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What decides who may log in, of an auth that is told or of one that Asterisk tells, in whatever order."""
    decisive = ("realm", "password_digest", "supported_algorithms_uas")
    return frozenset(
        f"{name}={part}" for name, value in fields if name in decisive for part in value.split(",")
    )


def changes(account: SipAccountRecord, profile: Profile, found: Found | None) -> tuple[ConfigObject, ...]:
    """What has to be told, in this order. found: None = there is nothing of that name.

    Asterisk 22.10 changes an aor by making its registrations of now permanent, and an endpoint with variables not at
    all ("Allocation failed"): both are made anew (`removed_first`). A new secret touches neither: an endpoint that is
    made anew in the middle of a call has the wrong state afterwards.
    """
    auth, aor, endpoint = objects_of(account, profile)
    if found is None:
        return (auth, replace(aor, removed_first=True), endpoint)
    wanted = expected(account, profile)
    todo = [auth] if found.auth != wanted.auth else []
    if found.mark != wanted.mark:
        same_aor = found.mark.split(":")[1:2] == wanted.mark.split(":")[1:2]
        todo += [] if same_aor else [replace(aor, removed_first=True)]
        todo.append(replace(endpoint, removed_first=True))
    return tuple(todo)


def _hash(told: Fields) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:MARK_HEX]


def expected_mark(account: SipAccountRecord, profile: Profile) -> str:
    return dict(objects_of(account, profile)[-1].fields)[MARK]


def _auth(account: SipAccountRecord, profile: Profile) -> Fields:
    return (
        ("auth_type", "digest"),
        ("username", account.username),
        ("realm", account.realm),
        ("password_digest", f"SHA-256:{account.sha256}"),
        ("password_digest", f"MD5:{account.md5}"),
        ("supported_algorithms_uas", ",".join(profile.digests)),
    )


def _aor(profile: Profile) -> Fields:
    shortest, default, longest = profile.registration_s
    return (
        ("max_contacts", "1"),
        ("remove_existing", "yes"),
        ("minimum_expiration", str(shortest)),
        ("default_expiration", str(default)),
        ("maximum_expiration", str(longest)),
        ("qualify_frequency", str(profile.qualify_s)),
        ("qualify_timeout", "3"),
    )


def _endpoint(account: SipAccountRecord, profile: Profile) -> Fields:
    """The agent's own name is not shown to anybody: callers see the hotline, colleagues see what the call says."""
    name = account.username
    shared = (
        ("context", profile.context),
        ("subscribe_context", profile.state_context),
        ("allow_subscribe", "yes"),
        ("auth", name),
        ("aors", name),
        ("callerid", f'"{name}" <{name}>'),
        # The voice goes through Asterisk: it is recorded, transcribed, and joined by supervisors.
        ("direct_media", "no"),
        ("dtmf_mode", "auto"),
        # A side that vanished is noticed: by the refresh that does not come, and sooner by the voice that does not.
        # Also where the phone knows nothing of timers: the refresh is ours then.
        ("timers", "always"),
        ("timers_min_se", "90"),
        ("timers_sess_expires", str(profile.session_expires_s)),
        ("rtp_timeout", str(profile.rtp_timeout_s)),
        ("rtp_timeout_hold", "0"),
        ("send_pai", "no"),
        ("trust_id_inbound", "no"),
        *_transfers(profile),
        ("language", "en"),
        ("rtp_symmetric", "yes"),
    )
    kind = _browser(profile) if account.kind == "browser" else _phone(profile)
    return (*shared, *kind, *(ANSWER_AT_ONCE if account.answering == "by_itself" else ()))


def _transfers(profile: Profile) -> Fields:
    """The telephone's own transfer key is asked of the controller, never done by Asterisk (docs/decisions/0148)."""
    if not profile.transfers:
        return (("allow_transfer", "no"),)
    return (("allow_transfer", "yes"), ("set_var", "PJSIP_TRANSFER_HANDLING()=ari-only"))


def _addresses(profile: Profile) -> Fields:
    if profile.media_address:
        # Without the second line voice is taken on every address of the machine.
        return (("media_address", profile.media_address), ("bind_rtp_to_media_address", "yes"))
    # Phones behind a router: answer where their packets really come from.
    return (("force_rport", "yes"), ("rewrite_contact", "yes"))


def _phone(profile: Profile) -> Fields:
    return (
        *_addresses(profile),
        ("disallow", "all"),
        ("allow", ",".join(profile.codecs)),
        # Phones that can encrypt do; those that cannot are turned away only where the hotline says so.
        ("media_encryption", "sdes"),
        ("media_encryption_optimistic", "no" if profile.encrypted else "yes"),
    )


def _browser(profile: Profile) -> Fields:
    """`webrtc` stands for DTLS-SRTP with fingerprints, ICE, RTP and RTCP on one port, and AVPF.

    The voice is not bound to one address, even where all else is on loopback: ICE offers no candidate there, and who
    does not know the fingerprint and the password of the offer is not heard anyway.
    """
    return (
        ("webrtc", "yes"),
        ("dtls_auto_generate_cert", "yes"),
        ("disallow", "all"),
        ("allow", ",".join(profile.browser_codecs)),
        # In this order, whatever the caller's telephone speaks: opus survives the packets that a home network loses.
        ("outgoing_call_offer_pref", "local_merge"),
        ("preferred_codec_only", "yes"),
        ("max_audio_streams", "1"),
        ("max_video_streams", "0"),
        # A socket from a browser cannot be called back at the address it gives.
        ("rewrite_contact", "yes"),
    )
