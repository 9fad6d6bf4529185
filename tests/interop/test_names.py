"""Numbers that the C++ SDK's Python package knows by name, against ours."""

import json
import re
import subprocess

import pytest
from peers import CACHE, missing

from latchwork.matter.messages.status import Status

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(missing("chip") is not None, reason=str(missing("chip"))),
]

LIST = """
import json
from chip.interaction_model import Status
print(json.dumps({status.name: status.value for status in Status}))
"""


def test_statuses_agree_with_the_reference_sdk():
    said = subprocess.run(
        [CACHE / "chip" / "bin" / "python", "-c", LIST], check=True, capture_output=True, text=True, timeout=60
    )
    theirs = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): value
        for name, value in json.loads(said.stdout.splitlines()[-1]).items()
        if not name.startswith(("Deprecated", "Reserved", "WriteIgnored"))
    }
    assert theirs
    assert theirs.items() <= {status.name: status.value for status in Status}.items()
