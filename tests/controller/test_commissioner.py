"""Commissioning step by step: each failure has its step, its status and its facts, and is rolled back."""

from dataclasses import replace

import pytest
from tests.support.world import forgetful, tell

from latchwork.base.errors import Misuse
from latchwork.controller import CommissioningFailed, Step
from latchwork.controller.commissioner import DeviceBusy, TableFull
from latchwork.controller.steps import NotGenuine
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.general_commissioning import (
    ArmFailSafeResponse,
    CommissioningCompleteResponse,
    CommissioningErrorEnum,
    GeneralCommissioning,
    SetRegulatoryConfigResponse,
)
from latchwork.matter.model.clusters.operational_credentials import (
    NocResponse,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
)
from latchwork.matter.model.clusters.time_synchronization import TimeSynchronization
from latchwork.matter.onboarding import OnboardingCodeError, manual_code
from latchwork.matter.session.handshake import FailureKind
from latchwork.matter.trust.attestation import AttestationResult, TrustStore


class Meddled:
    """A cluster that answers some commands otherwise, until it is `restored`."""

    def __init__(self, lock, cluster, answers):
        self.asked = []
        self._behavior = behavior = lock.node.endpoints[0].clusters[cluster.id]
        self._kind = kind = type(behavior)

        def invoke(this, command, request, context):
            self.asked.append(command.name)
            answer = answers.get(command.name)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None and not callable(answer):
                return answer
            response = kind.invoke(this, command, request, context)
            return response if answer is None else answer(response)

        behavior.__class__ = type(kind.__name__, (kind,), {"__slots__": (), "invoke": invoke})

    def restore(self):
        self._behavior.__class__ = self._kind


def meddle(lock, cluster, **answers):
    return Meddled(lock, cluster, answers)


REFUSED = StatusError(Status.FAILURE, "no")
NO = {"debug_text": ""}
FAILURES = [
    (Step.ARM_FAIL_SAFE, GeneralCommissioning, "arm_fail_safe", REFUSED, Status.FAILURE),
    (
        Step.ARM_FAIL_SAFE,
        GeneralCommissioning,
        "arm_fail_safe",
        ArmFailSafeResponse(error_code=CommissioningErrorEnum.BUSY_WITH_OTHER_ADMIN, **NO),
        4,
    ),
    (
        Step.REGULATORY,
        GeneralCommissioning,
        "set_regulatory_config",
        SetRegulatoryConfigResponse(error_code=CommissioningErrorEnum.VALUE_OUTSIDE_RANGE, **NO),
        1,
    ),
    (Step.ATTESTATION, OperationalCredentials, "attestation_request", REFUSED, Status.FAILURE),
    (Step.ATTESTATION, OperationalCredentials, "certificate_chain_request", REFUSED, Status.FAILURE),
    (Step.CSR, OperationalCredentials, "csr_request", REFUSED, Status.FAILURE),
    (Step.ROOT, OperationalCredentials, "add_trusted_root_certificate", REFUSED, Status.FAILURE),
    (
        Step.NOC,
        OperationalCredentials,
        "add_noc",
        NocResponse(status_code=NodeOperationalCertStatusEnum.INVALID_NOC),
        3,
    ),
    (
        Step.NOC,
        OperationalCredentials,
        "add_noc",
        NocResponse(status_code=NodeOperationalCertStatusEnum.TABLE_FULL),
        5,
    ),
    (
        Step.COMPLETE,
        GeneralCommissioning,
        "commissioning_complete",
        CommissioningCompleteResponse(error_code=CommissioningErrorEnum.NO_FAIL_SAFE, **NO),
        None,
    ),
]


@pytest.mark.parametrize(
    ("step", "cluster", "command", "answer", "status"), FAILURES, ids=[f"{each[0].name} {each[4]}" for each in FAILURES]
)
def test_a_refused_step_is_named_and_the_device_asked_to_forget(step, cluster, command, answer, status):
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        meddled = meddle(lock, cluster, **{command: answer})
        told = []
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr, on_step=told.append)
        failed = caught.value
        assert failed.step is step
        if status is not None:
            assert failed.status == status
        assert failed.facts["vendor_id"] == 0xFFF1
        assert str(step) in str(failed)
        # Whoever watches saw every step begin and end, and the last one fail with the same error.
        assert [report.state for report in told[::2]] == ["started"] * (len(told) // 2)
        assert (told[-1].step, told[-1].state, told[-1].error) == (step, "failed", failed.cause)
        assert all(report.ms is not None for report in told[1::2])
        assert not home.peers
        assert forgetful(lock)
        if command != "arm_fail_safe":
            assert not lock.node.fail_safe.is_armed
            meddled.restore()
            peer = await home.commission(lock.qr)
            assert peer.node_id in home.peers

    tell(play)


def test_the_failures_with_names_of_their_own():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        busy = ArmFailSafeResponse(error_code=CommissioningErrorEnum.BUSY_WITH_OTHER_ADMIN, **NO)
        made = meddle(lock, GeneralCommissioning, arm_fail_safe=busy)
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr)
        assert isinstance(caught.value.cause, DeviceBusy)
        made.restore()
        lock.node.fail_safe.expire()
        meddle(lock, OperationalCredentials, add_noc=NocResponse(status_code=NodeOperationalCertStatusEnum.TABLE_FULL))
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr)
        assert isinstance(caught.value.cause, TableFull)

    tell(play)


@pytest.mark.parametrize(
    "answer",
    [
        lambda response: response.replace(nocsr_elements=response.nocsr_elements[:-3] + b"\x00\x00\x18"),
        lambda response: response.replace(attestation_signature=bytes(64)),
    ],
)
def test_a_key_that_the_device_did_not_vouch_for_is_not_certified(answer):
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        made = meddle(lock, OperationalCredentials, csr_request=answer)
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr)
        assert caught.value.step is Step.CSR
        assert "csr_request" in made.asked
        assert "add_noc" not in made.asked

    tell(play)


def test_a_device_of_an_unknown_maker_is_refused_unless_its_owner_wants_it():
    async def play(world):
        lock, home = await world.lock(), await world.controller(trust=TrustStore([]))
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr)
        assert caught.value.step is Step.ATTESTATION
        assert isinstance(caught.value.cause, NotGenuine)
        assert caught.value.advice
        asked = []

        def accept(result):
            asked.append(result)
            return True

        await home.commission(lock.qr, accept=accept)
        assert asked == [AttestationResult(caught.value.cause.result)]

    tell(play)


def test_a_clock_that_is_not_accepted_is_no_failure():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        meddle(lock, TimeSynchronization, set_utc_time=StatusError(Status.FAILURE, "mine is better"))
        told = []
        await home.commission(lock.qr, on_step=told.append)
        (time,) = [report for report in told if report.step is Step.TIME and report.state == "done"]
        assert time.facts == {"time_accepted": False}

    tell(play)


def label_steps(told):
    return [(report.state, dict(report.facts)) for report in told if report.step is Step.LABEL]


def test_the_device_is_told_our_fabrics_name_once():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        made, told = meddle(lock, OperationalCredentials), []
        peer = await home.commission(lock.qr, on_step=told.append)
        assert made.asked.count("update_fabric_label") == 1
        assert [fabric.label for fabric in await peer.fabrics()] == ["home"]
        assert label_steps(told) == [("started", {}), ("done", {"label_accepted": True})]
        # Also after it lost power: it was stored with the rest.
        await world.power_cut()
        assert [fabric.label for fabric in (await world.lock()).node.fabrics] == ["home"]

    tell(play)


def test_a_controller_without_a_label_leaves_the_name_to_the_device():
    async def play(world):
        lock, home = await world.lock(), await world.controller("")
        made, told = meddle(lock, OperationalCredentials), []
        await home.commission(lock.qr, on_step=told.append)
        assert "update_fabric_label" not in made.asked
        assert not label_steps(told)

    tell(play)


def test_a_name_that_another_fabric_has_is_no_reason_to_give_up_the_device():
    async def play(world):
        first = await world.commissioned()
        namesake, told = await world.controller("other"), []
        namesake.fabric = replace(namesake.fabric, label="home")
        await namesake.commission(await first.open_window(), on_step=told.append)
        assert label_steps(told)[-1] == ("done", {"label_accepted": False})
        assert [fabric.label for fabric in await first.fabrics()] == ["home", ""]

    tell(play)


def test_a_device_that_takes_no_names_is_welcome_all_the_same():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        meddle(lock, OperationalCredentials, update_fabric_label=REFUSED)
        told = []
        await home.commission(lock.qr, on_step=told.append)
        assert label_steps(told)[-1] == ("done", {"label_accepted": False})

    tell(play)


def test_a_fabric_keeps_its_name_until_its_controller_is_given_another():
    async def reopened(world, label):
        await world.leave("home")
        return (await world.controller("home", label=label)).fabric.label

    async def play(world):
        home = await world.controller("home", label=None)
        assert home.fabric.label == "Latchwork"
        assert await reopened(world, "Summer house") == "Summer house"
        assert await reopened(world, None) == "Summer house"
        assert await reopened(world, "") == ""
        lock = await world.lock()
        await world.controllers["home"].commission(lock.qr)
        with pytest.raises(Misuse):
            await world.controller("third", label="é" * 17)

    tell(play)


def test_every_step_is_told_in_order_with_its_facts():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        told = []
        await home.commission(lock.qr, on_step=told.append)
        assert [report.step for report in told[::2]] == list(Step)
        assert {report.state for report in told[1::2]} == {"done"}
        facts = {name: value for report in told for name, value in report.facts.items()}
        assert facts["product_name"] == "Latchwork Lock"
        assert facts["attestation"] == "SUCCESS"
        assert facts["fabric_index"] == 1
        assert facts["address"] == world.hosts["lock"]

    tell(play)


def test_wrong_codes_and_node_ids_fail_before_anything_is_sent():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        sent = world.air.sent
        with pytest.raises(OnboardingCodeError):
            await home.commission("MT:nonsense")
        with pytest.raises(OnboardingCodeError):
            await home.commission("12345678901")
        for number in (0, 1, 0xFFFF_FFF0_0000_0000):
            with pytest.raises(Misuse):
                await home.commission(lock.qr, node_id=number)
        assert world.air.sent == sent
        peer = await home.commission(lock.manual, node_id=0x77)
        with pytest.raises(Misuse):
            await home.commission(lock.qr, node_id=0x77)
        assert peer.node_id == 0x77

    tell(play)


def test_a_manual_code_finds_the_one_device_whose_passcode_fits():
    async def play(world):
        # The short discriminator is the same: 0x3 of 0x345 and 0x3FF.
        await world.lock("wrong", discriminator=0x3FF, passcode=34567890)
        right, home = await world.lock("right", discriminator=0x345), await world.controller()
        await home.commission(right.manual)
        assert right.is_commissioned
        assert not world.locks["wrong"].is_commissioned

    tell(play)


def test_a_wrong_manual_code_is_a_failed_pairing_and_no_failed_search():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        wrong = manual_code(replace(lock.payload, passcode=lock.payload.passcode ^ 2))
        with pytest.raises(CommissioningFailed) as failure:
            await home.commission(wrong)
        assert failure.value.step is Step.PASE
        assert failure.value.cause.kind is FailureKind.WRONG_PASSCODE
        await home.commission(lock.manual)

    tell(play)
