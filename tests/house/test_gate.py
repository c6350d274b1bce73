"""A controller whose calls another one has writes nothing any more, on no way."""

from __future__ import annotations

import pytest

from ivr.callback.promises import StoredPromises
from ivr.gate import Gate
from storage.errors import StorageAway
from storage.records import Fact
from storage.store import Store
from tests.storage import samples


async def test_a_promise_is_kept_until_the_gate_is_shut_and_refused_after() -> None:
    put, durable = list[Fact](), list[Fact]()

    async def keep(fact: Fact) -> None:
        durable.append(fact)

    gate = Gate(put.append, keep)
    promises = StoredPromises(_NO_STORE, gate, gate.durable)
    await promises.keep(samples.callback("b1"))
    promises.note(samples.callback("b1"))
    gate.shut()
    with pytest.raises(StorageAway, match="another controller"):
        await promises.keep(samples.callback("b2"))
    promises.note(samples.callback("b1", state="done", revision=9))
    assert (durable, put) == ([samples.callback("b1")], [samples.callback("b1")])
    assert gate.kept_out == 2


_NO_STORE: Store = object()  # type: ignore[assignment]  # nothing is read here
