"""What Asterisk's answers mean. Messages as Asterisk 22.10 says them (the real tests see them too)."""

from __future__ import annotations

import pytest

from ivr.ari.generated.operations import OPERATIONS
from ivr.ari.results import ACCEPTED, Gone, Operation, Sent, classify
from ivr.errors import AriRejected, AriUnauthorised, AriUnavailable

BY_NAME = {operation.name: operation for operation in OPERATIONS}

TABLE = [
    # Accepted, whatever the body
    ("channels.answer", 204, "", None),
    ("channels.play_with_id", 201, '{"id":"p"}', None),
    ("channels.list", 200, "[]", None),
    # The object is gone
    ("channels.get", 404, '{"message":"Channel not found"}', Gone),
    ("channels.hangup", 404, '{"message":"Channel not found"}', Gone),
    ("channels.answer", 409, '{"message":"Channel not in Stasis application"}', Gone),
    ("channels.play_with_id", 409, '{"message":"Channel not in a Stasis application"}', Gone),
    ("playbacks.stop", 404, '{"message":"Playback not found"}', Gone),
    ("bridges.destroy", 404, '{"message":"Bridge not found"}', Gone),
    ("bridges.add_channel", 400, '{"message":"Channel not found"}', Gone),
    ("bridges.add_channel", 404, '{"message":"Bridge not found"}', Gone),
    ("bridges.add_channel", 409, '{"message":"Bridge not in Stasis application"}', Gone),
    ("bridges.add_channel", 422, '{"message":"Channel not in Stasis application"}', Gone),
    ("bridges.remove_channel", 422, '{"message":"Channel not in this bridge"}', Gone),
    ("recordings.stop", 404, '{"message":"Recording not found"}', Gone),
    ("recordings.stop", 409, '{"message":"Recording not in session"}', Gone),
    ("applications.unsubscribe", 409, '{"message":"Application not subscribed to event source"}', Gone),
    # The object lives: our mistake
    ("channels.get_channel_var", 404, '{"message":"Provided variable was not found"}', AriRejected),
    ("channels.rtpstatistics", 404, '{"message":"RTP info not found"}', AriRejected),
    ("channels.rtpstatistics", 403, '{"message":"Unsupported channel type"}', AriRejected),
    ("channels.play_with_id", 412, '{"message":"Channel in invalid state"}', AriRejected),
    ("channels.dial", 409, '{"message":"Channel is not in the \'Down\' state"}', AriRejected),
    ("channels.create", 409, '{"message":"Channel with given unique ID already exists"}', AriRejected),
    ("channels.create", 400, '{"message":"Channel not found"}', AriRejected),
    ("bridges.add_channel", 400, '{"message":"Missing parameter channel"}', AriRejected),
    (
        "bridges.create_with_id",
        409,
        '{"message":"Bridge with the same bridgeId already exists"}',
        AriRejected,
    ),
    ("channels.record", 422, '{"message":"specified format is unknown on this system"}', AriRejected),
    ("mailboxes.list", 404, '{"message":"Resource not found"}', AriRejected),
    ("channels.list", 404, '{"message":"Channel not found"}', AriRejected),
    ("events.user_event", 404, '{"message":"Application not found"}', AriRejected),
    # A phone that is not registered, told as 500; the same from any other operation is Asterisk's trouble
    ("channels.create", 500, '{"error":"Allocation failed"}', AriRejected),
    ("channels.originate_with_id", 500, '{"error":"Allocation failed"}', AriRejected),
    ("channels.get", 500, '{"error":"Allocation failed"}', AriUnavailable),
    ("channels.get", 503, "", AriUnavailable),
    ("channels.get", 302, "", AriUnavailable),
    # Who we are
    ("channels.list", 401, '{"message":"Authentication required"}', AriUnauthorised),
    ("channels.hangup", 403, '{"message":"Write access denied"}', AriUnauthorised),
]


@pytest.mark.parametrize(("name", "status", "body", "meaning"), TABLE)
def test_meaning_of_an_answer(name: str, status: int, body: str, meaning: type | None) -> None:
    found = classify(BY_NAME[name], status, body.encode())
    if meaning is None:
        assert found is ACCEPTED
    else:
        assert type(found) is meaning


def test_gone_and_rejected_say_why() -> None:
    gone = classify(BY_NAME["channels.get"], 404, b'{"message":"Channel not found"}')
    assert gone == Gone("Channel not found", 404)
    rejected = classify(BY_NAME["channels.create"], 500, b'{"error":"Allocation failed"}')
    assert isinstance(rejected, AriRejected)
    assert rejected.status == 500
    assert str(rejected) == "channels.create: 500 Allocation failed"
    assert "registered" in rejected.mend


@pytest.mark.parametrize(
    "body", [b"", b"<html>oops", b"\xff\xfe", b'["message"]', b'{"message":{"a":1}}', b"null"]
)
@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_a_body_that_is_not_asterisks_never_breaks_the_classification(status: int, body: bytes) -> None:
    found = classify(BY_NAME["channels.answer"], status, body)
    assert type(found) is {404: Gone, 500: AriUnavailable}.get(status, AriRejected)


def test_the_body_is_decoded_only_when_read_and_once() -> None:
    reads: list[bytes] = []

    def decode(body: bytes) -> int:
        reads.append(body)
        return int(body)

    sent = Sent.undecoded(b"7", decode)
    assert reads == []
    assert (sent.value, sent.value) == (7, 7)
    assert reads == [b"7"]
    assert sent == Sent(7)
    match sent:
        case Sent(value):
            assert value == 7


def test_a_body_that_cannot_be_decoded_is_unavailable_on_reading() -> None:
    sent = Sent.undecoded(b"not a number", int)
    with pytest.raises(AriUnavailable):
        _ = sent.value


def test_an_operation_without_objects_is_never_gone_by_404() -> None:
    assert isinstance(classify(Operation("x.y", "GET", "/x"), 404, b""), AriRejected)
