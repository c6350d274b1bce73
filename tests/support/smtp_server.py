"""A mail server that keeps what it is sent, and refuses what it is told to."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import cast


@dataclass(slots=True)
class Mailbox:
    """refusals: a command's first word -> the answer instead of the usual one. logins: what AUTH was given."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)


@asynccontextmanager
async def smtp_server() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    conversations: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        try:
            await _converse(mailbox, reader, writer)
        finally:
            conversations.discard(asyncio.current_task())
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
        if left := {task for task in conversations if task is not None}:
            await asyncio.wait(left, timeout=10)


async def _converse(mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    while line := (await reader.readline()).decode().strip():
        word = line.split()[0].upper()
        if word in mailbox.refusals:
            writer.write(mailbox.refusals[word].encode() + b"\r\n")
        elif word == "EHLO":
            writer.write(b"250-hello\r\n250-AUTH PLAIN\r\n250 SMTPUTF8\r\n")
        elif word == "AUTH":
            mailbox.logins.append(line)
            writer.write(b"235 welcome\r\n")
        elif word == "DATA":
            writer.write(b"354 go on\r\n")
            data = await reader.readuntil(b"\r\n.\r\n")
            message = email.message_from_bytes(data.removesuffix(b".\r\n"), policy=default)
            mailbox.messages.append(cast(EmailMessage, message))
            writer.write(b"250 taken\r\n")
        elif word == "QUIT":
            writer.write(b"221 bye\r\n")
            return
        else:
            writer.write(b"250 ok\r\n")
