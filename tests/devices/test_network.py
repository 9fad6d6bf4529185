"""The machine's interface as a cluster tells it."""

from latchwork.devices.network import network_interfaces


def test_the_loopback_is_told_with_its_address():
    (interface,) = network_interfaces("lo")
    assert interface.name == "lo"
    assert bytes(15) + b"\x01" in interface.ipv6_addresses
    assert len(interface.hardware_address) in {6, 8}
    assert interface.encode()


def test_an_interface_that_is_gone_is_not_told():
    assert network_interfaces("nosuch0") == ()
