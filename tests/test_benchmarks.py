"""The benchmarks measure what their table shows. No test asserts a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from latchwork.cli import lines
from latchwork.cli.values import struct_from_json
from latchwork.matter.model.clusters.door_lock import CredentialTypeEnum, SetCredential, SetUser

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def beside(monkeypatch):
    """Benchmarks import one another as scripts do."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def run(script, *arguments):
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("beside")
def test_every_figure_of_ours_alone_is_measured_and_shown_beside_its_command():
    import table

    found = {
        "many_locks.py --locks 1": json.loads(run("many_locks.py", "--locks", "1")),
        "many_locks.py --crowd 2": json.loads(run("many_locks.py", "--crowd", "2")),
        "people.py --users 12 --codes 3": json.loads(run("people.py", "--users", "12", "--codes", "3")),
    }

    assert "rss_kib_used" in found["many_locks.py --locks 1"]
    assert set(table.ALONE) <= {name for figures in found.values() for name in figures}
    shown = table.alone(found)
    assert len(shown) == len(table.ALONE) + 2
    assert sum("`people.py --users 12 --codes 3`" in line for line in shown) > 1
    assert any("among 12 codes" in line for line in shown)


@pytest.mark.usefixtures("beside")
def test_every_figure_of_the_hub_is_measured_and_bars_count_for_as_many_as_they_are_for():
    import table

    commands = {
        "hub_people.py": ("--locks", "2", "--rounds", "1"),
        "hub_fleet.py": ("--locks", "2", "--minutes", "0.01"),
        "hub_journal.py": ("--rows", "300"),
        "hub_unlock.py": ("--times", "4", "--rounds", "1", "--ours"),
    }
    found = {script: json.loads(run(script, *arguments)) for script, arguments in commands.items()}

    measured = {name for figures in found.values() for name in figures}
    assert {name for name in table.HUB if "matter.js" not in name} <= measured
    assert set(table.BARS) <= measured
    assert set(table.bars(found)) == {"Latchwork: API to bolt ms"}
    many = {"hub_journal.py": found["hub_journal.py"] | {"rows": 1_000_000, "newest 50 ms": 6.0}}
    assert table.bars(many) == {"newest 50 ms": False}
    assert any("**missed**" in line for line in table.alone(many))


@pytest.mark.usefixtures("beside")
def test_the_better_peer_is_the_one_that_is_compared():
    import table

    figures = {"Latchwork": {"read of an attribute": 0.2, "users with a PIN per second": 300.0}}
    figures["fast"] = {"read of an attribute": 2.0, "users with a PIN per second": 60.0}
    figures["slow"] = {"read of an attribute": 4.0, "users with a PIN per second": 30.0}

    records = table.compare(lambda pair, measure: figures[pair].get(measure), list(figures), ["fast", "slow"])

    by_measure = {record["measure"]: record for record in records}
    assert by_measure["read of an attribute"]["ratio"] == 10
    assert by_measure["read of an attribute"]["reached"] is True
    assert by_measure["users with a PIN per second"]["ratio"] == 5
    assert by_measure["commissioning"]["reached"] is None
    assert len(table.lines(records, list(figures))) == 2 + 2


@pytest.mark.usefixtures("beside")
def test_the_people_that_fill_a_lock_are_commands_that_it_knows():
    import pairs

    person = struct_from_json(SetUser, lines.parse(json.dumps(pairs.user(7))))
    code = struct_from_json(SetCredential, lines.parse(json.dumps(pairs.pin(7, 100_007))))

    assert (person.user_index, person.user_name) == (7, "User 7")
    assert (code.credential.credential_type, code.credential_data) == (CredentialTypeEnum.PIN, b"100007")
