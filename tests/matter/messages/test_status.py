"""Status codes and status reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Refused
from latchwork.matter.messages.status import (
    MAX_REPORT_DATA,
    GeneralCode,
    SecureChannelCode,
    Status,
    StatusError,
    StatusReport,
    StatusReportError,
)


def test_a_status_has_the_name_and_the_code_of_the_specification():
    assert (Status.SUCCESS, Status.INVALID_SUBSCRIPTION, Status.INVALID_TRANSPORT_TYPE) == (0x00, 0x7D, 0xD1)
    assert (Status.UNSUPPORTED_ACCESS, Status.CONSTRAINT_ERROR, Status.BUSY) == (0x7E, 0x87, 0x9C)
    assert (Status.UNSUPPORTED_CLUSTER, Status.NEEDS_TIMED_INTERACTION, Status.FAILSAFE_REQUIRED) == (0xC3, 0xC6, 0xCA)


def test_an_unknown_status_keeps_its_number():
    status = Status(0xEE)
    assert not status.is_known
    assert status == 0xEE


def test_a_status_error_carries_both_codes():
    error = StatusError(Status.FAILURE, "the bolt is stuck", cluster_status=2, advice="Oil it.")
    assert isinstance(error, Refused)
    assert (error.code, error.status, error.cluster_status, error.advice) == (Status.FAILURE, 1, 2, "Oil it.")
    assert str(error) == "FAILURE: the bolt is stuck"
    assert str(StatusError(Status.BUSY)) == "BUSY"
    assert str(StatusError(Status(0xEE))) == "UNKNOWN_238"


def test_a_report_is_laid_out_in_little_endian():
    report = StatusReport(GeneralCode.FAILURE, 0xFFF1_0004, 0x0203, b"\x2a\x13")
    assert report.encode() == bytes.fromhex("0100 0400f1ff 0302 2a13")
    assert StatusReport.decode(report.encode()) == report


def test_a_busy_report_says_how_long_to_wait():
    # As connectedhomeip 1.4.2 src/protocols/secure_channel/tests/TestStatusReport.cpp, TestMakeBusyStatusReport.
    busy = StatusReport.decode(bytes.fromhex("0800 00000000 0400 8813"))
    assert (busy.general, busy.code) == (GeneralCode.BUSY, SecureChannelCode.BUSY)
    assert busy.busy_wait_ms == 5000


@pytest.mark.parametrize(
    "report",
    [
        StatusReport(GeneralCode.BUSY, 0, SecureChannelCode.BUSY),
        StatusReport(GeneralCode.BUSY, 0, SecureChannelCode.BUSY, b"\x01"),
        StatusReport(GeneralCode.BUSY, 1, SecureChannelCode.BUSY, b"\x01\x02"),
        StatusReport(GeneralCode.FAILURE, 0, SecureChannelCode.INVALID_PARAMETER, b"\x01\x02"),
    ],
)
def test_other_reports_name_no_wait(report):
    assert report.busy_wait_ms is None


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF), st.binary(max_size=40))
def test_every_report_comes_back_as_it_went(general, protocol_id, code, data):
    report = StatusReport(general, protocol_id, code, data)
    assert StatusReport.decode(report.encode()) == report


@pytest.mark.parametrize("length", [0, 1, 7, 9 + MAX_REPORT_DATA])
def test_a_report_of_an_impossible_length_is_refused(length):
    with pytest.raises(StatusReportError):
        StatusReport.decode(bytes(length))


@given(st.binary(max_size=60))
def test_any_octets_are_a_report_or_refused(octets):
    try:
        assert StatusReport.decode(octets).encode() == octets
    except StatusReportError:
        assert len(octets) < 8
