# SPDX-License-Identifier: Apache-2.0
"""Names of elements as the dirq library makes them: time in hexadecimal, and a digit of our own."""

import os
import re
import threading
import time

FOLDER = re.compile(r"[0-9a-f]{8}")
ELEMENT = re.compile(r"[0-9a-f]{14}")
MICROSECONDS = 1_000_000


class NameMaker:
    """Gives each element a name that sorts by time and never stands twice in this program."""

    def __init__(self) -> None:
        self.digit = os.urandom(1)[0] % 16
        self.last = 0
        self.lock = threading.Lock()

    def next_name(self) -> str:
        """Eight digits of seconds, five of microseconds, one of ours."""
        with self.lock:
            self.last = max(self.last + 1, time.time_ns() // 1000)
            seconds, micros = divmod(self.last, MICROSECONDS)
        return f"{seconds:08x}{micros:05x}{self.digit:x}"
