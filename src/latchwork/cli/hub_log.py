"""The log of a hub: a line of text for people, or one JSON object a line for what collects logs.

The roof; on standard error, which a service manager or a container keeps.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

LEVELS: Final = ("debug", "info", "warn", "error")
FORMS: Final = ("text", "json")
_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `event`, and the fields of what was logged."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        event: str | None = getattr(record, "event", None)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage() if event is None else event,
        }
        fields: dict[str, Any] = getattr(record, "fields", {})
        line |= {name: value for name, value in fields.items() if name not in line}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)


def log_to_standard_error(level: str, form: str) -> None:
    """Have the log written from this level on, in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(handlers=[handler], level=getattr(logging, level.upper().replace("WARN", "WARNING")))
