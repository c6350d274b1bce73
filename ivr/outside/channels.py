"""How a notification reaches somebody: by a webhook (which gateways for short messages are), by mail, by the log.

A channel delivers one record and says what became of it; when it is tried again is `messages.after_attempt`'s matter.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Protocol

from ivr.flow.actions import Request
from ivr.flow.hosts import read_address
from ivr.flow.inputs import JsonValue, OpId
from ivr.flow.lookups import picked
from ivr.ids import CallId
from ivr.outside.messages import Delivered, Delivery, Undelivered, payload
from ivr.outside.requests import Requests
from ivr.outside.secrets import SecretMissing, Secrets
from ivr.outside.settings import AnyChannel, LogChannel, MailChannel, WebhookChannel
from storage.promises import NotificationRecord

log = logging.getLogger(__name__)

MAY_BE_TAKEN_LATER: Final = frozenset({408, 409, 425, 429})
"""Of the statuses 400-499: all others mean that this message will never be taken."""


class Channel(Protocol):
    async def deliver(self, record: NotificationRecord) -> Delivery:
        """Raises only CancelledError."""
        ...


def make_channel(settings: AnyChannel, requests: Requests, secrets: Secrets, tls: ssl.SSLContext) -> Channel:
    match settings:
        case WebhookChannel():
            return Webhook(settings, requests)
        case MailChannel():
            return Mail(settings, secrets, tls)
        case LogChannel():
            return LogLine()


class Webhook:
    """requests: those of the administrator, which the hosts of a flow do not bind."""

    def __init__(self, settings: WebhookChannel, requests: Requests) -> None:
        self._settings = settings
        self._requests = requests
        _, origin = read_address(settings.url)
        self._hosts = (f"{origin.scheme}://{origin}",)
        self._headers: Mapping[str, JsonValue] = {
            name: value if isinstance(value, str) else value.model_dump()
            for name, value in settings.headers.items()
        }

    async def deliver(self, record: NotificationRecord) -> Delivery:
        wanted = Request(
            OpId("notify"),
            "POST",
            self._settings.url,
            headers={"Idempotency-Key": record.id, **self._headers},
            body=payload(record, self._settings.body),
            timeout_s=self._settings.timeout_s,
        )
        ended = await self._requests.carry_out(CallId(record.call_id), wanted, self._hosts)
        if ended.outcome == "ok":
            for path, value in self._settings.answer.items():
                if picked(ended.body, path) != value:
                    return Undelivered(f"the gateway's answer does not say {path}: {value}")
            return Delivered()
        if ended.outcome == "status":
            permanent = 400 <= ended.status < 500 and ended.status not in MAY_BE_TAKEN_LATER
            return Undelivered(f"the gateway answered with status {ended.status}", permanent)
        return Undelivered(ended.detail or ended.outcome)


class Mail:
    """One connection a message: notifications are few, and a kept connection is one more thing to lose."""

    def __init__(self, settings: MailChannel, secrets: Secrets, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._secrets = secrets
        self._tls = tls

    async def deliver(self, record: NotificationRecord) -> Delivery:
        import aiosmtplib  # a start does not wait for it: ivr/main/late.py

        settings = self._settings
        try:
            password = (
                settings.password.prefix + self._secrets.get(settings.password.secret)
                if settings.password is not None
                else None
            )
            await aiosmtplib.send(
                _mail(record, settings),
                hostname=settings.host,
                port=settings.port,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=None if settings.security == "none" else self._tls,
                username=settings.username or None,
                password=password,
                timeout=settings.timeout_s,
            )
        except SecretMissing as error:
            return Undelivered(str(error))
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {refused.code for refused in error.recipients}
            return Undelivered("the mail server refuses the recipient", all(code >= 500 for code in codes))
        except aiosmtplib.SMTPAuthenticationError as error:
            # The administrator's to mend, and then the message can still go.
            return Undelivered(f"the mail server refuses the login ({error.code})")
        except aiosmtplib.SMTPResponseException as error:
            return Undelivered(f"the mail server answered {error.code}", error.code >= 500)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # ValueError: of an address that cannot stand in a header. Messages may repeat what is personal.
            return Undelivered(f"no mail through {settings.host}: {type(error).__name__}")
        return Delivered()


def _mail(record: NotificationRecord, settings: MailChannel) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = record.recipient
    subjects = settings.subject
    message["Subject"] = (
        subjects.get(record.language) or next(iter(subjects.values()), "") or "Message from the hotline"
    )
    message["Date"] = record.created_at
    # The same at each attempt, so that a repetition can be told.
    message["Message-ID"] = f"<{record.id}@{settings.sender.rpartition('@')[2].strip('<> ')}>"
    message.set_content(record.text)
    return message


class LogLine:
    """For the supervisors: stored is delivered, until their console shows it."""

    async def deliver(self, record: NotificationRecord) -> Delivery:
        log.warning("notification %s for %s from call %s", record.id, record.recipient, record.call_id)
        return Delivered()
