"""Accounts in the database: made, changed, revoked, seeded, without an Asterisk at hand."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from ivr.accounts.secrets import fits
from ivr.accounts.service import Accounts
from ivr.cli.accounts import app
from ivr.errors import AccountError
from storage.errors import StorageRefused
from storage.migrate import upgrade
from storage.store import Store

NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    await upgrade(url)
    async with await Store.open(url) as store:
        yield store


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store, lambda: NOW)


async def test_an_account_from_its_making_to_its_end(accounts: Accounts) -> None:
    made = await accounts.create("a1001", by="admin")
    assert (made.account.username, made.in_effect) == ("a1001", False)
    assert made.secret not in repr(made)
    assert fits(made.account.sha256, "a1001", "hotline", made.secret)
    turned = await accounts.rotate("a1001", by="admin")
    assert not fits(turned.account.sha256, "a1001", "hotline", made.secret)
    gone = await accounts.revoke("a1001", by="other")
    assert (gone.account.active, gone.account.changed_by, gone.account.revision) == (False, "other", 3)
    with pytest.raises(AccountError, match="revoked"):
        await accounts.rotate("a1001")
    again = await accounts.create("a1001")
    assert again.account.active and again.account.revision == 4
    assert await accounts.last_serial() == 4


async def test_a_browser_beside_the_phone(accounts: Accounts) -> None:
    await accounts.create("a1001")
    browser = await accounts.create("a1001", kind="browser")
    assert browser.account.username == "a1001-web"
    assert set(await accounts.all()) == {"a1001", "a1001-web"}


@pytest.mark.parametrize("name", ["1001", "trunk", "a b", "x]", "a" * 33, "ä1", "transport-x"])
async def test_a_name_that_cannot_be(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError) as refused:
        await accounts.create("a1001", username=name)
    assert refused.value.mend
    assert await accounts.all() == {}


async def test_names_are_not_given_twice(accounts: Accounts) -> None:
    await accounts.create("a1001")
    with pytest.raises(AccountError, match="already"):
        await accounts.create("a1002", username="a1001")


async def test_the_first_agents_get_accounts_once_and_never_after_a_revocation(accounts: Accounts) -> None:
    made = await accounts.seed(["a1", "a2"], {"a1": "known"})
    assert [one.username for one in made] == ["a1", "a2"]
    assert fits(made[0].sha256, "a1", "hotline", "known")
    (renewed,) = await accounts.seed(["a1", "a2"], {"a1": "another"})
    assert fits(renewed.sha256, "a1", "hotline", "another"), "the file with the first secrets was renewed"
    await accounts.rotate("a2", by="lead")
    assert await accounts.seed(["a1", "a2"], {"a1": "another", "a2": "old"}) == []
    await accounts.revoke("a1")
    assert [one.username for one in await accounts.seed(["a1", "a2", "a3"], {})] == ["a3"]


async def test_two_who_change_an_account_at_once_do_not_undo_each_other(
    store: Store, accounts: Accounts
) -> None:
    made = (await accounts.create("a1")).account
    await accounts.rotate("a1")
    async with store.unit_of_work() as uow:
        with pytest.raises(StorageRefused):
            await uow.sip_accounts.put(made)


def test_the_command_shows_a_secret_once_and_never_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path))
    run = CliRunner().invoke
    made = json.loads(run(app, ["create", "a1001", "--by", "lead", "--format", "json"]).stdout)
    assert (made["username"], made["by"], made["in_effect"]) == ("a1001", "lead", False)
    secret = made["secret"]
    for arguments in (["show", "a1001"], ["list"], ["list", "--format", "json"]):
        shown = run(app, arguments)
        assert shown.exit_code == 0 and "a1001" in shown.stdout and secret not in shown.stdout
    turned = run(app, ["rotate", "a1001"])
    assert "shown this once" in turned.stdout and secret not in turned.stdout
    assert "revoked" in run(app, ["revoke", "a1001"]).stdout
    assert "a1001" not in run(app, ["list"]).stdout
    assert "a1001" in run(app, ["list", "--revoked"]).stdout
    again = run(app, ["revoke", "a1001"])
    assert again.exit_code == 1 and "was revoked" in again.output
    stored = sqlite3.connect(tmp_path / "hotline.db")
    try:
        rows = stored.execute("SELECT * FROM sip_accounts").fetchall()
    finally:
        stored.close()
    assert len(rows) == 1 and secret not in str(rows)
