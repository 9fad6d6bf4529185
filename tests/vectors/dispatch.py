"""Messages as they arrive, from connectedhomeip v1.4.2 src/transport/tests/TestSessionManagerDispatch.cpp (Apache-2.0)."""

from typing import NamedTuple


class Datagram(NamedTuple):
    """One message, and whether it is to be delivered."""

    name: str
    octets: bytes
    payload: bytes
    is_delivered: bool


PASE_SESSION_ID = 3000
PASE_KEY = bytes.fromhex("5eded244e5532b3cdc23409dbad052d2")
PASE = (
    Datagram(
        "no payload",
        bytes.fromhex("00b80b00393000005a989ae42e8d847f535c3007e6150cd65867f2b817db"),
        b"",
        True,
    ),
    Datagram(
        "short payload",
        bytes.fromhex("00b80b00393000005a989ae42e8d0f7f885dfb2faa8949cf730a5728e0354610a0c4a7"),
        b"\x11\x22\x33\x44\x55",
        True,
    ),
    Datagram(
        "no payload, wrong MIC",
        bytes.fromhex("00b80b00393000005a989ae42e8d847f535c3007e6150cd65867f2b817dd"),
        b"",
        False,
    ),
    Datagram(
        "short payload, wrong MIC",
        bytes.fromhex("00b80b00393000005a989ae42e8d0f7f885dfb2faa8949cf730a5728e0354610a0c4aa"),
        b"",
        False,
    ),
    Datagram(
        "privacy in a unicast session",
        bytes.fromhex("00b80b8087beef06aa26a0f901efce9f9a67c8137917d15b81d15d313308319758ea3f"),
        b"",
        False,
    ),
)

GROUP_ID, GROUP_SOURCE = 2, 1
"""The header's source node, little endian; the SDK's table calls the sender 2 and never compares."""
GROUP_EPOCH_KEY = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf")
COMPRESSED_FABRIC_ID = bytes.fromhex("87e1b004e235a130")
GROUP_KEY = bytes.fromhex("ca92d7a0942d1a511a0e26ad074f4c2f")
GROUP_PRIVACY_KEY = bytes.fromhex("bfe9da016a765365f2dd97a9f939e425")
GROUP_SESSION_ID = 0xDB7D
GROUP = (
    Datagram(
        "no privacy",
        bytes.fromhex("067ddb01785634120100000000000000020065c767bc6cda0106c9801323900e9b3ce6d4bb0327d6"),
        b"",
        True,
    ),
    Datagram(
        "no privacy, replayed",
        bytes.fromhex("067ddb01785634120100000000000000020065c767bc6cda0106c9801323900e9b3ce6d4bb0327d6"),
        b"",
        False,
    ),
    Datagram(
        "privacy",
        bytes.fromhex("067ddb81d926afce24c8a0981bdd44f4e7302b2f915a66c9596290ebe4408217b3c0c921a2fca4e1"),
        b"",
        True,
    ),
    Datagram(
        "privacy, wrong MIC",
        bytes.fromhex("067ddb81d926afce24c8a0981bdd44f4e7302b2f915a66c9596290ebe4408217b3c0c921a2fca4ee"),
        b"",
        False,
    ),
)
