# SPDX-License-Identifier: Apache-2.0
"""Months of invented usage, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month."""

    year: int
    of_year: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From ``YYYY-MM``; ValueError where it is none."""
        begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return cls(begin.year, begin.month)

    @property
    def number(self) -> int:
        """YYYYMM."""
        return self.year * 100 + self.of_year

    @property
    def begin(self) -> int:
        """Its first second."""
        return int(datetime(self.year, self.of_year, 1, tzinfo=UTC).timestamp())

    def later(self, count: int) -> "Month":
        """So many months later, or earlier."""
        year, month = divmod(self.year * 12 + self.of_year - 1 + count, 12)
        return Month(year, month + 1)

    @property
    def end(self) -> int:
        """The first second after it."""
        return self.later(1).begin

    def slice(self, low: int, high: int, whole: int) -> tuple[int, int]:
        """The part of it from low to high, of a whole: its first second, and the first after it."""
        span = self.end - self.begin
        first = self.begin + span * low // whole
        return first, max(first + 1, self.begin + span * high // whole)

    def __str__(self) -> str:
        return f"{self.year}-{self.of_year:02}"
