"""Firmware slots: downloads that go on, images that are refused, and a process that is killed at any instant."""

import os
from pathlib import Path

import pytest

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.matter.messages.ota_image import OtaImageError, make_image
from latchwork.node import firmware as module
from latchwork.node.config import NodeConfig
from latchwork.node.firmware import Firmware, FirmwareError, FirmwareFolder, Manifest, make_firmware, read_manifest


def image(version, content=b"content" * 40):
    return make_firmware(
        vendor_id=0xFFF1, product_id=0x8000, version=version, version_string=f"{version}.0", content=content
    )


def load(slots, octets, key=b"key", *, piece=100, check=lambda _: None):
    """Download the rest of an image and finish."""
    offset = slots.begin(key, check)
    for start in range(offset, len(octets), piece):
        slots.append(octets[start : start + piece])
    return slots.finish()


def install(folder, version):
    slots = FirmwareFolder(folder)
    load(slots, image(version), key=b"%d" % version)
    slots.activate()
    return FirmwareFolder(folder)


def test_the_firmware_of_the_factory_runs_until_another_is_activated(tmp_path):
    slots = FirmwareFolder(tmp_path / "firmware")
    assert slots.running is None
    assert slots.configured(NodeConfig()) == NodeConfig()
    assert load(slots, image(2)) == Firmware(2, "2.0")
    assert FirmwareFolder(tmp_path / "firmware").running is None
    slots.activate()
    assert slots.running is None, "a switch shows after a restart"
    again = FirmwareFolder(tmp_path / "firmware")
    assert again.running == Firmware(2, "2.0")
    config = again.configured(NodeConfig(serial_number="A1"))
    assert (config.software_version, config.software_version_string, config.serial_number) == (2, "2.0", "A1")


def test_downloads_go_into_the_slot_that_does_not_run(tmp_path):
    slots = install(tmp_path, 2)
    before = (tmp_path / "slot-a.ota").read_bytes()
    slots.begin(b"3", lambda _: None)
    slots.append(image(3)[:50])
    assert (tmp_path / "slot-a.ota").read_bytes() == before
    assert (tmp_path / "slot-b.ota").stat().st_size == 50
    assert FirmwareFolder(tmp_path).running == Firmware(2, "2.0")
    assert install(tmp_path, 3).running == Firmware(3, "3.0")
    assert install(tmp_path, 4).running == Firmware(4, "4.0")


def test_a_download_goes_on_after_a_restart_where_it_ended(tmp_path):
    octets, heard = image(2), []
    slots = FirmwareFolder(tmp_path)
    assert slots.begin(b"key", lambda _: None) == 0
    slots.append(octets[:200])
    again = FirmwareFolder(tmp_path)
    assert not again.is_ready(b"key")
    assert again.begin(b"key", heard.append) == 200
    assert [header.software_version for header in heard] == [2]
    again.append(octets[200:])
    assert again.finish() == Firmware(2, "2.0")
    assert again.is_ready(b"key")
    assert not again.is_ready(b"other")
    assert again.begin(b"key", heard.append) == len(octets)
    assert again.finish() == Firmware(2, "2.0")


def test_another_download_begins_at_the_beginning(tmp_path):
    slots = FirmwareFolder(tmp_path)
    slots.begin(b"one", lambda _: None)
    slots.append(image(2)[:200])
    assert slots.begin(b"other", lambda _: None) == 0


def test_an_unwanted_image_is_refused_as_soon_as_its_header_is_there(tmp_path):
    slots, octets = FirmwareFolder(tmp_path), image(2, bytes(10_000))

    def refuse(header):
        raise FirmwareError(f"version {header.software_version}")

    with pytest.raises(FirmwareError, match="version 2"):
        load(slots, octets, piece=64, check=refuse)
    assert (tmp_path / "slot-a.ota").stat().st_size < 256


def test_what_is_no_image_is_refused(tmp_path):
    slots = FirmwareFolder(tmp_path)
    slots.begin(b"key", lambda _: None)
    with pytest.raises(OtaImageError):
        slots.append(b"<html>not found</html>")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda octets: octets[:-1],
        lambda octets: octets + b"x",
        lambda octets: octets[:-1] + b"?",
        lambda _: make_image(
            b"no manifest", vendor_id=1, product_id=1, software_version=2, software_version_string="2"
        ),
        lambda _: make_image(
            b"\x04\x00\x15\x18\x18\x18", vendor_id=1, product_id=1, software_version=2, software_version_string="2"
        ),
        lambda octets: make_image(
            octets[-300:], vendor_id=1, product_id=1, software_version=3, software_version_string="3"
        ),
    ],
    ids=["cut off", "too long", "wrong octet", "no manifest", "empty manifest", "another payload"],
)
def test_a_download_that_is_not_right_is_gone(tmp_path, spoil):
    slots = install(tmp_path, 1)
    with pytest.raises(LatchworkError):
        load(slots, spoil(image(2)))
    assert {path.name for path in tmp_path.iterdir()} == {"active", "slot-a.ota"}
    with pytest.raises(Misuse):
        slots.activate()
    assert FirmwareFolder(tmp_path).running == Firmware(1, "1.0")


def test_a_header_that_names_another_version_than_the_payload_is_refused(tmp_path):
    payload = Manifest(software_version=1, software_version_string="1").encode()
    octets = make_image(
        len(payload).to_bytes(2, "little") + payload,
        vendor_id=1,
        product_id=1,
        software_version=9,
        software_version_string="9",
    )
    with pytest.raises(FirmwareError, match="another version"):
        load(FirmwareFolder(tmp_path), octets)


def test_an_image_larger_than_a_slot_is_refused(tmp_path):
    slots = FirmwareFolder(tmp_path, capacity=1000)
    with pytest.raises(FirmwareError, match="larger"):
        load(slots, image(2, bytes(2000)))
    slots.begin(b"key", lambda _: None)
    with pytest.raises(FirmwareError, match="larger"):
        slots.append(bytes(1001))


def test_a_damaged_slot_gives_way_to_the_other_one_or_to_the_factory(tmp_path):
    install(tmp_path, 2)
    install(tmp_path, 3)
    damaged = tmp_path / "slot-b.ota"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert FirmwareFolder(tmp_path).running == Firmware(2, "2.0")
    (tmp_path / "slot-a.ota").unlink()
    assert FirmwareFolder(tmp_path).running is None
    (tmp_path / "active").write_bytes(b"\x00")
    assert FirmwareFolder(tmp_path).running is None


def test_a_download_that_waits_to_be_applied_does_not_stand_in_for_a_damaged_slot(tmp_path):
    slots = install(tmp_path, 2)
    load(slots, image(3))
    (tmp_path / "slot-a.ota").unlink()
    assert FirmwareFolder(tmp_path).running is None


def test_misuse_is_told(tmp_path):
    slots = FirmwareFolder(tmp_path)
    for wrong in (slots.finish, slots.activate, lambda: slots.append(b"x")):
        with pytest.raises(Misuse):
            wrong()
    with pytest.raises(FirmwareError):
        read_manifest(b"\xff\xff")


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FirmwareError, match="cannot be used"):
        FirmwareFolder(tmp_path / "file")


class Killed(BaseException):
    """The process is gone."""


class Medium:
    """`os` as the slots see it: after so many changes the process is killed, in the middle of the last one."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __getattr__(self, name):
        return getattr(os, name)

    def _change(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return self.left == 0

    def write(self, file, data):
        if self._change():
            os.write(file, data[: len(data) // 2])
            raise Killed
        return os.write(file, data)

    def fsync(self, file):
        self._change()
        os.fsync(file)

    def open(self, *arguments):
        self._change()
        return os.open(*arguments)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_kill_at_any_instant_leaves_one_whole_firmware_and_a_download_that_goes_on(tmp_path, monkeypatch, cut):
    octets, ends = image(3, bytes(1500)), []
    real = {name: getattr(Path, name) for name in ("replace", "unlink")}
    for instant in range(1, 200):
        folder = tmp_path / str(instant)
        install(folder, 2)
        medium = Medium(instant)

        def counted(name, medium=medium):
            def change(path, *arguments, **options):
                if cut == "before":
                    medium._change()
                done = real[name](path, *arguments, **options)
                if cut == "after":
                    medium._change()
                return done

            return change

        with monkeypatch.context() as patch:
            patch.setattr(module, "os", medium)
            for name in real:
                patch.setattr(Path, name, counted(name))
            try:
                slots = FirmwareFolder(folder)
                load(slots, octets, key=b"3", piece=400)
                slots.activate()
            except Killed:
                pass
        after = FirmwareFolder(folder)
        ends.append(after.running)
        assert after.running in {Firmware(2, "2.0"), Firmware(3, "3.0")}
        if after.running == Firmware(2, "2.0"):
            assert load(after, octets, key=b"3") == Firmware(3, "3.0")
            after.activate()
        assert FirmwareFolder(folder).running == Firmware(3, "3.0")
        if medium.left > 0:
            break
    assert medium.left > 0, "the last run was not killed"
    assert ends == sorted(ends, key=lambda each: each.version), "one instant separates the old from the new"
    assert ends.count(Firmware(2, "2.0")) > 20
