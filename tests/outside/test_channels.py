"""Webhooks against a real HTTP server, mail against a real SMTP server: both on loopback."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import Any

import orjson
import pytest
from aiohttp import web

from ivr.outside.channels import LogLine, Mail, Webhook
from ivr.outside.messages import Delivered, Undelivered
from ivr.outside.secrets import Secrets
from ivr.outside.settings import MailChannel, SecretReference, WebhookChannel
from storage.promises import NotificationRecord
from tests.outside.conftest import City, MakeAsk
from tests.support.smtp_server import Mailbox, smtp_server

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)


def record(**more: Any) -> NotificationRecord:
    given = {"recipient": "13812345678", "text": "工单已受理", "language": "zh", "channel": "sms"}
    return NotificationRecord(
        id="c-n1-5f-01.notify-aa", call_id="c-n1-5f-01", next_at=NOW, created_at=NOW, **{**given, **more}
    )


# --- webhooks ---


async def webhook(make_ask: MakeAsk, city: City, **settings: Any) -> Webhook:
    ask = await make_ask(secrets={"SMS": "hush"}, only=settings.pop("only", ()))
    return Webhook(WebhookChannel(kind="webhook", url=city.url("/send"), **settings), ask.requests)


async def test_a_gateway_gets_the_message_once_under_its_id(make_ask: MakeAsk, city: City) -> None:
    city.on("/send", {"code": "OK"})
    headers = {"Authorization": SecretReference(secret="SMS", prefix="Bearer ")}
    channel = await webhook(make_ask, city, body={"phone": "{to}", "content": "{text}"}, headers=headers)
    assert await channel.deliver(record()) == Delivered()
    (request,) = city.seen
    assert request.headers["Idempotency-Key"] == "c-n1-5f-01.notify-aa"
    assert request.headers["Authorization"] == "Bearer hush"
    assert orjson.loads(city.bodies[0]) == {"phone": "13812345678", "content": "工单已受理"}


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (404, True), (408, False), (429, False), (500, False), (503, False)],
)
async def test_what_a_status_means(make_ask: MakeAsk, city: City, status: int, permanent: bool) -> None:
    city.on("/send", lambda _: web.Response(status=status))
    delivery = await (await webhook(make_ask, city)).deliver(record())
    assert delivery == Undelivered(f"the gateway answered with status {status}", permanent)
    assert len(city.seen) == 1


async def test_a_gateway_that_says_no_with_status_200_is_understood(make_ask: MakeAsk, city: City) -> None:
    answers = iter([{"result": {"code": "LIMIT"}}, {"result": {"code": "OK"}}])
    city.on("/send", lambda _: web.json_response(next(answers)))
    channel = await webhook(make_ask, city, answer={"result.code": "OK"})
    assert await channel.deliver(record()) == Undelivered("the gateway's answer does not say result.code: OK")
    assert await channel.deliver(record()) == Delivered()


async def test_a_missing_secret_can_still_be_mended(make_ask: MakeAsk, city: City) -> None:
    channel = await webhook(make_ask, city, headers={"X": SecretReference(secret="OTHER")})
    assert await channel.deliver(record()) == Undelivered("there is no secret OTHER")


# --- mail ---


def mail(mailbox: Mailbox, secrets: dict[str, str] | None = None, **settings: Any) -> Mail:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "timeout_s": 5}
    channel = MailChannel(kind="mail", sender="12345 <no-reply@city.example>", **{**given, **settings})
    environment = {f"IVR_SECRET_{name}": value for name, value in (secrets or {}).items()}
    return Mail(channel, Secrets((), environment), ssl.create_default_context())


async def test_a_mail_says_what_it_should_and_can_be_told_from_a_repetition() -> None:
    async with smtp_server() as mailbox:
        channel = mail(mailbox, {"MAIL": "hush"}, username="hotline", password=SecretReference(secret="MAIL"))
        for _ in range(2):
            assert await channel.deliver(record(recipient="desk@city.example")) == Delivered()
    first, second = mailbox.messages
    assert first["To"] == "desk@city.example"
    assert first["From"] == "12345 <no-reply@city.example>"
    assert first["Subject"] == "12345热线"
    assert first.get_content().strip() == "工单已受理"
    assert first["Message-ID"] == second["Message-ID"] == "<c-n1-5f-01.notify-aa@city.example>"
    assert len(mailbox.logins) == 2


@pytest.mark.parametrize(
    ("refusals", "delivery"),
    [
        ({"RCPT": "550 no such mailbox"}, Undelivered("the mail server refuses the recipient", True)),
        ({"RCPT": "450 try later"}, Undelivered("the mail server refuses the recipient", False)),
        ({"MAIL": "451 try later"}, Undelivered("the mail server answered 451", False)),
        ({"DATA": "554 no"}, Undelivered("the mail server answered 554", True)),
        ({"AUTH": "535 no"}, Undelivered("the mail server refuses the login (535)", False)),
    ],
)
async def test_what_a_refusal_means(refusals: dict[str, str], delivery: Undelivered) -> None:
    async with smtp_server() as mailbox:
        mailbox.refusals.update(refusals)
        channel = mail(mailbox, {"MAIL": "x"}, username="u", password=SecretReference(secret="MAIL"))
        assert await channel.deliver(record(recipient="desk@city.example")) == delivery


async def test_a_mail_server_that_is_away_is_tried_later() -> None:
    async with smtp_server() as mailbox:
        pass
    delivery = await mail(mailbox).deliver(record(recipient="desk@city.example"))
    assert isinstance(delivery, Undelivered)
    assert not delivery.permanent


async def test_a_login_is_not_sent_unencrypted_where_encryption_is_wanted() -> None:
    async with smtp_server() as mailbox:
        channel = mail(
            mailbox, {"MAIL": "x"}, security="starttls", username="u", password=SecretReference(secret="MAIL")
        )
        assert isinstance(await channel.deliver(record(recipient="desk@city.example")), Undelivered)
    assert not mailbox.logins
    assert not mailbox.messages


async def test_a_recipient_cannot_add_headers() -> None:
    async with smtp_server() as mailbox:
        evil = record(recipient="a@city.example\r\nBcc: b@evil.example")
        assert isinstance(await mail(mailbox).deliver(evil), Undelivered)
    assert not mailbox.messages


# --- the log ---


async def test_the_log_says_that_there_is_a_message_not_what_it_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await LogLine().deliver(record(recipient="supervisor")) == Delivered()
    assert "notify-aa for supervisor from call c-n1-5f-01" in caplog.text
    assert "工单" not in caplog.text
