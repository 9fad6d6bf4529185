"""Messages of the secure channel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.matter.messages import secure_channel
from latchwork.matter.messages.secure_channel import (
    EncryptedData2,
    EncryptedData3,
    Opcode,
    Pake1,
    Pake2,
    Pake3,
    PbkdfParameters,
    PbkdfParamRequest,
    PbkdfParamResponse,
    SessionParameters,
    Sigma1,
    Sigma2,
    Sigma2Resume,
    Sigma3,
    SignedData,
)
from latchwork.matter.tlv.elements import ProfileTag, TlvError, encode

MESSAGES = [
    PbkdfParamRequest, PbkdfParamResponse, Pake1, Pake2, Pake3, Sigma1, Sigma2, Sigma2Resume, Sigma3, SignedData,
    EncryptedData2, EncryptedData3, SessionParameters,
]  # fmt: skip

# The shapes of connectedhomeip 1.4.2 src/protocols/secure_channel/tests/TestCASESession.cpp, Sigma{1,2,2Resume}Params.
SIGMA1 = {1: bytes(32), 2: 7315, 3: bytes(32), 4: bytes(65)}
SIGMA2 = {1: bytes(32), 2: 0, 3: bytes(65), 4: bytes(17)}
SIGMA2_RESUME = {1: bytes(16), 2: bytes(16), 3: 0}
TBE2 = {1: bytes(300), 2: bytes(300), 3: bytes(64), 4: bytes(16)}
TBE3 = {1: bytes(300), 3: bytes(64)}

GOOD = [
    (Sigma1, SIGMA1, {}),
    (Sigma1, SIGMA1, {2: 0xFFFF}),
    (Sigma1, SIGMA1, {6: bytes(16), 7: bytes(16)}),
    (Sigma1, SIGMA1, {11: 77}),
    (Sigma2, SIGMA2, {}),
    (Sigma2, SIGMA2, {11: 77}),
    (Sigma2Resume, SIGMA2_RESUME, {}),
    (Sigma2Resume, SIGMA2_RESUME, {11: 77}),
    (Sigma3, {1: bytes(500)}, {11: 77}),
    (EncryptedData2, TBE2, {}),
    (EncryptedData2, TBE2, {2: None, 11: 77}),
    (EncryptedData3, TBE3, {2: bytes(400)}),
]
BAD = [
    (Sigma1, SIGMA1, {1: bytes(33)}),
    (Sigma1, SIGMA1, {1: bytes(31)}),
    (Sigma1, SIGMA1, {2: 0x1_0000}),
    (Sigma1, SIGMA1, {3: bytes(33)}),
    (Sigma1, SIGMA1, {3: bytes(31)}),
    (Sigma1, SIGMA1, {4: bytes(66)}),
    (Sigma1, SIGMA1, {4: bytes(64)}),
    (Sigma1, SIGMA1, {5: 1}),
    (Sigma1, SIGMA1, {6: bytes(17), 7: bytes(16)}),
    (Sigma1, SIGMA1, {6: bytes(15), 7: bytes(16)}),
    (Sigma1, SIGMA1, {6: bytes(16), 7: bytes(15)}),
    (Sigma2, SIGMA2, {1: bytes(31)}),
    (Sigma2, SIGMA2, {2: 0x1_0000}),
    (Sigma2, SIGMA2, {3: bytes(64)}),
    (Sigma2, SIGMA2, {4: bytes(16)}),
    (Sigma2, SIGMA2, {4: bytes(1200)}),
    (Sigma2Resume, SIGMA2_RESUME, {1: bytes(17)}),
    (Sigma2Resume, SIGMA2_RESUME, {2: bytes(15)}),
    (Sigma2Resume, SIGMA2_RESUME, {3: 0x1_0000}),
    (Sigma3, {1: bytes(16)}, {}),
    (EncryptedData2, TBE2, {1: bytes(401)}),
    (EncryptedData2, TBE2, {2: bytes(401)}),
    (EncryptedData2, TBE2, {3: bytes(63)}),
    (EncryptedData2, TBE2, {4: bytes(15)}),
    (EncryptedData3, TBE3, {1: b""}),
    (EncryptedData3, TBE3, {3: bytes(65)}),
]


def octets(fields: dict, changes: dict) -> bytes:
    return encode({tag: value for tag, value in (fields | changes).items() if value is not None})


@pytest.mark.parametrize(("kind", "fields", "changes"), GOOD)
def test_a_message_that_a_peer_may_send_is_read(kind, fields, changes):
    assert kind.decode(octets(fields, changes))


@pytest.mark.parametrize(("kind", "fields", "changes"), BAD)
def test_a_field_of_another_size_is_refused(kind, fields, changes):
    with pytest.raises(TlvError):
        kind.decode(octets(fields, changes))


@pytest.mark.parametrize(("kind", "fields"), [(Sigma1, SIGMA1), (Sigma2, SIGMA2), (Sigma2Resume, SIGMA2_RESUME)])
def test_a_message_without_its_end_or_with_other_tags_is_refused(kind, fields):
    with pytest.raises(TlvError):
        kind.decode(octets(fields, {})[:-1])
    with pytest.raises(TlvError):
        kind.decode(octets(fields, {11: 77})[:-1])
    with pytest.raises(TlvError):
        kind.decode(encode({ProfileTag(0, 0, tag): value for tag, value in fields.items()}))


@pytest.mark.parametrize(("kind", "fields"), [(Sigma1, SIGMA1), (Sigma2, SIGMA2), (EncryptedData3, TBE3)])
def test_a_message_lacks_no_field(kind, fields):
    for missing in fields:
        with pytest.raises(TlvError):
            kind.decode(octets(fields, {missing: None}))


def test_sigma1_reads_as_its_table():
    sigma1 = Sigma1(
        initiator_random=b"\x01" * 32,
        initiator_session_id=0x1234,
        destination_id=b"\x02" * 32,
        initiator_eph_pub_key=b"\x03" * 65,
        initiator_session_params=SessionParameters(),
    )
    session = "3501 2501f401 25022c01 2503a00f 18"
    assert sigma1.encode() == bytes.fromhex(
        "15 300120"
        + "01" * 32
        + "25023412 300320"
        + "02" * 32
        + "300441"
        + "03" * 65
        + session.replace("3501", "3505")
        + "18"
    )


def test_a_silent_peer_has_the_default_intervals():
    assert SessionParameters.decode(b"\x15\x18") == SessionParameters()
    told = SessionParameters()
    assert (told.idle_interval_ms, told.active_interval_ms, told.active_threshold_ms) == (500, 300, 4000)
    assert told.specification_version is None


def test_session_parameters_keep_every_field():
    told = SessionParameters(
        idle_interval_ms=1,
        active_interval_ms=2,
        active_threshold_ms=3,
        data_model_revision=19,
        interaction_model_revision=13,
        specification_version=0x0106_0000,
        max_paths_per_invoke=10,
        supported_transports=6,
        max_tcp_message_size=64_000,
    )
    assert SessionParameters.decode(told.encode()) == told
    assert SessionParameters.fields() == {
        "idle_interval_ms": 1,
        "active_interval_ms": 2,
        "active_threshold_ms": 3,
        "data_model_revision": 4,
        "interaction_model_revision": 5,
        "specification_version": 6,
        "max_paths_per_invoke": 7,
        "supported_transports": 8,
        "max_tcp_message_size": 9,
    }


def test_the_salt_has_a_length_that_the_specification_allows():
    for length, fits in ((15, False), (16, True), (32, True), (33, False)):
        data = encode({1: 1000, 2: bytes(length)})
        if fits:
            assert len(PbkdfParameters.decode(data).salt) == length
        else:
            with pytest.raises(TlvError):
                PbkdfParameters.decode(data)


def test_a_resumption_id_is_not_printed():
    made = EncryptedData2(responder_noc=b"n", signature=b"s" * 64, resumption_id=b"never" + bytes(11))
    assert "never" not in repr(made)


def test_an_unknown_opcode_is_no_error():
    assert Opcode(0x7F).name == "UNKNOWN_127"
    assert secure_channel.PASSCODE_ID == 0


@given(st.sampled_from(MESSAGES), st.binary(max_size=200))
def test_any_octets_are_a_message_or_refused(kind, data):
    try:
        kind.decode(data)
    except TlvError:
        return


@given(st.sampled_from([(Sigma1, SIGMA1), (Sigma2, SIGMA2), (EncryptedData2, TBE2)]), st.data())
def test_a_changed_octet_is_read_or_refused(message, data):
    kind, fields = message
    whole = bytearray(octets(fields, {}))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        kind.decode(bytes(whole))
    except TlvError:
        return
