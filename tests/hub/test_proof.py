"""The question that proves a code: asked of our own places only, seldom, and learnt from for each model."""

import pytest
from tests.hub.desks import BACK_LOCK, LOCK, NOW, at_desk, put_on, rows

from latchwork.base.errors import Refused, Unreachable
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Observed, SeenCredential, Slot
from latchwork.hub.house.placed import Proof
from latchwork.hub.keeping.proof import PER_HOUR, Concluded, Models, Probe, Prober
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock, SetCredentialResponse

DUPLICATE, OCCUPIED, SUCCESS, INVALID = 2, 3, 0, 0x85


class Peer:
    """A lock that answers the question, and what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def invoke(self, endpoint, command, request):
        assert (endpoint, command) == (1, DoorLock.set_credential)
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return SetCredentialResponse(status=answer, user_index=None, next_credential_index=None)


def seen(*places, creator=1):
    return Observed(
        credentials={
            (CredentialKind.PIN, index): SeenCredential(
                kind=CredentialKind.PIN, index=index, user_index=index, creator=creator
            )
            for index in places
        }
    )


BOTH = seen(1, 2)


async def proved(desk, peer, observed=BOTH, prober=None):
    prober = prober or Prober(desk, LOCK, Models(desk.repository))
    placed = desk.repository.placed("lock_front")

    async def save(row):
        await desk.repository.save_placed_credential(row)

    return await prober.prove_one(peer, save, placed, observed)


async def two_codes(desk, *, proof=Proof.OCCUPIED):
    await put_on(desk, "ann", index=1, proof=proof)
    await put_on(desk, "bob", index=2, proof=Proof.PROVED)


async def test_a_duplicate_proves_the_code_and_that_the_model_tells():
    async with at_desk() as desk:
        await two_codes(desk)
        peer = Peer(DUPLICATE)
        assert await proved(desk, peer) == Concluded(Probe.THERE)
        row = rows(desk)["credential_ann"]
        assert (row.proof, row.proof_at["proved"]) == (Proof.PROVED, NOW)
        assert Models(desk.repository).works(BACK_LOCK) is True  # learnt for all of the model
        assert await proved(desk, peer) is None
        (asked,) = peer.asked
        # Our own code into the place of another one of ours.
        assert asked.credential.credential_index == 2
        assert asked.user_index == 2
        assert asked.operation_type is wire.DataOperationTypeEnum.ADD
        assert bytes(asked.credential_data) == b"739218"


async def test_an_occupied_place_where_the_model_tells_shows_that_the_code_is_gone():
    async with at_desk() as desk:
        await two_codes(desk)
        await Models(desk.repository).learn(LOCK, works=True)
        prober = Prober(desk, LOCK, Models(desk.repository))
        assert await proved(desk, Peer(OCCUPIED), prober=prober) == Concluded(Probe.ABSENT, "person_ann")
        row = rows(desk)["credential_ann"]
        assert (row.proof, row.is_pending) == (Proof.NONE, True)  # it is written again
        # Written again and never found: then it is the question that tells nothing.
        await put_on(desk, "ann", index=1)
        assert await proved(desk, Peer(OCCUPIED), prober=prober) == Concluded(Probe.ABSENT)
        assert rows(desk)["credential_ann"].proof is Proof.OCCUPIED
        assert prober._models.works(LOCK) is False
        assert await proved(desk, Peer(DUPLICATE), prober=prober) is None


async def test_a_model_that_looks_in_another_order_is_not_believed_and_soon_not_asked_any_more():
    async with at_desk() as desk:
        await two_codes(desk)
        await put_on(desk, "bob", index=2, proof=Proof.OCCUPIED)
        prober = Prober(desk, LOCK, Models(desk.repository))
        peer = Peer(OCCUPIED)
        assert await proved(desk, peer, prober=prober) == Concluded(Probe.INCONCLUSIVE)
        assert await proved(desk, peer, prober=prober) == Concluded(Probe.INCONCLUSIVE)
        assert Models(desk.repository).works(LOCK) is False
        assert await proved(desk, peer, prober=prober) is None
        assert {row.proof for row in rows(desk).values()} == {Proof.OCCUPIED}
        assert len(peer.asked) == 2


@pytest.mark.parametrize("answer", [INVALID, Refused("no", status=INVALID), Refused("no", status=1, cluster_status=3)])
async def test_another_refusal_tells_nothing(answer):
    async with at_desk() as desk:
        await two_codes(desk)
        assert await proved(desk, Peer(answer)) == Concluded(Probe.INCONCLUSIVE)
        assert rows(desk)["credential_ann"].proof is Proof.OCCUPIED


async def test_a_lock_that_writes_what_it_must_refuse_is_found_out_and_its_place_written_again():
    async with at_desk() as desk:
        await two_codes(desk)
        assert await proved(desk, Peer(SUCCESS)) == Concluded(Probe.WRITTEN)
        row = rows(desk)["credential_bob"]
        assert (row.proof, row.is_pending) == (Proof.NONE, True)
        assert Models(desk.repository).works(LOCK) is False


async def test_no_answer_is_no_answer():
    async with at_desk() as desk:
        await two_codes(desk)
        with pytest.raises(Unreachable):
            await proved(desk, Peer(Unreachable("nothing came")))
        assert rows(desk)["credential_ann"].proof is Proof.OCCUPIED


@pytest.mark.parametrize(
    "observed",
    [
        seen(1),  # Bob's place is not known
        seen(2),
        seen(1, 2, creator=2),  # another's
        seen(1, 2, creator=0),
        Observed(credentials={(CredentialKind.PIN, 1): Slot.EMPTY, (CredentialKind.PIN, 2): Slot.UNREADABLE}),
    ],
)
async def test_nothing_is_asked_about_a_place_that_may_not_be_ours(observed):
    async with at_desk() as desk:
        await two_codes(desk)
        peer = Peer(DUPLICATE)
        assert await proved(desk, peer, observed) is None
        assert peer.asked == []


async def test_a_lock_that_names_no_creators_is_asked():
    async with at_desk() as desk:
        await two_codes(desk)
        assert await proved(desk, Peer(DUPLICATE), seen(1, 2, creator=None)) == Concluded(Probe.THERE)


async def test_one_code_alone_and_codes_without_an_answer_are_not_asked_about():
    async with at_desk() as desk:
        await put_on(desk, "ann", index=1)
        assert await proved(desk, Peer(DUPLICATE)) is None
        await put_on(desk, "bob", index=2, proof=Proof.NONE, is_pending=True)
        assert await proved(desk, Peer(DUPLICATE)) is None


@pytest.mark.parametrize("proof", [Proof.ACCEPTED, Proof.PROVED, Proof.USED])
async def test_only_what_was_read_again_and_is_not_proved_yet_is_asked_about(proof):
    async with at_desk() as desk:
        await two_codes(desk, proof=proof)
        assert await proved(desk, Peer(DUPLICATE)) is None


async def test_a_lock_is_asked_so_often_in_an_hour_and_no_more():
    async with at_desk() as desk:
        await two_codes(desk)
        prober, peer = Prober(desk, LOCK, Models(desk.repository)), Peer(DUPLICATE)
        for number in range(PER_HOUR):
            assert prober.again_at(desk.now()) == desk.now(), number
            await put_on(desk, "ann", index=1)
            assert await proved(desk, peer, prober=prober) == Concluded(Probe.THERE)
            desk.clock.advance(60)
        await put_on(desk, "ann", index=1)
        assert await proved(desk, peer, prober=prober) is None
        assert prober.again_at(desk.now()) == NOW + 3600
        desk.clock.advance(3600)
        assert await proved(desk, peer, prober=prober) == Concluded(Probe.THERE)
