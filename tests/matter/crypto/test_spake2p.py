# ruff: noqa: N806  # pA, pB, cA and cB are the names of the specification
import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vectors.crypto import spake2p as vectors

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import ORDER, InvalidKey, KeyPair, PublicKey
from latchwork.matter.crypto.points import Base, Factor, Point, add, is_factor
from latchwork.matter.crypto.primitives import AuthenticationFailed, pbkdf2
from latchwork.matter.crypto.spake2p import (
    PBKDF_LENGTH,
    W0W1,
    Prover,
    Verifier,
    VerifierSide,
    derive_w0_w1,
    is_valid_passcode,
    pbkdf2_input,
    w0w1_from_pbkdf,
)

CONTEXT = b"one conversation"
SECRETS = derive_w0_w1(vectors.PASSCODE, vectors.PASSCODE_SALT, vectors.PASSCODE_ITERATIONS)
VERIFIER = Verifier.from_w0w1(SECRETS)


def entropy(*first: bytes, seed: int = 0):
    """Octets that are `first`, then a stream that depends on `seed` alone."""
    given_first, counter = iter(first), itertools.count()

    def draw(length: int) -> bytes:
        return next(given_first, None) or hashlib.shake_256(b"%d %d" % (seed, next(counter))).digest(length)

    return draw


def prover_of(run: vectors.Run, *first: bytes) -> Prover:
    secrets = W0W1(Secret(bytes(8) + run.w0), Secret(bytes(8) + run.w1))
    return Prover(
        run.context,
        secrets,
        entropy(*first),
        prover_identity=run.prover_identity,
        verifier_identity=run.verifier_identity,
    )


def verifier_of(run: vectors.Run, *first: bytes) -> VerifierSide:
    return VerifierSide(
        run.context,
        Verifier(Secret(run.w0), run.l_point),
        entropy(*first),
        prover_identity=run.prover_identity,
        verifier_identity=run.verifier_identity,
    )


def two_sides(secrets: W0W1 = SECRETS, context: bytes = CONTEXT) -> tuple[Prover, VerifierSide]:
    return Prover(context, secrets, entropy(seed=1)), VerifierSide(CONTEXT, VERIFIER, entropy(seed=2))


def point(raw: bytes) -> Point:
    return Point.parse(PublicKey.from_bytes(raw))


def multiple(number: int) -> Point:
    return point(KeyPair.from_scalar(number.to_bytes(32, "big")).public.raw)


class TestPublishedRuns:
    @pytest.mark.parametrize("run", vectors.RUNS)
    def test_the_prover_says_what_is_published(self, run):
        prover = prover_of(run, run.x)
        assert prover.share == run.x_share
        assert prover.finish(run.y_share) == (run.confirm_a, run.confirm_b, run.ke)

    @pytest.mark.parametrize("run", vectors.RUNS)
    def test_the_prover_accepts_the_published_confirmation(self, run):
        assert prover_of(run, run.x).confirm(run.y_share, run.confirm_b) == (run.confirm_a, run.ke)

    @pytest.mark.parametrize("run", vectors.RUNS)
    def test_the_verifier_says_what_is_published(self, run):
        side = verifier_of(run, run.y)
        assert side.respond(run.x_share) == (run.y_share, run.confirm_b)
        assert side.verify(run.confirm_a) == run.ke

    @pytest.mark.parametrize("run", vectors.RUNS)
    def test_the_verifiers_point_belongs_to_w1(self, run):
        secrets = W0W1(Secret(bytes(8) + run.w0), Secret(bytes(8) + run.w1))
        assert Verifier.from_w0w1(secrets) == Verifier(Secret(run.w0), run.l_point)


class TestPoints:
    @pytest.mark.parametrize("vector", vectors.PRODUCTS)
    def test_a_product_is_the_published_one(self, vector):
        base = Base.of(point(vector.point), entropy())
        assert Factor(int.from_bytes(vector.scalar, "big")).times(base).raw == vector.product

    @pytest.mark.parametrize("number", [1, 2, 3, 4, ORDER - 4, ORDER - 3, ORDER - 2])
    def test_products_at_the_ends_of_the_range(self, number):
        base = Base.of(multiple(1), entropy())
        assert Factor(number).times(base) == multiple(number)

    @given(one=st.integers(1, ORDER - 1), other=st.integers(1, ORDER - 1))
    def test_a_sum_of_multiples_is_the_multiple_of_the_sum(self, one, other):
        if (one + other) % ORDER:
            assert add(multiple(one), multiple(other), entropy()) == multiple((one + other) % ORDER)

    def test_a_point_may_be_added_to_itself(self):
        assert add(multiple(9), multiple(9), entropy()) == multiple(18)

    def test_the_point_at_infinity_is_refused(self):
        with pytest.raises(InvalidKey):
            add(multiple(9), multiple(9).negative(), entropy())

    def test_a_factor_needs_a_successor(self):
        assert [is_factor(n) for n in (0, 1, ORDER - 2, ORDER - 1, ORDER)] == [False, True, True, False, False]

    def test_a_draw_without_successor_is_drawn_again(self):
        draw = entropy((ORDER - 1).to_bytes(32, "big"), (5).to_bytes(32, "big"))
        assert Factor.draw(draw).generator() == multiple(5)


class TestPasscodes:
    def test_a_published_passcode_gives_the_published_verifier(self):
        verifier = Verifier.from_passcode(vectors.PASSCODE, vectors.PASSCODE_SALT, vectors.PASSCODE_ITERATIONS)
        assert verifier.encode() == vectors.PASSCODE_VERIFIER
        assert Verifier.decode(vectors.PASSCODE_VERIFIER) == verifier

    def test_the_slow_part_can_run_elsewhere(self):
        derived = pbkdf2(pbkdf2_input(20202021), vectors.PASSCODE_SALT, 1000, PBKDF_LENGTH)
        assert w0w1_from_pbkdf(derived) == SECRETS
        assert pbkdf2_input(20202021) == bytes.fromhex("25423401")

    @pytest.mark.parametrize("passcode", [*(d * 11111111 for d in range(10)), 12345678, 87654321, -1, 99999999, 10**8])
    def test_trivial_and_impossible_passcodes_are_invalid(self, passcode):
        assert not is_valid_passcode(passcode)

    @pytest.mark.parametrize("passcode", [1, 20202021, 12345679, 99999998])
    def test_other_passcodes_are_valid(self, passcode):
        assert is_valid_passcode(passcode)

    @pytest.mark.parametrize("passcode", [-1, 1 << 32])
    def test_a_number_too_large_for_a_passcode_is_misuse(self, passcode):
        with pytest.raises(Misuse):
            pbkdf2_input(passcode)

    @pytest.mark.parametrize("length", [0, 79, 81])
    def test_another_length_of_derived_octets_is_misuse(self, length):
        with pytest.raises(Misuse):
            w0w1_from_pbkdf(b"\x01" * length)

    @pytest.mark.parametrize("number", [0, ORDER, ORDER - 1, 2 * ORDER])
    def test_derived_octets_that_leave_no_usable_number_are_misuse(self, number):
        for w0s, w1s in itertools.permutations((number.to_bytes(40, "big"), b"\x01" * 40)):
            with pytest.raises(Misuse):
                w0w1_from_pbkdf(w0s + w1s)

    def test_secrets_are_reduced_modulo_the_order(self):
        secrets = w0w1_from_pbkdf((ORDER + 5).to_bytes(40, "big") + (3 * ORDER + 6).to_bytes(40, "big"))
        assert (secrets.w0, secrets.w1) == ((5).to_bytes(32, "big"), (6).to_bytes(32, "big"))

    def test_secrets_cannot_be_printed(self):
        shown = f"{SECRETS} {VERIFIER!r} {SECRETS.masks} {VERIFIER.masks!r} {SECRETS.w0}"
        for secret in (SECRETS.w0s, SECRETS.w1s, SECRETS.w0, SECRETS.w1, VERIFIER.L):
            assert secret.hex() not in shown
            assert str(bytes(secret)) not in shown
        assert str(VERIFIER.masks.m.x) not in shown


class TestVerifiersFromAdministrators:
    @given(junk=st.binary(max_size=130) | st.binary(min_size=97, max_size=97))
    def test_junk_is_refused_in_one_way(self, junk):
        with pytest.raises(InvalidKey):
            Verifier.decode(junk)

    @pytest.mark.parametrize("w0", [0, ORDER - 1, ORDER, (1 << 256) - 1])
    def test_an_unusable_number_is_refused(self, w0):
        with pytest.raises(InvalidKey):
            Verifier.decode(w0.to_bytes(32, "big") + VERIFIER.L)

    @pytest.mark.parametrize("raw", vectors.OFF_THE_CURVE[:3])
    def test_a_point_off_the_curve_is_refused(self, raw):
        with pytest.raises(InvalidKey):
            Verifier.decode(bytes(VERIFIER.w0) + raw)

    def test_masks_are_computed_once(self):
        assert VERIFIER.masks is VERIFIER.masks


class TestRuns:
    def test_two_sides_with_one_passcode_share_a_secret(self):
        prover, side = two_sides()
        confirmation = prover.confirm(*side.respond(prover.share))
        assert side.verify(confirmation.cA) == confirmation.Ke
        assert len(confirmation.Ke) == 16
        assert isinstance(confirmation.Ke, Secret)

    @settings(max_examples=10)
    @given(seeds=st.tuples(st.integers(), st.integers()), context=st.binary(max_size=64))
    def test_every_run_of_honest_sides_succeeds(self, seeds, context):
        prover = Prover(context, SECRETS, entropy(seed=seeds[0]))
        side = VerifierSide(context, VERIFIER, entropy(seed=seeds[1]))
        confirmation = prover.confirm(*side.respond(prover.share))
        assert side.verify(confirmation.cA) == confirmation.Ke

    def test_the_same_entropy_gives_the_same_run(self):
        assert two_sides()[0].share == two_sides()[0].share
        assert Prover(CONTEXT, SECRETS, entropy(seed=3)).share != two_sides()[0].share

    def test_a_wrong_passcode_is_refused_by_both(self):
        wrong = derive_w0_w1(20202022, vectors.PASSCODE_SALT, vectors.PASSCODE_ITERATIONS)
        prover, side = two_sides(wrong)
        pB, _ = side.respond(prover.share)
        finish = prover.finish(pB)
        with pytest.raises(AuthenticationFailed):
            side.verify(finish.cA)
        prover, side = two_sides(wrong)
        with pytest.raises(AuthenticationFailed):
            prover.confirm(*side.respond(prover.share))

    def test_knowing_w0_alone_does_not_make_a_prover(self):
        stolen = W0W1(SECRETS.w0s, Secret(b"\x07" * 40))
        prover, side = two_sides(stolen)
        pB, _ = side.respond(prover.share)
        with pytest.raises(AuthenticationFailed):
            side.verify(prover.finish(pB).cA)

    def test_another_context_is_refused(self):
        prover, side = two_sides(context=b"another conversation")
        with pytest.raises(AuthenticationFailed):
            prover.confirm(*side.respond(prover.share))

    def test_swapped_identities_are_refused(self):
        prover = Prover(CONTEXT, SECRETS, entropy(), prover_identity=b"a", verifier_identity=b"b")
        side = VerifierSide(CONTEXT, VERIFIER, entropy(), prover_identity=b"b", verifier_identity=b"a")
        with pytest.raises(AuthenticationFailed):
            prover.confirm(*side.respond(prover.share))

    @settings(max_examples=40)
    @given(data=st.data())
    def test_one_changed_bit_of_any_message_is_refused(self, data):
        prover, side = two_sides()
        bit = data.draw(st.integers(0, 7))
        tampered = data.draw(st.sampled_from(["pA", "pB", "cB", "cA"]))

        def carry(name: str, octets: bytes) -> bytes:
            if name != tampered:
                return octets
            altered = bytearray(octets)
            altered[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << bit
            return bytes(altered)

        def converse() -> None:
            pB, cB = side.respond(carry("pA", prover.share))
            confirmation = prover.confirm(carry("pB", pB), carry("cB", cB))
            side.verify(carry("cA", confirmation.cA))

        with pytest.raises((AuthenticationFailed, InvalidKey)):
            converse()

    @settings(max_examples=40)
    @given(junk=st.binary(max_size=80) | st.binary(min_size=64, max_size=64).map(lambda xy: b"\x04" + xy))
    def test_junk_for_a_share_is_refused_in_one_way(self, junk):
        prover, side = two_sides()
        with pytest.raises(InvalidKey):
            side.respond(junk)
        with pytest.raises(InvalidKey):
            prover.finish(junk)

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_a_confirmation_of_another_length_is_refused(self, length):
        prover, side = two_sides()
        pB, cB = side.respond(prover.share)
        with pytest.raises(AuthenticationFailed):
            side.verify(prover.finish(pB).cA.ljust(33, b"\x00")[:length])
        prover, side = two_sides()
        with pytest.raises(AuthenticationFailed):
            prover.confirm(pB, cB.ljust(33, b"\x00")[:length])

    def test_the_bare_mask_for_a_share_is_refused(self):
        prover, side = two_sides()
        with pytest.raises(InvalidKey):
            side.respond(VERIFIER.masks.m.raw)
        with pytest.raises(InvalidKey):
            prover.finish(VERIFIER.masks.n.raw)

    def test_a_share_reflected_to_its_sender_is_refused(self):
        prover, _ = two_sides()
        with pytest.raises(AuthenticationFailed):
            prover.confirm(prover.share, bytes(32))

    def test_one_object_is_one_run(self):
        prover, side = two_sides()
        with pytest.raises(Misuse):
            side.verify(bytes(32))
        pB, cB = side.respond(prover.share)
        with pytest.raises(Misuse):
            side.respond(prover.share)
        cA, _ = prover.confirm(pB, cB)
        with pytest.raises(Misuse):
            prover.confirm(pB, cB)
        with pytest.raises(AuthenticationFailed):
            side.verify(bytes(32))
        with pytest.raises(Misuse):
            side.verify(cA)

    def test_broken_entropy_is_misuse(self):
        with pytest.raises(Misuse):
            Prover(CONTEXT, SECRETS, bytes)
        with pytest.raises(Misuse):
            VerifierSide(CONTEXT, VERIFIER, bytes)
