"""What `deploy/` puts before Asterisk: the firewall's rules and what fail2ban reads out of the security log."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from ivr.asterisk.scanners import NAMES, pattern

DEPLOY = Path(__file__).parents[2] / "deploy"
LINE = (
    '[2026-11-26 15:33:27.410] SECURITY[10948] res_security_log.c: SecurityEvent="{event}",'
    'EventTV="2026-11-26T15:33:27.410+0000",Severity="Error",Service="PJSIP",EventVersion="1",AccountID="{account}",'
    'SessionID="34210",LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/{remote}/34210"{more}'
)
"""As Asterisk 22.10 writes them; the lines of a running one are in tests/calls/test_hostile_sip.py."""


def found(filter_name: str, line: str) -> str | None:
    """The address that fail2ban would count, by the filter's own expressions."""
    parser = configparser.ConfigParser()
    parser.read(DEPLOY / "fail2ban" / "filter.d" / f"{filter_name}.conf", encoding="utf-8")
    for expression in parser["Definition"]["failregex"].split("\n"):
        if match := re.search(expression.strip().replace("<HOST>", r"(?P<host>[0-9a-fA-F.:]+)"), line):
            return match["host"]
    return None


def line(event: str, account: str = "agent1", remote: str = "203.0.113.9", more: str = "") -> str:
    return LINE.format(event=event, account=account, remote=remote, more=more)


def test_a_scanner_is_banned_at_its_first_line() -> None:
    said = line("FailedACL", "scanner", more=',ACLName="not_match_endpoint_acl"')
    assert found("hotline-scanners", said) == "203.0.113.9"
    assert found("hotline-guesses", said) is None


@pytest.mark.parametrize("event", ["InvalidAccountID", "ChallengeResponseFailed", "InvalidPassword"])
def test_a_guess_counts(event: str) -> None:
    assert found("hotline-guesses", line(event, more=',Challenge=""')) == "203.0.113.9"
    assert found("hotline-scanners", line(event)) is None


@pytest.mark.parametrize("event", ["ChallengeSent", "SuccessfulAuth"])
def test_a_telephone_that_logs_in_does_not_count(event: str) -> None:
    assert found("hotline-guesses", line(event)) is None
    assert found("hotline-scanners", line(event)) is None


def test_a_name_that_looks_like_a_line_bans_nobody_else() -> None:
    """The account is the caller's own text: what counts is the address that Asterisk wrote at the end."""
    forged = 'x",RemoteAddress="IPV4/UDP/198.51.100.1/5060'
    assert found("hotline-guesses", line("InvalidAccountID", forged)) == "203.0.113.9"


def test_both_jails_read_the_log_that_the_configuration_writes_and_use_the_firewalls_sets() -> None:
    jails = configparser.ConfigParser()
    jails.read(DEPLOY / "fail2ban" / "jail.d" / "hotline.conf", encoding="utf-8")
    assert set(jails.sections()) == {"hotline-scanners", "hotline-guesses"}
    firewall = (DEPLOY / "firewall" / "hotline.nft").read_text(encoding="utf-8")
    action = (DEPLOY / "fail2ban" / "action.d" / "hotline-nft.conf").read_text(encoding="utf-8")
    for jail in jails.sections():
        assert jails[jail]["logpath"].endswith("/log/security.log")
        assert (DEPLOY / "fail2ban" / "filter.d" / f"{jails[jail]['filter']}.conf").is_file()
        assert jails[jail]["action"] == "hotline-nft"
    for name in re.findall(r"family_set = (\w+)", action):
        assert re.search(rf"\bset {name} \{{", firewall)


def test_the_firewall_limits_what_begins_something() -> None:
    text = re.sub(r"#.*", "", (DEPLOY / "firewall" / "hotline.nft").read_text(encoding="utf-8"))
    assert text.count("{") == text.count("}")
    defined = set(re.findall(r"\bset (\w+) \{", text))
    assert set(re.findall(r"@(?!th\b)(\w+)", text)) == defined - set()
    chains = set(re.findall(r"\bchain (\w+) \{", text))
    assert set(re.findall(r"\bgoto (\w+)", text)) <= chains
    limited = {
        (int(bits), bytes.fromhex(value))
        for bits, value in re.findall(r"@th,64,(\d+) 0x([0-9a-f]+) goto limited", text)
    }
    assert {word for _, word in limited} == {b"REGISTER", b"INVITE ", b"OPTIONS ", b"SUBSCRIBE"}
    assert all(bits == 8 * len(word) for bits, word in limited)


def test_every_known_scanner_is_dropped_at_its_first_packet() -> None:
    text = (DEPLOY / "firewall" / "scanners.rules").read_text(encoding="utf-8")
    words = re.findall(r'--icase --string "([^"]+)"', text)
    assert tuple(word.removeprefix("User-Agent: ") for word in words) == NAMES
    # Branches, tags and Call-IDs are random letters: four given ones, in upper or lower case, are in one packet of ten
    # thousand by chance, and in each repetition of it, so that call would never come.
    assert all(len(word) >= 6 for word in words)


def test_a_friend_is_never_dropped_for_a_word() -> None:
    """The trunk passes on what citizens' telephones write; whoever is let through stands before the first word."""
    lines = (DEPLOY / "firewall" / "scanners.rules").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line.startswith("-A HOTLINE-SCANNERS ")]
    lets_through = [rule.endswith("-j RETURN") for rule in rules]
    assert lets_through == sorted(lets_through, reverse=True) and any(lets_through)


@pytest.mark.parametrize(
    ("agent", "is_one"),
    [
        ("friendly-scanner", True),
        ("SIPVicious/0.3", True),
        ("sipcli/v1.8", True),
        ("vaxsipuseragent/3.0", True),
        ("eyeBeam release 3006o stamp 17551", True),
        ("Linphone/5.2 (belle-sip)", False),
        ("Yealink SIP-T46U", False),
        ("Cisco-SIPGateway/IOS-15.4", False),
        ("hotline", False),
    ],
)
def test_telephones_are_not_taken_for_scanners(agent: str, is_one: bool) -> None:
    assert bool(re.search(pattern().replace("[[:space:]]", r"\s"), agent)) is is_one
