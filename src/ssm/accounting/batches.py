# SPDX-License-Identifier: Apache-2.0
"""Taking messages out of incoming, a batch for one transaction at a time: claimed, decoded, and judged by the rules.

Blocking; it runs beside the database, one batch ahead of it. A message that ended a loader is taken alone.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from ssm.accounting.arrivals import MICROSECONDS, arrival_of
from ssm.accounting.decode import SITE_AT, Decoded, Terms, decode
from ssm.accounting.events import LoadEvent, Teller
from ssm.accounting.months import month_of_time
from ssm.accounting.publishers import Mode, Publishers
from ssm.errors import SsmError
from ssm.ports.incoming import IncomingElement, IncomingSpool
from ssm.ports.repository import Arrival, Block, Row
from ssm.records.fault import Fault, Level, quoted

MOST_DEATHS = 3
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Bounds of one run."""

    batch_rows: int = 5000
    """Rows that share a transaction, more or less: messages are not divided."""
    batch_messages: int = 200
    retention_months: int = 0
    """Individual records from before so many months are refused; 0: all are taken."""
    patience_seconds: float | None = 60.0
    """How long to go on without a database; None: for ever."""
    reads_ahead: bool = True
    """Whether a batch is decoded while another is stored: not where storing takes the same processor."""
    follow: bool = False
    """Wait for further messages when there are none."""
    poll_seconds: float = 1.0
    recover_seconds: float = 60.0
    """How often claims of dead loaders are looked for."""


@dataclass(slots=True)
class Taken:
    """A claimed message, understood."""

    element: IncomingElement
    """Without its octets, which are not needed any more."""
    arrival: Arrival
    decoded: Decoded
    is_stored: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether it has faults."""
        return bool(self.decoded.faults)


@dataclass(slots=True)
class LoadBatch:
    """Messages for one transaction, in the order in which they came."""

    taken: list[Taken] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    """The rows of all that are not refused."""


def blocks_of(taken: Collection[Taken]) -> list[Block]:
    """Their rows, by table: of those with one key, the row that came last, as if they were stored one by one."""
    tables: dict[str, dict[Row, Row]] = {}
    for one in sorted(taken, key=lambda one: one.arrival.id):
        if one.decoded.rows:
            tables.setdefault(one.decoded.kind, {}).update(one.decoded.rows)
    return [Block(kind, [row for _, row in sorted(rows.items(), key=first)]) for kind, rows in sorted(tables.items())]


def first(pair: tuple[Row, Row]) -> Row:
    """The key, which is never None and tells all rows apart."""
    return pair[0]


@dataclass(slots=True)
class Intake:
    """One loader's hands in the incoming box."""

    spool: IncomingSpool
    tell: Teller
    limits: LoadLimits
    clock: Callable[[], int]
    """Microseconds since 1970."""
    mode: Mode = Mode.OFF
    publishers: Publishers | None = None
    names: deque[str] = field(default_factory=deque)
    deaths: dict[str, int] = field(default_factory=dict)
    told: set[tuple[str | None, str, str]] = field(default_factory=set)

    def next_batch(self) -> LoadBatch:
        """What is there now, up to the limits; empty when there is nothing for us."""
        batch = LoadBatch()
        try:
            self.fill(batch)
        except SsmError:
            if not batch.taken:
                raise  # else what we have is stored first; the error will come again
        batch.blocks = blocks_of(batch.taken)
        return batch

    def fill(self, batch: LoadBatch) -> None:
        """Take one after the other."""
        if not self.names:
            self.names.extend(self.spool.ready())
            self.deaths = dict(self.spool.deaths())
        rows = 0
        while self.names and rows < self.limits.batch_rows and len(batch.taken) < self.limits.batch_messages:
            is_suspect = self.names[0] in self.deaths
            if is_suspect and batch.taken:
                break
            taken = self.take(self.names.popleft())
            if taken is not None:
                batch.taken.append(taken)
                rows += len(taken.decoded.rows)
                if is_suspect:
                    break

    def take(self, name: str) -> Taken | None:
        """One message; None when it is gone, or somebody else's."""
        element = self.spool.claim(name)
        if element is None:
            return None
        moment = self.clock()
        arrival, now = arrival_of(element, moment), moment // MICROSECONDS
        if self.deaths.get(name, 0) >= MOST_DEATHS:
            said = (
                f"the loader ended {self.deaths[name]} times with this message in its hands; somebody must look at it"
            )
            decoded = Decoded(faults=[Fault(Level.ERROR, "deadly", said)])
        else:
            decoded = decode(element.body, arrival.id, Terms(now, oldest_month(now, self.limits.retention_months)))
            self.apply_rules(element.signer, decoded)
        return Taken(replace(element, body=b""), arrival, decoded)

    def apply_rules(self, signer: str | None, decoded: Decoded) -> None:
        """Tell, or refuse, what no rule permits."""
        if self.mode is Mode.OFF or self.publishers is None or decoded.faults:
            return
        sites = {str(row[SITE_AT]) for row in decoded.rows.values()}
        for site in self.publishers.rules().forbidden(signer, sites, decoded.kind):
            if self.mode is Mode.ENFORCE:
                said = f"{quoted(signer or 'nobody')} may not publish {decoded.kind} records of site {quoted(site)}"
                decoded.refuse(Fault(Level.ERROR, "site-not-permitted", said))
            if (signer, site, decoded.kind) not in self.told:
                self.told.add((signer, site, decoded.kind))
                doing = "refuses" if self.mode is Mode.ENFORCE else "only reports"
                self.tell(LoadEvent.FOREIGN_SITE, signer=signer, site=site, kind=decoded.kind, mode=doing)
        if decoded.faults:
            decoded.rows = {}


def oldest_month(now: int, retention_months: int) -> int:
    """YYYYMM of the oldest month that is kept; 0 where all are."""
    if not retention_months:
        return 0
    year, month = divmod(month_of_time(now), 100)
    months = year * MONTHS_A_YEAR + month - 1 - retention_months
    return months // MONTHS_A_YEAR * 100 + months % MONTHS_A_YEAR + 1
