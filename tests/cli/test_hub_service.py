"""What stands around the hub: its folder, its network, its log and its service manager."""

import json
import logging
import os
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from latchwork.base.errors import Misuse
from latchwork.base.logs import log, logger
from latchwork.cli import main
from latchwork.cli.hub_log import JsonLines
from latchwork.cli.hub_service import Address, HubRunning, claim_folder
from latchwork.cli.interfaces import choose
from latchwork.cli.log_in_file import LogIn, find_log_in, forget_log_in, keep_log_in, read_log_in
from latchwork.cli.places import hub_folder, local_zone, log_in_file
from latchwork.cli.service_manager import notify

ROUTES = ["wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t0", "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t0"]


def test_a_new_folder_is_for_its_owners_eyes(tmp_path):
    folder = tmp_path / "a" / "hub"
    claim_folder(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_could_read_is_closed(tmp_path):
    folder = tmp_path / "hub"
    claim_folder(folder).close()
    folder.chmod(0o755)
    claim_folder(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_hub_is_refused_with_advice_and_touches_nothing(tmp_path):
    folder = tmp_path / "hub"
    first = claim_folder(folder)
    before = {each: each.stat().st_mtime_ns for each in folder.iterdir()}
    with pytest.raises(HubRunning, match=f"process {os.getpid()}") as caught:
        claim_folder(folder)
    assert "--port" in caught.value.advice
    assert {each: each.stat().st_mtime_ns for each in folder.iterdir()} == before
    first.close()
    claim_folder(folder).close()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.odt").write_text("years of work")
    tmp_path.chmod(0o755)
    with pytest.raises(Misuse, match="no hub's"):
        claim_folder(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.odt"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_an_empty_volume_is_taken(tmp_path):
    (tmp_path / "lost+found").mkdir()
    claim_folder(tmp_path).close()


def test_the_interface_is_that_of_the_default_route():
    assert choose(["lo", "eth0", "wlan0"], ROUTES) == "eth0"
    assert choose(["lo", "wlan0", "docker0"], ROUTES) == "wlan0"
    assert choose(["lo", "eth1", "docker0", "veth12"], []) == "eth1"


def test_an_interface_that_cannot_be_told_has_to_be_said():
    with pytest.raises(Misuse, match="eth0, eth1"):
        choose(["lo", "eth0", "eth1"], [])
    with pytest.raises(Misuse, match="no network"):
        choose(["lo", "docker0"], [])


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address(), "http://127.0.0.1:8126"),
        (Address(host="0.0.0.0"), "http://127.0.0.1:8126"),
        (Address(host="::1", root_path="/hub"), "http://[::1]:8126/hub"),
        (Address(host="hub.home", certificate=Path("a")), "https://hub.home:8126"),
    ],
)
def test_a_hub_is_found_where_it_says(address, url):
    assert address.url(8126) == url


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_service_manager_is_told(tmp_path, monkeypatch, is_abstract):
    name = f"@latchwork-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if is_abstract else name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"
    notify("STOPPING=1")  # nobody listens any more
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")


def test_the_log_has_fields_for_programs():
    found = []

    class Kept(logging.Handler):
        def emit(self, record):
            found.append(json.loads(JsonLines().format(record)))

    to, handler = logger("latchwork.test_log"), Kept()
    to.addHandler(handler)
    to.setLevel(logging.INFO)
    try:
        log(to, logging.WARNING, "lock_lost", lock="lock_1")
        to.info("of %s", "others")
    finally:
        to.removeHandler(handler)
    assert found[0] | {"at": ""} == {
        "at": "",
        "level": "warning",
        "logger": "latchwork.test_log",
        "event": "lock_lost",
        "lock": "lock_1",
    }
    assert (found[0]["at"][-1], found[1]["event"]) == ("Z", "of others")


def test_folders_follow_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert hub_folder() == tmp_path / "latchwork" / "hub"
    assert log_in_file() == tmp_path / "home" / ".config" / "latchwork" / "hub.json"


def test_a_machine_without_a_zone_has_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    assert local_zone() == "Europe/Lisbon"
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    assert local_zone() == "UTC"


def test_a_log_in_is_kept_for_its_owner_and_no_other_hub(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("LATCHWORK_URL", "LATCHWORK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Misuse, match="not logged in"):
        find_log_in()
    kept = LogIn(url="http://hub.test", token="latchwork_secret", name="Olive")
    path = keep_log_in(kept)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert find_log_in() == find_log_in("http://hub.test/") == kept
    assert "latchwork_secret" not in repr(kept)
    with pytest.raises(Misuse):
        find_log_in("http://elsewhere.test")
    monkeypatch.setenv("LATCHWORK_TOKEN", "latchwork_other")
    assert find_log_in("http://elsewhere.test").token == "latchwork_other"
    path.write_text("not json")
    assert read_log_in() is None
    forget_log_in()
    forget_log_in()


@pytest.mark.parametrize(
    ("words", "is_door"),
    [
        (["Front"], True),
        (["--json", "Front"], True),
        (["--url", "http://hub.test", "Front"], True),
        (["--url=http://hub.test", "--no-wait", "Front"], True),
        (["--storage", "x", "--interface", "lo"], False),
        (["--json", "--storage", "x"], False),
        (["--faults"], False),
        ([], False),
    ],
)
def test_lock_is_a_device_or_asks_for_a_door(words, is_door, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("LATCHWORK_TOKEN", raising=False)
    command = main.get_command(None, "lock")
    context = command.make_context("lock", list(words), resilient_parsing=True)
    assert ("door" in context.params) is is_door


def test_a_certificate_needs_its_key(tmp_path):
    file = tmp_path / "c.pem"
    file.touch()
    result = CliRunner().invoke(main, ["hub", "--folder", str(tmp_path / "hub"), "--certificate", str(file)])
    assert result.exit_code == 2
    assert not (tmp_path / "hub").exists()
