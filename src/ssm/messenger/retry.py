# SPDX-License-Identifier: Apache-2.0
"""How long to wait before trying again, and which error to speak of when several tasks failed."""

import random
from collections.abc import Callable

from ssm.errors import ConnectFailedError, TransportError

FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0  # a broker that comes back is found again within ten seconds, connect time included


class Backoff:
    """Delays that double up to a ceiling, each shortened by up to half: many ends do not knock at once."""

    def __init__(
        self,
        first_seconds: float = FIRST_SECONDS,
        most_seconds: float = MOST_SECONDS,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.first_seconds = first_seconds
        self.most_seconds = most_seconds
        self.draw = draw
        self.failures = 0

    def next_delay(self) -> float:
        """Seconds to wait before the next try."""
        exponent = min(self.failures, 30)
        self.failures += 1
        whole = min(self.first_seconds * 2.0**exponent, self.most_seconds)
        return whole * (1 - self.draw() / 2)

    def succeeded(self) -> None:
        """Begin again with short delays."""
        self.failures = 0


def describe(error: TransportError) -> str:
    """One line for the log, with what each broker answered."""
    if isinstance(error, ConnectFailedError) and error.attempts:
        return "; ".join(error.attempts)
    return str(error)
