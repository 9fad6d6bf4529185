"""Fuzzing that follows coverage, for TLV, messages, certificates, the interaction model's server and the whole engine.

It wants atheris, an extra of this project, and it runs until somebody stops it:

    pip install -e '.[fuzz]'
    python -m tests.fuzz.coverage_guided tlv                    # one decoder
    python -m tests.fuzz.coverage_guided engine -max_total_time=600
    python -m tests.fuzz.coverage_guided --list

Further arguments are libFuzzer's: a folder to keep the corpus in, `-runs=N`, `-max_total_time=SECONDS`, `-jobs=N`. A finding is
written to `crash-…`; giving that file as an argument plays it again. The test suite plays a few hundred rounds where atheris is
installed, so that this file does not rot; hunting is for a night.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["latchwork"], enable_loader_override=False):
    from tests.fuzz import recorded
    from tests.fuzz.targets import TARGETS, Target
    from tests.support.engines import LEFT, Link, Side

    from latchwork.matter.crypto.spake2p import Verifier
    from latchwork.matter.engine import PaseCredentials
    from latchwork.matter.messages.header import ProtocolHeader

CREDENTIALS = PaseCredentials(Verifier.from_passcode(20202021, bytes(16), 1000), bytes(16), 1000)
_TICK = 0.05


def engine(data: bytes) -> None:
    """A whole engine: octets become datagrams, secured ones among them, and time between them.

    Each piece begins with an octet of flags (1: sealed with a session's key, 2: another address, 4: a second passes) and one of length.
    """
    link = Link(Side("left", LEFT), Side("right", ("fd00::2", 5540, 0, 0)))
    link.right.engine.window = CREDENTIALS
    sender = link.left.session(0x1111, 0x2222, link.right.address, is_initiator=True)
    link.right.session(0x2222, 0x1111, LEFT, is_initiator=False)
    while len(data) >= 2:
        flags, length = data[0], data[1]
        piece, data = data[2 : 2 + length], data[2 + length :]
        if flags & 1:
            piece = sender.seal(piece)[0]
        address = ("fd00::3", 1, 0, 0) if flags & 2 else LEFT
        link.right.engine.receive_datagram(piece, address, link.now)
        link.advance(1.0 if flags & 4 else _TICK, deaf=True)
        link.right.out.clear()
    assert len(link.right.engine._unsecured) <= 32
    assert len(link.right.engine._watched) <= 200


def _pieces() -> list[bytes]:
    short = [datagram for datagram in recorded.to_lock() if len(datagram) < 256]
    plain = [
        ProtocolHeader(opcode, protocol, 5, is_initiator=True, is_reliable=True).encode() + payload
        for protocol, opcode, payload in recorded.plain_messages()
    ]
    return [bytes([0, len(each)]) + each for each in short] + [
        bytes([1, len(each)]) + each for each in plain if len(each) < 256
    ]


EVERY = {target.name: target for target in (*TARGETS, Target("engine", engine, (), _pieces))}


def main(arguments: list[str]) -> None:
    """Fuzz one target."""
    if not arguments or arguments[0] not in EVERY:
        sys.exit("\n".join(["Targets:", *EVERY]))
    target = EVERY[arguments[0]]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds()):
            Path(folder, f"seed-{number:04d}").write_bytes(seed)
        atheris.Setup([sys.argv[0], *arguments[1:], folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
