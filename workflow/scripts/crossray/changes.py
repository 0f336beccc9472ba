"""Why a job reruns, briefly: the setting that changed, instead of all settings before and after."""

import ast
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossray.errors import cut

#: how Snakemake says that params are others, each of them as Python writes it
_CHANGED = re.compile(
    r"Params have changed since last execution: Union of exclusive params before and now across all output: "
    r"before: (?P<before>.*) now: (?P<now>.*)"
)
_NONE = "<nothing exclusive>"
_DIGEST = re.compile(r"[0-9a-f]{16,}")
#: signs of a value that are shown
_SHOWN = 60
#: marks a missing key
_ABSENT = object()


class Changes(logging.Filter):
    """A filter for a handler of logs that shortens the reasons of jobs; it lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the reason of a job, if the record is of one."""
        if reason := getattr(record, "reason", None):
            record.reason = shortened(str(reason))
        return True


def shortened(reason: str) -> str:
    """Return a reason of Snakemake's that names the settings that changed; any other as it is.

    Args:
        reason: of a job whose params are settings as JSON, digests of code, and paths.
    """
    found = _CHANGED.search(reason)
    if not found:
        return reason
    try:
        before, now = (_values(found[name].strip()) for name in ("before", "now"))
    except (SyntaxError, ValueError):
        return reason
    settings = [[value for value in values if isinstance(value, dict)] for values in (before, now)]
    words = list(dict.fromkeys(line for old in settings[0] for new in settings[1] for line in _differences(old, new)))
    rest = [value for value in [*before, *now] if not isinstance(value, dict)]
    if any(isinstance(value, str) and _DIGEST.fullmatch(value) for value in rest):
        words.append("the code")
    others = [value for value in rest if not (isinstance(value, str) and _DIGEST.fullmatch(value))]
    words += [f"another param ({cut(str(value), _SHOWN)})" for value in others[:1]]
    return reason[: found.start()] + f"Changed: {'; '.join(words)}" if words else reason


def _values(text: str) -> list[Any]:
    """Return what Snakemake lists; settings as the blocks that their JSON is."""
    if text == _NONE:
        return []
    values = ast.literal_eval(f"[{text}]")
    return [_block(value) for value in values]


def _block(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the keys in which two blocks of settings differ, with both values."""
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, f"{above}{key}.")
        elif before != after or type(before) is not type(after):
            yield f"setting {above}{key}, {_written(before)} before, {_written(after)} now"


def _written(value: Any) -> str:
    return "not there" if value is _ABSENT else cut(json.dumps(value, ensure_ascii=False), _SHOWN)
