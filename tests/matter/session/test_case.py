"""CASE: two nodes of a fabric against each other, and against others."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.session.ladder import (
    IPK,
    NOW_UTC,
    OURS,
    STATUS_REPORT,
    THEIRS,
    YEAR,
    Half,
    World,
    entropy,
    flip,
    replace,
    run,
)

from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.crypto.primitives import hkdf, sha256
from latchwork.matter.messages.secure_channel import (
    EncryptedData2,
    EncryptedData3,
    Opcode,
    SessionParameters,
    Sigma1,
    Sigma2,
    Sigma3,
)
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport
from latchwork.matter.session import sigma
from latchwork.matter.session.case import case_initiator, case_responder
from latchwork.matter.session.handshake import FailureKind, Received, Send
from latchwork.matter.session.resumption import ResumptionStore
from latchwork.matter.trust import groups
from latchwork.matter.trust.groups import operational_key

HOME = World()
CONTROLLER = HOME.member(0x11, cats=(0x0001_0002, 0xABCD_0001))
LOCK = HOME.member(0x22, index=3)
NOBODY = Secret(b"not your fabric!")


def initiator(fabric=CONTROLLER, node_id=0x22, *, seed=0, now_utc=NOW_UTC, **more):
    return case_initiator(
        fabric,
        node_id,
        local_session_id=0x1111,
        parameters=OURS,
        entropy=entropy(("initiator", seed)),
        now_utc=now_utc,
        **more,
    )


def responder(*fabrics, seed=0, now_utc=NOW_UTC, resumptions=None, session_id=0x2222):
    return case_responder(
        fabrics or (LOCK,),
        local_session_id=session_id,
        parameters=THEIRS,
        entropy=entropy(("responder", seed)),
        now_utc=now_utc,
        resumptions=resumptions or ResumptionStore(),
    )


def report(code: SecureChannelCode) -> bytes:
    return StatusReport(GeneralCode.FAILURE, 0, code).encode()


def test_a_destination_id_is_that_of_the_specifications_example():
    # connectedhomeip 1.4.2 src/protocols/secure_channel/tests/TestCASESession.cpp, DestinationIdTest.
    root = bytes.fromhex(
        "044a9f42b1ca4840d37292bbc7f6a7e11e22200c976fc900dbc98a7a383a641cb8"
        "254a2e56d4e295a847943b4e3897c4a773e930277b4d9fbede8a052686bfacfa"
    )
    key = bytes.fromhex("9bc61cd9c62a2df6d64dfcaa9dc472d4")
    random = bytes.fromhex("7e171231568dfa17206b3accf8faec2f4d21b580113196f47c7c4deb810a73dc")
    expected = bytes.fromhex("dc35dd5fc9134cc5544538c9c3fc4297c1ec3370c839136a80e10796451d4c53")
    fabric_id, node_id = 0x2906_C908_D115_D362, 0xCD55_44AA_7B13_EF14
    assert sigma.destination_id(key, random, root, fabric_id, node_id) == expected
    assert sigma.destination_id(key, random, root, fabric_id, node_id + 1) != expected


@pytest.mark.parametrize("has_icac", [True, False])
def test_both_sides_come_to_the_same_session(has_icac):
    world = World(f"icac {has_icac}", has_icac=has_icac)
    ladder = run(initiator(world.member(0x11, index=7, cats=(0x0001_0002,))), responder(world.member(0x22, index=3)))
    ours, theirs = ladder.initiator.result, ladder.responder.result
    assert ladder.opcodes == [Opcode.SIGMA1, Opcode.SIGMA2, Opcode.SIGMA3, Opcode.STATUS_REPORT]
    assert (ours.encrypt_i2r, ours.encrypt_r2i) == (theirs.encrypt_i2r, theirs.encrypt_r2i)
    assert ours.attestation_challenge == theirs.attestation_challenge
    assert len({ours.encrypt_i2r, ours.encrypt_r2i, ours.attestation_challenge}) == 3
    assert (ours.shared_secret, ours.resumption_id) == (theirs.shared_secret, theirs.resumption_id)
    assert (ours.local_session_id, ours.peer_session_id, ours.is_initiator) == (0x1111, 0x2222, True)
    assert (theirs.local_session_id, theirs.peer_session_id, theirs.is_initiator) == (0x2222, 0x1111, False)
    assert (ours.fabric_index, ours.local_node_id, ours.peer_node_id, ours.cats) == (7, 0x11, 0x22, ())
    assert (theirs.fabric_index, theirs.local_node_id, theirs.peer_node_id) == (3, 0x22, 0x11)
    assert theirs.cats == (0x0001_0002,)
    assert (ours.resumed, theirs.resumed) == (False, False)
    assert (ours.peer_parameters, theirs.peer_parameters) == (THEIRS, OURS)


def test_each_handshake_has_keys_of_its_own():
    first, second = (run(initiator(seed=seed), responder(seed=seed)).initiator.result for seed in (1, 2))
    assert first.encrypt_i2r != second.encrypt_i2r
    assert first.resumption_id != second.resumption_id


def test_the_keys_follow_the_specifications_formulas():
    ladder = run(initiator(), responder())
    one, two, three = (message.payload for message in ladder.messages[:3])
    made = ladder.initiator.result
    ipk = hkdf(IPK, CONTROLLER.compressed_id, b"GroupKey v1.0", 16)
    keys = hkdf(made.shared_secret, ipk + sha256(one + two + three), b"SessionKeys", 48)
    assert made.encrypt_i2r + made.encrypt_r2i + made.attestation_challenge == keys


# Which fabric, which node


def test_a_responder_finds_the_fabric_among_many():
    others = [World(f"other {number}").member(0x22, index=number) for number in range(10, 14)]
    ladder = run(initiator(), responder(*others, LOCK))
    assert ladder.responder.result.fabric_index == 3


@pytest.mark.parametrize(
    "ours",
    [
        World("other root").member(0x11),
        World(fabric_id=5).member(0x11),
        World(ipk=(NOBODY,)).member(0x11),
    ],
    ids=["another root", "another fabric id", "another ipk"],
)
def test_who_shares_no_fabric_is_told_so(ours):
    ladder = run(initiator(ours), responder())
    assert ladder.failures == [FailureKind.NO_SHARED_TRUST_ROOTS, FailureKind.NO_SHARED_TRUST_ROOTS]
    assert ladder.messages[-1] == Send(STATUS_REPORT, report(SecureChannelCode.NO_SHARED_TRUST_ROOTS))
    assert "pair it again" in ladder.initiator.failure.advice


def test_a_node_that_is_not_meant_does_not_answer_for_another():
    assert run(initiator(node_id=0x23), responder()).failures[0] is FailureKind.NO_SHARED_TRUST_ROOTS


def test_a_node_without_fabrics_has_no_trust_roots():
    def machine():
        return case_responder(
            (), local_session_id=1, parameters=THEIRS, entropy=entropy(), now_utc=None, resumptions=ResumptionStore()
        )

    assert run(initiator(), machine()).failures[1] is FailureKind.NO_SHARED_TRUST_ROOTS


def test_a_member_of_the_fabric_cannot_stand_in_for_another_node():
    impostor = dataclasses.replace(HOME.member(0x66), node_id=0x22)
    ladder = run(initiator(), responder(impostor))
    assert ladder.failures[0] is FailureKind.WRONG_NODE
    assert ladder.messages[-1] == Send(STATUS_REPORT, report(SecureChannelCode.INVALID_PARAMETER))
    assert ladder.responder.result is None


@pytest.mark.parametrize("keys", [1, 2, 3])
def test_the_second_newest_epoch_key_begins_and_every_key_is_understood(keys):
    epochs = tuple(Secret(bytes([number]) * 16) for number in range(1, keys + 1))
    fabric = World(ipk=epochs).member(0x11)
    begins = epochs[max(0, keys - 2)]
    assert sigma.initiator_key(fabric) == operational_key(begins, fabric.compressed_id)
    lock = World(ipk=tuple(sorted({begins, NOBODY}, key=lambda key: key == begins))).member(0x22)
    assert run(initiator(fabric), responder(lock)).failures == [None, None]


def test_a_fabrics_keys_are_derived_once_and_gone_with_it(monkeypatch):
    made = []
    monkeypatch.setattr(groups, "hkdf", lambda *given: made.append(given) or hkdf(*given))
    fabric = World(ipk=(Secret(b"a" * 16), Secret(b"b" * 16))).member(0x22)
    for _ in range(3):
        sigma.initiator_key(fabric)
        assert sigma.find_destination(bytes(32), bytes(32), [fabric]) is None
    assert len(made) == 2
    # Who joins again, or is given other keys, has nothing left of before.
    again = dataclasses.replace(fabric)
    assert again.operational_ipk == fabric.operational_ipk
    assert len(made) == 4
    changed = dataclasses.replace(fabric, ipk=dataclasses.replace(fabric.ipk, epoch_keys=fabric.ipk.epoch_keys[:1]))
    assert changed.operational_ipk == fabric.operational_ipk[:1]


# Certificates

WRONG = {
    "of another root": World("stranger"),
    "expired": World(not_after=int(24.5 * YEAR)),
}


@pytest.mark.parametrize("which", WRONG)
@pytest.mark.parametrize("side", ["initiator", "responder"])
def test_a_certificate_that_is_not_valid_here_is_refused(which, side):
    """The bad member knows our root and IPK, but its certificates are of another root or another time."""
    bad = WRONG[which].member(0x11 if side == "initiator" else 0x22)
    shown = dataclasses.replace(bad, root=LOCK.root, ipk=LOCK.ipk, index=4)
    ladder = run(initiator(shown), responder()) if side == "initiator" else run(initiator(), responder(shown))
    if side == "initiator":
        assert ladder.failures == [FailureKind.INVALID_PARAMETER, FailureKind.UNTRUSTED_CERTIFICATE]
    else:
        assert ladder.failures == [FailureKind.UNTRUSTED_CERTIFICATE, FailureKind.INVALID_PARAMETER]
    assert ladder.messages[-1] == Send(STATUS_REPORT, report(SecureChannelCode.INVALID_PARAMETER))


def test_without_a_clock_an_expired_certificate_passes():
    world = World(not_after=int(24.5 * YEAR))
    ladder = run(initiator(world.member(0x11), now_utc=None), responder(world.member(0x22), now_utc=None))
    assert ladder.failures == [None, None]


def test_a_certificate_that_is_not_valid_yet_is_refused():
    ladder = run(initiator(now_utc=NOW_UTC - 2 * YEAR), responder())
    assert ladder.failures[0] is FailureKind.UNTRUSTED_CERTIFICATE


def test_a_certificate_of_another_fabric_of_the_same_root_is_refused():
    other = HOME.member(0x11, fabric_id=0x77)
    assert run(initiator(other), responder()).failures[1] is FailureKind.UNTRUSTED_CERTIFICATE


@pytest.mark.parametrize("side", ["initiator", "responder"])
def test_who_has_the_certificate_but_not_its_key_is_refused(side):
    other_key = KeyPair.generate(entropy("thief"))
    thief = dataclasses.replace(CONTROLLER if side == "initiator" else LOCK, key=other_key)
    ladder = run(initiator(thief), responder()) if side == "initiator" else run(initiator(), responder(thief))
    assert FailureKind.NOT_AUTHENTIC in ladder.failures
    assert ladder.initiator.result is None
    assert ladder.responder.result is None


def test_a_certificate_that_was_verified_once_is_still_checked_against_the_clock():
    world = World("aging", not_after=26 * YEAR)
    pair = world.member(0x11), world.member(0x22)
    assert run(initiator(pair[0]), responder(pair[1])).failures == [None, None]
    later = NOW_UTC + 2 * YEAR
    ladder = run(initiator(pair[0], now_utc=later), responder(pair[1], now_utc=later))
    assert ladder.failures[0] is FailureKind.UNTRUSTED_CERTIFICATE


# A responder that says whatever a test wants, with the right keys


def answer(one: Send, fabric=LOCK, *, seal=None, **changes):
    """Sigma2 by hand; `changes` replace fields of its encrypted part, `seal` the octets of that part."""
    sigma1 = Sigma1.decode(one.payload)
    ephemeral = KeyPair.generate(entropy("answer"))
    peer = PublicKey(sigma1.initiator_eph_pub_key)
    signed = sigma.signed_data(fabric.noc, fabric.icac, ephemeral.public, peer)
    proof = EncryptedData2(
        responder_noc=fabric.noc,
        responder_icac=fabric.icac,
        signature=fabric.key.sign(signed),
        resumption_id=bytes(16),
    ).replace(**changes)
    ipk = sigma.initiator_key(fabric)
    key = sigma.message_key(
        sigma.SIGMA2, ephemeral.ecdh(peer), ipk, bytes(32), ephemeral.public.raw, sha256(one.payload)
    )
    return Sigma2(
        responder_random=bytes(32),
        responder_session_id=5,
        responder_eph_pub_key=ephemeral.public.raw,
        encrypted2=key.encrypt(b"NCASE_Sigma2N", proof.encode() if seal is None else seal, b""),
    )


def begun() -> tuple[Half, Send]:
    side = Half(initiator())
    side.give(None)
    return side, side.outbox.pop()


def test_an_answer_by_hand_is_accepted():
    side, one = begun()
    side.give(Received(Opcode.SIGMA2, answer(one).encode()))
    assert Sigma3.decode(side.outbox.pop().payload)
    side.give(Received(STATUS_REPORT, bytes(8)))
    assert side.result.peer_session_id == 5
    assert side.result.peer_parameters == SessionParameters()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"signature": bytes(64)}, FailureKind.NOT_AUTHENTIC),
        ({"responder_noc": b"\x15\x18"}, FailureKind.UNTRUSTED_CERTIFICATE),
        ({"responder_noc": LOCK.icac}, FailureKind.UNTRUSTED_CERTIFICATE),
        ({"responder_icac": None}, FailureKind.UNTRUSTED_CERTIFICATE),
        ({"responder_icac": LOCK.root}, FailureKind.UNTRUSTED_CERTIFICATE),
        ({"responder_icac": LOCK.noc}, FailureKind.UNTRUSTED_CERTIFICATE),
        ({"seal": b""}, FailureKind.MALFORMED),
        ({"seal": b"\x15\x18"}, FailureKind.MALFORMED),
    ],
)
def test_a_wrong_part_of_sigma2_is_refused(changes, kind):
    side, one = begun()
    side.give(Received(Opcode.SIGMA2, answer(one, **changes).encode()))
    assert side.failure.kind is kind
    assert side.failure.reply == report(SecureChannelCode.INVALID_PARAMETER)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_peer_with_the_right_keys_can_send_any_octets_and_only_fail(data):
    side, one = begun()
    plain = data.draw(
        st.one_of(
            st.binary(max_size=200).map(lambda octets: {"seal": octets}),
            st.binary(min_size=1, max_size=200).map(lambda octets: {"responder_noc": octets}),
            st.binary(min_size=1, max_size=200).map(lambda octets: {"responder_icac": octets}),
            st.tuples(st.integers(0, len(LOCK.noc) - 1), st.integers(1, 255)).map(
                lambda change: {
                    "responder_noc": flip(0, *change)(0, LOCK.noc)[1],
                }
            ),
        )
    )
    side.give(Received(Opcode.SIGMA2, answer(one, **plain).encode()))
    assert side.failure is not None


@pytest.mark.parametrize("raw", [bytes(65), b"\x04" + b"\x01" * 64], ids=["zeros", "off the curve"])
def test_a_point_that_is_none_is_refused(raw):
    side, one = begun()
    side.give(Received(Opcode.SIGMA2, answer(one).replace(responder_eph_pub_key=raw).encode()))
    assert side.failure.kind is FailureKind.MALFORMED
    other = Half(responder())
    other.give(None)
    other.give(Received(Opcode.SIGMA1, Sigma1.decode(one.payload).replace(initiator_eph_pub_key=raw).encode()))
    assert other.failure.kind is FailureKind.MALFORMED


def test_session_id_zero_is_the_unsecured_session_and_refused():
    side, one = begun()
    side.give(Received(Opcode.SIGMA2, answer(one).replace(responder_session_id=0).encode()))
    assert side.failure.kind is FailureKind.MALFORMED
    other = Half(responder())
    other.give(None)
    other.give(Received(Opcode.SIGMA1, Sigma1.decode(one.payload).replace(initiator_session_id=0).encode()))
    assert other.failure.kind is FailureKind.MALFORMED


# Somebody in between


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([Opcode.SIGMA1, Opcode.SIGMA2, Opcode.SIGMA3]), st.integers(0, 900), st.integers(1, 255))
def test_no_changed_octet_of_any_message_leads_to_a_session(opcode, place, mask):
    ladder = run(initiator(), responder(), meddle=flip(opcode, place, mask))
    assert ladder.initiator.result is None
    assert ladder.responder.result is None


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(Opcode)),
    st.sampled_from([Opcode.SIGMA1, Opcode.SIGMA2, Opcode.SIGMA3, Opcode.STATUS_REPORT]),
    st.binary(max_size=120),
)
def test_any_octets_at_any_step_fail_only_as_a_handshake_does(opcode, at, octets):
    ladder = run(initiator(), responder(), meddle=replace(at, Send(opcode, octets)))
    # Only the last message has no secret in it: whoever can change it may also keep it back.
    assert ladder.initiator.result is None or at == STATUS_REPORT
    assert ladder.responder.result is None or at == STATUS_REPORT


@pytest.mark.parametrize("opcode", [Opcode.SIGMA1, Opcode.SIGMA2, Opcode.SIGMA3])
def test_a_message_of_an_earlier_handshake_is_refused(opcode):
    earlier = run(initiator(seed="before"), responder(seed="before"))
    old = next(message for message in earlier.messages if message.opcode == opcode)
    ladder = run(initiator(), responder(), meddle=replace(opcode, old))
    assert ladder.initiator.result is None
    assert ladder.responder.result is None


def test_a_peer_cannot_be_shown_its_own_messages():
    side, one = begun()
    side.give(Received(*one))
    assert side.failure.kind is FailureKind.MALFORMED


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (SecureChannelCode.NO_SHARED_TRUST_ROOTS, FailureKind.NO_SHARED_TRUST_ROOTS),
        (SecureChannelCode.INVALID_PARAMETER, FailureKind.INVALID_PARAMETER),
        (SecureChannelCode.BUSY, FailureKind.BUSY),
        (SecureChannelCode.CLOSE_SESSION, FailureKind.CLOSED),
        (SecureChannelCode.SESSION_ESTABLISHMENT_SUCCESS, FailureKind.INVALID_PARAMETER),
        (SecureChannelCode(99), FailureKind.INVALID_PARAMETER),
    ],
)
def test_a_peers_refusal_is_told_and_not_answered(code, kind):
    side, _ = begun()
    side.give(Received(STATUS_REPORT, report(code)))
    assert (side.failure.kind, side.failure.reply) == (kind, None)
    assert code.name in str(side.failure)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (bytes(8), FailureKind.MALFORMED),
        (bytes(3), FailureKind.MALFORMED),
        (bytes.fromhex("0100 0100f1ff 0200"), FailureKind.INVALID_PARAMETER),
    ],
    ids=["success too early", "cut off", "of another protocol"],
)
def test_a_report_that_makes_no_sense_is_not_answered(octets, kind):
    side, _ = begun()
    side.give(Received(STATUS_REPORT, octets))
    assert (side.failure.kind, side.failure.reply) == (kind, None)


def test_a_peers_intervals_are_brought_within_the_allowed():
    told = SessionParameters(idle_interval_ms=0xFFFF_FFFF, active_interval_ms=0, specification_version=7)
    machine = case_responder(
        (LOCK,),
        local_session_id=9,
        parameters=told,
        entropy=entropy("odd"),
        now_utc=NOW_UTC,
        resumptions=ResumptionStore(),
    )
    made = run(initiator(), machine).initiator.result
    assert made.peer_parameters == told.replace(idle_interval_ms=3_600_000, active_interval_ms=1)


# A fabric that goes away meanwhile


@pytest.mark.parametrize("becomes", [[], [HOME.member(0x22, index=3, key=KeyPair.generate(entropy("renewed")))]])
def test_no_session_comes_of_a_fabric_that_was_left_or_changed_during_the_handshake(becomes):
    fabrics = [LOCK]
    machine = case_responder(
        fabrics,
        local_session_id=9,
        parameters=THEIRS,
        entropy=entropy(),
        now_utc=NOW_UTC,
        resumptions=ResumptionStore(),
    )

    def meddle(opcode, payload):
        if opcode == Opcode.SIGMA3:
            fabrics[:] = becomes
        return opcode, payload

    ladder = run(initiator(), machine, meddle=meddle)
    assert ladder.responder.result is None
    assert ladder.failures[1] is FailureKind.NO_SHARED_TRUST_ROOTS


def test_a_fabric_that_was_only_renamed_still_makes_a_session():
    fabrics = [LOCK]
    machine = case_responder(
        fabrics,
        local_session_id=9,
        parameters=THEIRS,
        entropy=entropy(),
        now_utc=NOW_UTC,
        resumptions=ResumptionStore(),
    )

    def meddle(opcode, payload):
        if opcode == Opcode.SIGMA3:
            fabrics[:] = [dataclasses.replace(LOCK, label="Front door")]
        return opcode, payload

    assert run(initiator(), machine, meddle=meddle).failures == [None, None]


def test_sigma3_carries_what_its_table_says():
    ladder = run(initiator(), responder())
    one, two, three = ladder.messages[:3]
    ipk = sigma.initiator_key(CONTROLLER)
    key = sigma.message_key(sigma.SIGMA3, ladder.initiator.result.shared_secret, ipk, sha256(one.payload, two.payload))
    sealed = Sigma3.decode(three.payload).encrypted3
    proof = EncryptedData3.decode(key.decrypt(b"NCASE_Sigma3N", sealed, b""))
    assert (proof.initiator_noc, proof.initiator_icac) == (CONTROLLER.noc, CONTROLLER.icac)
    signed = sigma.signed_data(
        CONTROLLER.noc,
        CONTROLLER.icac,
        PublicKey(Sigma1.decode(one.payload).initiator_eph_pub_key),
        PublicKey(Sigma2.decode(two.payload).responder_eph_pub_key),
    )
    CONTROLLER.key.public.verify(signed, proof.signature)
