"""`latchwork decode`: codes, TLV and messages are found out and explained; secrets stay hidden."""

import base64
import contextlib
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import LatchworkError
from latchwork.cli import main
from latchwork.cli.decode import explain
from latchwork.matter.crypto.primitives import Aead
from latchwork.matter.messages.header import MessageHeader, ProtocolHeader
from latchwork.matter.messages.interaction import (
    AttributeDataIB,
    AttributePathIB,
    AttributeReportIB,
    CommandDataIB,
    CommandPathIB,
    InvokeRequestMessage,
    Opcode,
    ReadRequestMessage,
    ReportDataMessage,
)
from latchwork.matter.messages.secure_channel import PbkdfParamRequest
from latchwork.matter.onboarding import (
    CommissioningFlow,
    DiscoveryCapabilities,
    Discriminator,
    SetupPayload,
    manual_code,
    qr_code,
)

PAYLOAD = SetupPayload(
    discriminator=Discriminator.of(3840),
    passcode=20202021,
    vendor_id=0xFFF1,
    product_id=0x8000,
    discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
)
READ = ReadRequestMessage(
    attribute_requests=(AttributePathIB(endpoint=1, cluster=0x0101, attribute=0),), fabric_filtered=True
)


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["decode", *arguments], input=text)


def decoded(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert found.pop("event") == "decoded"
    return found


def member(branch: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        branch = next(child for child in branch["children"] if child.get("name") == name)
    return branch


# codes


def test_a_qr_code_is_explained_without_its_passcode() -> None:
    found = decoded(qr_code(PAYLOAD))
    assert found["form"] == "qr"
    (code,) = found["codes"]
    assert code["vendorId"] == 0xFFF1
    assert code["discriminator"] == 3840
    assert code["discovery"] == ["on-network"]
    assert code["passcode"] == "hidden"


def test_the_passcode_is_shown_when_asked_for() -> None:
    assert decoded(manual_code(PAYLOAD), "--show-secrets")["codes"][0]["passcode"] == 20202021


@pytest.mark.parametrize("text", ["3497-011-2332", " 34970112332 ", "code: 3497 011 2332"])
def test_a_manual_code_is_found_however_it_is_written(text: str) -> None:
    (code,) = decoded(text)["codes"]
    assert code["shortDiscriminator"] == 15
    assert "discriminator" not in code
    assert any("4 of 12 bits" in warning for warning in code["warnings"])


def test_a_code_is_read_from_standard_input_too() -> None:
    result = run("--json", text="34970112332\n")
    assert json.loads(result.stdout)["kind"] == "onboarding-code"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (PAYLOAD, "test device"),
        (PAYLOAD, "every example device"),
        (SetupPayload(Discriminator.of(1), 123, commissioning_flow=CommissioningFlow.CUSTOM), "own way"),
        (
            SetupPayload(
                Discriminator.of(1),
                123,
                vendor_id=1,
                product_id=1,
                commissioning_flow=CommissioningFlow.USER_INTENT,
                discovery_capabilities=DiscoveryCapabilities.BLE,
            ),
            "button pressed",
        ),
        (SetupPayload(Discriminator.of(1), 123, discovery_capabilities=DiscoveryCapabilities.BLE), "brought there"),
    ],
)
def test_what_is_odd_about_a_code_is_a_warning(payload: SetupPayload, words: str) -> None:
    text = manual_code(payload) if payload.discovery_capabilities is None else qr_code(payload)
    assert words in " ".join(decoded(text)["codes"][0]["warnings"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("X-HM://0023ISYWY0XYZ", "HomeKit"),
        ("123-45-678", "HomeKit"),
        ("83FED3407A939723A5C639B26916D505C3B5", "Zigbee"),
        ("34970112333", "check digit"),
        ("3497011233", "11 or 21 digits"),
        ("hello there!", "no onboarding code"),
    ],
)
def test_what_is_no_matter_code_is_named_in_one_line(text: str, words: str) -> None:
    result = run(text)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "What to do:" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert json.loads(run(text, "--json").stderr)["kind"] == "misuse"


def test_people_see_the_same_in_words() -> None:
    result = run(qr_code(PAYLOAD))
    assert "65521 (0xFFF1)" in result.output
    assert "20202021" not in result.output


# TLV


@pytest.mark.parametrize(
    "form", [bytes.hex, lambda octets: base64.b64encode(octets).decode(), lambda o: "0x" + o.hex(":")]
)
def test_a_message_is_recognised_and_its_fields_are_named(form: Any) -> None:
    found = decoded(form(READ.encode()))
    assert found["message"] == "read-request"
    assert member(found["tree"], "fabricFiltered")["value"] is True
    path = member(found["tree"], "attributeRequests")["children"][0]
    assert member(path, "cluster")["note"] == "DoorLock"
    assert member(path, "attribute")["note"] == "LockState"


def test_a_report_names_what_the_cluster_declares() -> None:
    data = AttributeDataIB(
        data_version=1, path=AttributePathIB(endpoint=0, cluster=0x001D, attribute=0), data=[{0: 22, 1: 1}]
    )
    report = ReportDataMessage(attribute_reports=(AttributeReportIB(attribute_data=data),))
    tree = decoded(report.encode().hex())["tree"]
    value = member(member(tree, "attributeReports")["children"][0], "attributeData", "data")
    assert member(value["children"][0], "deviceType")["value"] == 22


def test_a_pin_inside_a_command_is_hidden() -> None:
    command = CommandDataIB(path=CommandPathIB(endpoint=1, cluster=0x0101, command=1), command_fields={0: b"1234"})
    message = (
        InvokeRequestMessage(suppress_response=False, timed_request=True, invoke_requests=(command,)).encode().hex()
    )
    assert "31323334" not in run(message, "--json").stdout
    assert "31323334" not in run(message).stdout
    assert "31323334" in run(message, "--json", "--show-secrets").stdout


def test_any_tlv_is_shown_as_a_tree() -> None:
    tree = decoded("1524002a18")["tree"]
    assert tree["type"] == "structure"
    assert tree["children"] == [{"offset": 1, "tag": 0, "type": "uint8", "value": 42}]


def test_the_name_of_a_message_can_be_given() -> None:
    request = PbkdfParamRequest(
        initiator_random=bytes(32), initiator_session_id=1, passcode_id=0, has_pbkdf_parameters=False
    )
    found = decoded(request.encode().hex(), "--as", "pbkdf-param-request")
    assert member(found["tree"], "initiatorSessionId")["value"] == 1
    assert run("1518", "--as", "love-letter").exit_code == 2


def test_octets_that_are_not_what_they_should_be_are_refused() -> None:
    assert run("15", "--as", "tlv").exit_code == 6


# messages


def captured(header: MessageHeader, payload: bytes, key: bytes | None = None, node: int = 0) -> bytes:
    plain = ProtocolHeader(Opcode.READ_REQUEST, 1, 0x1234, is_initiator=True, is_reliable=True).encode() + payload
    head = header.encode()
    if key is None:
        return head + plain
    nonce = bytes((header.security_flags,)) + header.counter.to_bytes(4, "little") + node.to_bytes(8, "little")
    return head + Aead(key).encrypt(nonce, plain, head)


def test_an_unsecured_message_is_opened() -> None:
    found = decoded(captured(MessageHeader(0, 7, source_node=5), READ.encode()).hex())
    assert found["session"] == "unsecured"
    assert found["header"] == {"sessionId": 0, "counter": 7, "sourceNode": 5}
    assert found["protocol"]["name"] == "read-request"
    assert found["payload"]["type"] == "structure"


def test_an_encrypted_message_shows_its_header_and_asks_for_the_key() -> None:
    found = decoded(captured(MessageHeader(9, 7), READ.encode(), bytes(16)).hex())
    assert found["session"] == "secure"
    assert found["header"]["sessionId"] == 9
    assert "--key" in found["hint"]


def test_the_key_opens_it() -> None:
    key = bytes(range(16))
    message = captured(MessageHeader(9, 7), READ.encode(), key, node=0xAB)
    found = decoded(message.hex(), "--key", key.hex(), "--node", "0xAB")
    assert found["protocol"]["exchangeId"] == 0x1234
    assert member(found["payload"], "fabricFiltered")["value"] is True
    assert "Inside" in run(message.hex(), "--key", key.hex(), "--node", "AB").output


def test_a_wrong_key_or_node_is_misuse() -> None:
    message = captured(MessageHeader(9, 7), READ.encode(), bytes(16)).hex()
    for options in (["--key", "11" * 16], ["--key", "00" * 16, "--node", "1"], ["--key", "00"], ["--key", "zz"]):
        assert run(message, *options).exit_code == 2


@given(st.text(max_size=80) | st.binary(max_size=60).map(bytes.hex))
def test_whatever_is_given_is_explained_or_refused_on_purpose(text: str) -> None:
    with contextlib.suppress(LatchworkError):
        assert explain(text)["kind"] in {"onboarding-code", "tlv", "message"}
