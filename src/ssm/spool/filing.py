# SPDX-License-Identifier: Apache-2.0
"""The receiver's boxes: a batch is durable with one sync, known by its digests, and never filed twice.

The order of ``file`` is the promise (docs/explanation/spool.md):

1. elements are written in staging, where nobody looks; large ones are synced there;
2. one synced transaction of the journal holds their digests, and the whole content of small ones;
3. elements are renamed into place.

Who dies before 2 has filed nothing; who dies after it has filed everything, for recovery finishes the renames. Small
elements are written again from the journal if the machine, and not only the program, went down before ``settle``.
"""

import hashlib
import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from ssm.ports.filing import Box, DeferredElement, Filed, Verdict
from ssm.spool import twins
from ssm.spool.dirq import STAGING, DirqQueue
from ssm.spool.durable import disk_errors, remove_folder, sync_path
from ssm.spool.instance import Instance, alone
from ssm.spool.journal import SqliteJournal, write_history
from ssm.spool.judging import JudgingNotes
from ssm.spool.placing import Placing, history_of
from ssm.spool.settling import Settling, boot_id

DIGEST = re.compile(r"[0-9a-f]{64}")
HOUR_SECONDS = 3600.0
SYNCING_THREADS = 8
DAY_SECONDS = 86_400.0


class DirqCabinet:
    """Implements ``ssm.ports.filing.FilingCabinet`` over dirq queues below ``path``."""

    def __init__(self, path: Path, journal: SqliteJournal, *, retention_days: float, boot: str | None = None) -> None:
        self.path = path
        self.journal = journal
        self.retention_seconds = retention_days * DAY_SECONDS
        self.boot = boot or boot_id()
        with disk_errors(path):
            self.queues = {box: DirqQueue(path / box.value) for box in Box}
            self.instance = Instance(journal.path.parent / "instances")
        self.settling = Settling(journal, self.queues)
        self.judging = JudgingNotes(journal)
        self.unplaced: list[Placing] = []
        self.lock = threading.RLock()
        self.syncing = ThreadPoolExecutor(SYNCING_THREADS, thread_name_prefix="sync")
        self.next_tidying = 0.0

    # Filing.

    def known(self, digests: Sequence[bytes]) -> Mapping[bytes, Box]:
        """Which of these were filed before."""
        self.place_all()
        found = {}
        for digest in digests:
            for (box,) in self.journal.rows("SELECT box FROM filed WHERE digest = ?", digest):
                found[digest] = Box(str(box))
        return found

    def file(self, verdicts: Sequence[Verdict]) -> Sequence[Filed]:
        """File a batch; what another program filed in the meantime is left out."""
        return self.file_batch(verdicts, replace=False)

    def file_batch(self, verdicts: Sequence[Verdict], *, replace: bool) -> Sequence[Filed]:
        """Stage, remember, place. ``replace``: the verdict on a message that has an older one."""
        with self.lock:
            self.place_all()
            batch: list[Placing] = []
            try:
                batch.extend(self.prepare(verdict) for verdict in verdicts)
                self.stage(batch)
                new = self.remember(batch, replace=replace) if batch else []
            except BaseException:
                for one in batch:
                    remove_folder(one.staged)
                raise
            self.unplaced = new
            placing = {one.element for one in new}
            for one in batch:
                if one.element not in placing:
                    remove_folder(one.staged)
            return self.place_all()

    def stage(self, batch: Sequence[Placing]) -> None:
        """Write the elements where nobody looks; the large ones in several threads, for their syncs overlap."""
        with disk_errors(self.path):
            for one in batch:
                if not one.is_large:
                    self.stage_one(one)
            # All of them end before an error is raised: nothing is written behind the back of the clean-up.
            large = [self.syncing.submit(self.stage_one, one) for one in batch if one.is_large]
            wait(large)
            for done in large:
                done.result()

    def stage_one(self, one: Placing) -> None:
        """Write one element."""
        self.queues[one.verdict.box].stage(one.staged, one.fields, sync=one.is_large)

    def prepare(self, verdict: Verdict) -> Placing:
        """Name an element and lay out its fields."""
        queue = self.queues[verdict.box]
        element = queue.next_element()
        texts = {"signer": verdict.signer, "empaid": verdict.message_id, "error": verdict.error}
        fields = {"body": verdict.body} | {name: text.encode() for name, text in texts.items() if text is not None}
        name = f"{element.replace('/', '-')}-{verdict.digest.hex()}"
        return Placing(verdict, element, queue.path / STAGING / self.instance.id / name, fields)

    def remember(self, batch: Sequence[Placing], *, replace: bool) -> list[Placing]:
        """The shared sync; those whose digest is new, or takes the place of an older verdict."""
        now = time.time()
        verb = "REPLACE" if replace else "IGNORE"
        with self.journal.transaction() as connection:
            new = [one for one in batch if twins.remember(connection, verb, one, now)]
            self.settling.hold(connection, self.boot, now, [one for one in new if not one.is_large])
            write_history(connection, [history_of(one) for one in new])
        return new

    def place_all(self) -> Sequence[Filed]:
        """Rename into place what is remembered; what cannot be renamed now is tried again before anything else."""
        placed = []
        folders = set()
        with self.lock, disk_errors(self.path):
            while self.unplaced:
                one = self.place(self.unplaced[0])
                placed.append(Filed(one.verdict, one.element))
                if one.is_large:
                    folders.add((self.queues[one.verdict.box].path / one.element).parent)
                self.unplaced.pop(0)
            for folder in folders:
                sync_path(folder)
                sync_path(folder.parent)
        return placed

    def place(self, one: Placing) -> Placing:
        """Rename one element; under another name if somebody made the same."""
        queue = self.queues[one.verdict.box]
        while not queue.publish(one.staged, one.element):
            other = Placing(one.verdict, queue.next_element(), one.staged, one.fields)
            box = one.verdict.box.value
            self.settling.rename(one.verdict.digest, f"{box}/{one.element}", f"{box}/{other.element}")
            one = other
        return one

    def forget_twins(self, beginnings: Sequence[bytes]) -> None:
        """Their senders have seen the answer."""
        twins.forget(self.journal, beginnings)

    # Tidying.

    def settle(self) -> int:
        """Bring what the journal holds to its place on disk; now and then, forget what is old."""
        self.place_all()
        count = self.settling.settle(self.lock)
        if time.monotonic() >= self.next_tidying:
            self.instance.touch()
            self.journal.forget(time.time() - self.retention_seconds)
            self.next_tidying = time.monotonic() + HOUR_SECONDS
        return count

    def recover(self) -> int:
        """Finish the renames of dead programs, and restore what a dead machine had not written."""
        count = 0
        with disk_errors(self.path), alone(self.journal.path.with_name("recovery.lock")):
            # Staging first, markers second: who starts in between has a marker before it has staging.
            staging = [(queue, folder) for queue in self.queues.values() for folder in (queue.path / STAGING).iterdir()]
            with self.instance.dead_ones() as dead:
                living = {path.name for path in self.instance.markers.iterdir()} - {path.name for path in dead}
                for queue, folder in staging:
                    if folder.name not in living:
                        count += sum(self.finish_staged(queue, staged) for staged in folder.iterdir())
                        remove_folder(folder)
                if living == {self.instance.id}:
                    count += self.release_all()
            # Last, since what a dead machine left in staging may be torn as well: it is compared where it is now.
            return count + self.settling.restore(self.boot)

    def release_all(self) -> int:
        """Nobody else is at work: give back what dead programs had locked, and finish what they were removing."""
        count = 0
        for queue in (self.queues[Box.DEFERRED], self.queues[Box.REJECTED]):
            count += sum(queue.unlock(element) for element in queue.elements())
            for removed in (queue.path / "obsolete").iterdir():
                remove_folder(removed)
        return count

    def finish_staged(self, queue: DirqQueue, staged: Path) -> int:
        """Into place if the journal knows it, else away: then the broker still has it."""
        digest = staged.name.rpartition("-")[2]
        if not DIGEST.fullmatch(digest):
            return 0
        query = "SELECT box, element FROM filed WHERE digest = ? AND element != ''"
        for box, known in self.journal.rows(query, bytes.fromhex(digest)):
            if box == queue.path.name and not self.is_placed(queue, str(known), staged):
                element = str(known)
                while not queue.publish(staged, element):
                    other = queue.next_element()
                    self.settling.rename(bytes.fromhex(digest), f"{box}/{element}", f"{box}/{other}")
                    element = other
                return 1
        return 0

    @staticmethod
    def is_placed(queue: DirqQueue, element: str, staged: Path) -> bool:
        """True when what stands under this name is the staged element itself, and not another of the same name."""
        there = queue.read(element)
        return there is not None and there == queue.fields_of(staged)

    # Crash counting.

    def suspects(self) -> Mapping[bytes, int]:
        """What was being judged when a program died."""
        return self.judging.suspects()

    def begin(self, digests: Sequence[bytes]) -> None:
        """One more time."""
        self.judging.begin(digests)

    def finish(self, digests: Sequence[bytes]) -> None:
        """Survived."""
        self.judging.finish(digests)

    # What waits for another judgement.

    def deferred(self) -> Sequence[str]:
        """Elements that wait."""
        with disk_errors(self.path):
            return list(self.queues[Box.DEFERRED].elements())

    def take_deferred(self, name: str) -> DeferredElement | None:
        """Lock and read."""
        queue = self.queues[Box.DEFERRED]
        with disk_errors(queue.path):
            if not queue.lock(name):
                return None
            fields = queue.read(name)
            if fields is None:
                queue.unlock(name)
                return None
        message_id = fields["empaid"].decode("utf-8", "replace") if "empaid" in fields else None
        return DeferredElement(name, fields["body"], message_id, fields.get("error", b"").decode("utf-8", "replace"))

    def release_deferred(self, name: str) -> None:
        """Unlock."""
        with disk_errors(self.path):
            self.queues[Box.DEFERRED].unlock(name)

    def resolve_deferred(self, name: str, verdict: Verdict) -> Filed | None:
        """File the verdict unless that was done before a crash; then the element goes."""
        filed = None
        if self.known([verdict.digest]).get(verdict.digest, Box.DEFERRED) is Box.DEFERRED:
            [filed] = self.file_batch([verdict], replace=True)
        self.forget(Box.DEFERRED, name)
        return filed

    def judge_again(self, name: str) -> Filed | None:
        """Move a rejected element to DEFERRED, where the receiver judges it again; None when it is gone."""
        queue = self.queues[Box.REJECTED]
        with disk_errors(queue.path):
            fields = queue.read(name) if queue.lock(name) else None
        if fields is None:
            return None
        body = fields["body"]
        message_id = fields["empaid"].decode() if "empaid" in fields else None
        digest = hashlib.sha256(body).digest()
        verdict = Verdict(digest, Box.DEFERRED, body, None, message_id, "to be judged again", "retry")
        try:
            [filed] = self.file_batch([verdict], replace=True)
        except BaseException:
            with disk_errors(queue.path):
                queue.unlock(name)
            raise
        self.forget(Box.REJECTED, name)
        return filed

    def forget(self, box: Box, name: str) -> None:
        """Take a locked element out of its box, and its copy out of the journal, so that nothing restores it."""
        self.settling.release(f"{box.value}/{name}")
        with disk_errors(self.path):
            self.queues[box].remove(name)

    def close(self) -> None:
        """Nothing of ours is left to recover."""
        for queue in self.queues.values():
            # What is remembered and could not be placed is finished by the next recovery.
            if not self.unplaced:
                remove_folder(queue.path / STAGING / self.instance.id)
        self.syncing.shutdown()
        self.instance.close()
