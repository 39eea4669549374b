# SPDX-License-Identifier: Apache-2.0
"""Some records of one type as columns: what a reader has before it makes records, and what a repository wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

from ssm.records.field import Record

Column: TypeAlias = Sequence[object]
"""One attribute of some records, in their order."""
NOTHING: "repeat[None]" = repeat(None)
"""As often as is asked for; it has no state, so that all may share it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of the same length."""

    record: type[Record]
    count: int
    columns: Mapping[str, Column]
    """By attribute, at least one; what none of the records says is not here."""

    def __len__(self) -> int:
        """How many records."""
        return self.count

    def records(self) -> list[Record]:
        """The same as records."""
        return list(map(self.record, *(self.columns.get(name, NOTHING) for name in self.record.__struct_fields__)))
