"""Real sockets on the loopback interface."""

import asyncio
from contextlib import suppress

import pytest

from latchwork.stack.tcp import MAX_MESSAGE, TcpTransport
from latchwork.stack.transport import TransportFailed
from latchwork.stack.udp import UdpTransport, udp_address


async def first_message(transport):
    arrived = asyncio.get_running_loop().create_future()
    transport.bind(lambda datagram, source: arrived.done() or arrived.set_result((datagram, source)))
    async with asyncio.timeout(10):
        return await arrived


async def test_a_datagram_travels_over_the_loopback():
    one, two = UdpTransport("lo"), UdpTransport("lo")
    waiting = asyncio.create_task(first_message(two))
    await asyncio.sleep(0)
    one.send(b"hello", udp_address("::1", two.port))
    datagram, source = await waiting
    assert (datagram, source) == (b"hello", ("::1", one.port, 0, 0))
    await one.close()
    await two.close()
    await two.close()


async def test_an_unknown_interface_is_named_with_those_that_exist():
    with pytest.raises(TransportFailed) as caught:
        UdpTransport("nosuch0")
    assert "lo" in caught.value.advice


async def test_a_taken_port_says_what_to_do():
    one = UdpTransport("lo")
    with pytest.raises(TransportFailed) as caught:
        UdpTransport("lo", one.port)
    assert "--port" in caught.value.advice
    await one.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "nonsense", "fe80::1%nosuch0", ""])
def test_what_is_no_ipv6_address_is_refused(host):
    with pytest.raises(TransportFailed):
        udp_address(host, 5540)


def test_an_address_of_the_link_keeps_its_interface():
    assert udp_address("FE80::0:1%lo", 5540) == ("fe80::1", 5540, 0, 1)
    assert udp_address("fd00::1%lo", 5540) == ("fd00::1", 5540, 0, 0)


async def test_a_long_message_travels_over_tcp_in_one_piece():
    server, client = TcpTransport("lo", 0), TcpTransport("lo")
    await server.start()
    waiting = asyncio.create_task(first_message(server))
    await asyncio.sleep(0)
    stream = await client.connect("::1", server.port)
    client.send(b"x" * MAX_MESSAGE, stream)
    datagram, source = await waiting
    assert len(datagram) == MAX_MESSAGE
    assert server.carries(source)
    assert not server.carries(("::1", 1, 0, 0))
    await client.close()
    await server.close()


async def test_a_length_above_the_limit_ends_the_connection():
    server = TcpTransport("lo", 0)
    await server.start()
    server.bind(lambda *_: None)
    reader, writer = await asyncio.open_connection("::1", server.port)
    writer.write((MAX_MESSAGE + 1).to_bytes(4, "little") + b"x")
    async with asyncio.timeout(10):
        # A reset or an end, as the system reports an aborted connection.
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    await server.close()


async def test_nobody_listening_is_a_clear_error():
    silent = TcpTransport("lo", 0)
    await silent.start()
    port = silent.port
    await silent.close()
    with pytest.raises(TransportFailed, match="no TCP connection"):
        await TcpTransport("lo").connect("::1", port)
