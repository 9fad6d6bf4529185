"""The coverage-guided fuzzer still runs: a few hundred rounds of each kind, where atheris is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


@pytest.mark.parametrize("target", ["tlv", "protocol header", "certificate", "interaction server", "engine"])
def test_a_few_hundred_rounds_find_nothing(target, tmp_path):
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.coverage_guided", target, "-runs=300", f"-artifact_prefix={tmp_path}/"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(tmp_path.iterdir())
