"""Names of users and groups on Linux: the texts that can be one."""

from __future__ import annotations

import re

_NEVER_IN_A_NAME = re.compile(r"[\s:,/{}\[\]|;<>*?=\"`\x00-\x1f\x7f]")
_NUMBER = re.compile(r"\d+(\.\d*)?(e[-+]?\d+)?", re.IGNORECASE)


def is_account(text: str) -> bool:
    """Tell whether a text can be the name of a user or group, which no number or variable can be."""
    return (
        bool(text)
        and text[0] not in "-+$"
        and not _NEVER_IN_A_NAME.search(text)
        and not _NUMBER.fullmatch(text)
    )
