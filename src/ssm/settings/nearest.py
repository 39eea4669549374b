# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant who wrote a name that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The known name that is most like it; ``otherwise`` where none is."""
    return next(iter(get_close_matches(name, list(known), 1)), otherwise)
