"""SIP accounts: a row each. What can be verified of a secret is kept, never the secret itself.

A row is of present state; `serial` numbers the changes of all accounts, so that a running server sees by one look-up
that something has changed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from sqlalchemy import BigInteger, Column, Integer, String, Table, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageRefused, explained
from storage.repository import Repository
from storage.tables import UtcDateTime, metadata

AccountKind = Literal["phone", "browser"]
Answering = Literal["by_hand", "by_itself"]

sip_accounts: Final = Table(
    "sip_accounts",
    metadata,
    Column("username", String(32), primary_key=True),
    Column("agent", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("answering", String(16), nullable=False, server_default="by_hand"),
    Column("realm", String(64), nullable=False),
    Column("md5", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(128), nullable=False, server_default=""),
    Column("revoked_at", UtcDateTime, nullable=True),
    Column("revision", Integer, nullable=False),
    Column("serial", BigInteger, nullable=False, unique=True),
)


@dataclass(frozen=True, slots=True)
class SipAccountRecord:
    """username: what the phone registers as. md5, sha256: of `username:realm:secret`, in hex (RFC 7616's A1).

    changed_by: who made, changed or revoked it last, "" = the server itself. answering: by_itself = the phone
    is asked to take calls at once. revision: 1, 2, 3 ... of this account.
    """

    username: str
    agent: str
    kind: AccountKind
    realm: str
    md5: str = field(repr=False)
    sha256: str = field(repr=False)
    created_at: dt.datetime
    changed_at: dt.datetime
    changed_by: str = ""
    revoked_at: dt.datetime | None = None
    answering: Answering = "by_hand"
    revision: int = 1
    serial: int = 0

    @property
    def active(self) -> bool:
        return self.revoked_at is None


class SipAccounts(Repository[SipAccountRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, SipAccountRecord, sip_accounts)

    async def all(self) -> list[SipAccountRecord]:
        """By name, revoked ones too."""
        return await self._many(self._select().order_by(sip_accounts.c.username))

    async def get(self, username: str) -> SipAccountRecord | None:
        return await self._one(sip_accounts.c.username == username)

    async def last_serial(self) -> int:
        """0 when there are none. Cheap: a running server asks for it every second."""
        query = select(func.max(sip_accounts.c.serial))
        with explained(self._connection.engine.url):
            return (await self._connection.execute(query)).scalar() or 0

    async def put(self, record: SipAccountRecord) -> SipAccountRecord:
        """Write it with the next serial, which is returned. Its revision must be one more than the stored one's.

        Raises StorageRefused when somebody else has changed an account in the same moment.
        """
        table = sip_accounts
        row = asdict(record) | {"serial": await self.last_serial() + 1}
        with explained(self._connection.engine.url):
            try:
                if record.revision == 1:
                    await self._connection.execute(table.insert(), [row])
                    return SipAccountRecord(**row)
                same = table.c.username == record.username
                before = table.c.revision == record.revision - 1
                done = await self._connection.execute(table.update().where(same, before).values(row))
            except IntegrityError as error:
                raise _refused(record) from error
        if done.rowcount != 1:
            raise _refused(record)
        return SipAccountRecord(**row)


def _refused(record: SipAccountRecord) -> StorageRefused:
    return StorageRefused(
        f"account {record.username} was not written: an account was changed in the same moment",
        mend="look at it (`ivr accounts show`), then try again",
    )
