# SPDX-License-Identifier: Apache-2.0
"""What the port of the repository promises, over each database."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from ssm.accounting.arrivals import arrival_of
from ssm.accounting.batches import Taken, blocks_of
from ssm.accounting.decode import Terms, decode
from ssm.accounting.layouts import LAYOUTS
from ssm.errors import CredentialError, RepositoryError, RepositoryUnavailableError, UnstorableError
from ssm.ports.incoming import IncomingElement
from ssm.ports.repository import Arrival, Block, Changes, Stored
from ssm.records.formats import FORMATS
from ssm.records.types import RECORD_TYPES
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.storage import StorageRecord
from ssm.records.types.sync import SyncRecord
from ssm.repository.database import Database
from ssm.repository.retention import forget
from ssm.repository.session import Access
from ssm.repository.store import SqlRepository
from tests.accounting import MAY_2024, Contents, job, jobs, summary

NOW = 1_760_000_000
MICROSECONDS = 1_000_000


def taken(body: bytes, second: int, *, signer: str = "/C=UK/CN=a", message_id: str | None = None) -> Taken:
    """A message that came so many seconds after another time."""
    element = IncomingElement(f"00000000/{NOW + second:08x}000000", body, signer, message_id)
    arrival = arrival_of(element, (NOW + 10_000) * MICROSECONDS)
    decoded = decode(body, arrival.id, Terms(NOW + 10_000))
    assert decoded.faults == [], decoded.faults
    return Taken(element, arrival, decoded)


def stored(one: Taken) -> Stored:
    return Stored(one.arrival, one.decoded.kind, one.decoded.records)


@pytest.fixture
def database(access: Access) -> Iterator[Database]:
    made = Database(access)
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def repository(database: Database) -> Iterator[SqlRepository]:
    opened = database.open()
    yield opened
    opened.close()


@pytest.fixture
def contents(access: Access) -> Contents:
    return Contents(access)


def put(repository: SqlRepository, *messages: Taken) -> Changes:
    """In one transaction."""
    return repository.store([stored(one) for one in messages], blocks_of(messages))


def test_rows_come_back_as_they_were_said(repository: SqlRepository, contents: Contents) -> None:
    put(repository, taken(jobs([1], SubmitHost="cé1.example.org", MemoryReal=2**40, FQAN="/demo/uk/Role=x"), 1))
    columns = ("site", "month", "local_job_id", "end_time", "infrastructure", "submit_host", "memory_real")
    assert contents.rows("job", *columns) == [("EXAMPLE-T2", 202405, "1.0", MAY_2024, "grid", "cé1.example.org", 2**40)]
    derived = ("vo", "vo_group", "vo_role", "service_level_type", "service_level", "queue")
    assert contents.rows("job", *derived) == [("demo", "/demo/uk", "Role=x", "HEPSPEC", 10.5, None)]


def test_every_row_keeps_its_message(repository: SqlRepository, contents: Contents) -> None:
    one = taken(jobs([1, 2]), 1, signer="/C=UK/CN=Zoë", message_id="abc")
    put(repository, one)
    assert contents.messages() == [("abc", "/C=UK/CN=Zoë", "job", 2)]
    assert contents.rows("job", "message") == [(one.arrival.id,), (one.arrival.id,)]
    key = (one.arrival.digest, one.arrival.element)
    assert repository.known([one.arrival]) == {key: one.arrival.id}


def test_the_same_record_again_changes_nothing(repository: SqlRepository, contents: Contents) -> None:
    """Except whose message the rows are, as that tells which of them is the later to have been said."""
    values = [name for name in LAYOUTS["job"].names if name != "message"]
    assert put(repository, taken(jobs(range(10)), 1)) == Changes(10, 10)
    before = contents.rows("job", *values)
    contents.clean()
    again = taken(jobs(range(10)), 2)
    assert put(repository, again) == Changes(10, 0)
    assert contents.rows("job", *values) == before
    assert contents.rows("job", "message") == [(again.arrival.id,)] * 10
    assert contents.dirty() == set()
    assert len(contents.messages()) == 2


def test_a_correction_replaces_by_arrival_and_not_by_what_it_says_of_itself(
    repository: SqlRepository, contents: Contents
) -> None:
    put(repository, taken(jobs([1], CpuDuration=1), 1))
    assert put(repository, taken(jobs([1], CpuDuration=2, StartTime=MAY_2024 - 9000), 2)).changed == 1
    assert contents.rows("job", "cpu_duration") == [(2,)]
    assert put(repository, taken(jobs([1], CpuDuration=3), 0)).changed == 0, "it came before the others"
    assert contents.rows("job", "cpu_duration") == [(2,)]


def test_a_value_that_is_taken_back_is_a_correction_as_well(repository: SqlRepository, contents: Contents) -> None:
    put(repository, taken(jobs([1], MemoryReal=5), 1))
    assert put(repository, taken(jobs([1]), 2)).changed == 1
    assert contents.rows("job", "memory_real") == [(None,)]
    assert put(repository, taken(jobs([1], MemoryReal=0), 3)).changed == 1
    assert contents.rows("job", "memory_real") == [(0,)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whichever_order_versions_are_loaded_the_last_to_arrive_stays(
    repository: SqlRepository, contents: Contents, order: Sequence[int]
) -> None:
    versions = [taken(jobs([1], CpuDuration=number), number) for number in range(3)]
    for index in order:
        put(repository, versions[index])
    assert contents.rows("job", "cpu_duration") == [(2,)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_taken_back_stays_in_whichever_order_it_is_loaded(
    repository: SqlRepository, contents: Contents, order: Sequence[int]
) -> None:
    """A value is corrected, and the correction taken back: the first says the same as the last."""
    versions = [taken(jobs([1], CpuDuration=value), second) for second, value in enumerate((1, 2, 1))]
    last, value = -1, None
    for index in order:
        contents.clean()
        is_change = index > last and (1, 2, 1)[index] != value
        if index > last:
            last, value = index, (1, 2, 1)[index]
        assert put(repository, versions[index]) == Changes(1, int(is_change))
        assert contents.dirty() == ({("EXAMPLE-T2", 202405, "job")} if is_change else set())
        assert contents.rows("job", "cpu_duration", "message") == [(value, versions[last].arrival.id)]
    assert (last, value) == (2, 1)


def test_what_happens_to_each_row_of_a_transaction_is_counted_exactly(
    repository: SqlRepository, contents: Contents
) -> None:
    """New, changed, equal or outdated, all at once: more rows than MariaDB's statements have, of three sites."""
    june, there = MAY_2024 + 31 * 86400, [number for number in range(1300) if number % 5]
    first = taken(jobs(there, Site="A"), 10)
    others = [taken(jobs(range(4), Site="B", EndTime=june), 11), taken(jobs(range(4), Site="C", EndTime=june), 12)]
    put(repository, first, *others)
    contents.clean()
    fresh, changed, equal, earlier, outdated = (range(at, 1300, 5) for at in range(5))
    said = [
        taken(jobs([*earlier], Site="A"), 1),
        taken(jobs([*outdated], Site="A", CpuDuration=1), 2),
        taken(jobs([*fresh], Site="A"), 3),
        taken(jobs([0, 1], Site="B", EndTime=june, CpuDuration=1), 4),
        taken(jobs([*changed], Site="A", CpuDuration=2), 20),
        taken(jobs([*equal], Site="A"), 21),
        taken(jobs([2, 3], Site="B", EndTime=june), 22),
        taken(jobs([0, 1, 2], Site="C", EndTime=june), 23),
        taken(jobs([3], Site="C", EndTime=june, CpuDuration=3), 24),
    ]
    assert put(repository, *said) == Changes(1300 + 8, 260 + 260 + 1)
    assert contents.dirty() == {("A", 202405, "job"), ("C", 202406, "job")}
    ids = [one.arrival.id for one in said]
    kept, b, c = (one.arrival.id for one in (first, *others))
    by_part = [(3000, ids[2]), (2, ids[4]), (3000, ids[5]), (3000, kept), (3000, kept)]
    expected = [("A", f"{number}.0", *by_part[number % 5]) for number in range(1300)]
    expected += [("B", f"{number}.0", 3000, b if number < 2 else ids[6]) for number in range(4)]
    expected += [("C", f"{number}.0", *((3000, ids[7]) if number < 3 else (3, ids[8]))) for number in range(4)]
    assert c not in ids
    assert contents.rows("job", "site", "local_job_id", "cpu_duration", "message") == sorted(expected)
    contents.clean()
    assert put(repository, taken(jobs(range(1300), Site="A"), 0)) == Changes(1300, 0), "it came before them all"
    assert contents.rows("job", "site", "local_job_id", "cpu_duration", "message") == sorted(expected)
    assert contents.dirty() == set()


def test_a_statement_that_fails_half_way_spoils_no_later_count(database: Database, repository: SqlRepository) -> None:
    put(repository, taken(jobs(range(10)), 1))
    [block] = blocks_of([taken(jobs(range(10)), 2)])
    layout = LAYOUTS[block.kind]
    session = database.dialect.open_session(database.engine)
    session.begin()
    with pytest.raises(database.dialect.errors()):
        session.upsert(layout, [*block.rows[:-1], (*block.rows[-1][:-1], None)])  # no message: not null
    session.rollback()
    for rows, changed in ((block.rows, 0), (blocks_of([taken(jobs([1, 99]), 3)])[0].rows, 1)):
        session.begin()
        assert session.upsert(layout, rows).changed == changed
        session.commit()
    session.close()


def test_within_one_transaction_the_last_to_arrive_stays_too(repository: SqlRepository, contents: Contents) -> None:
    put(repository, *(taken(jobs([1], CpuDuration=number), number) for number in (2, 1, 3, 0)))
    assert contents.rows("job", "cpu_duration") == [(3,)]


def test_a_message_that_says_one_thing_twice_means_the_second(repository: SqlRepository, contents: Contents) -> None:
    body = b"APEL-individual-job-message: v0.3\n" + (job(1, CpuDuration=1) + job(1, CpuDuration=2)).encode()
    assert put(repository, taken(body, 1)) == Changes(1, 1)
    assert contents.rows("job", "cpu_duration") == [(2,)]


def test_local_and_grid_usage_never_overwrite_each_other(repository: SqlRepository, contents: Contents) -> None:
    put(repository, taken(jobs([1]), 1))
    put(repository, taken(jobs([1], InfrastructureType="local"), 2))
    put(repository, taken(jobs([1], InfrastructureType=None, CpuDuration=7), 3))
    assert contents.rows("job", "infrastructure", "cpu_duration") == [("grid", 7), ("local", 3000)]
    put(repository, taken(summary(), 4), taken(summary(InfrastructureType="LOCAL"), 5))
    assert contents.rows("summary", "infrastructure") == [("grid",), ("local",)]


def test_a_summary_replaces_the_same_summary_only(repository: SqlRepository, contents: Contents) -> None:
    put(repository, taken(summary(), 1), taken(summary(Processors=1), 2), taken(summary(ServiceLevel=11), 3))
    assert contents.count("summary") == 3
    put(repository, taken(summary(NumberOfJobs=5, ServiceLevelType="hepspec"), 4))
    assert contents.rows("summary", "processors", "service_level", "number_of_jobs") == [
        (1, 10.5, 1200),
        (8, 10.5, 5),
        (8, 11.0, 1200),
    ]


def test_only_what_changed_is_marked_to_be_summarised(repository: SqlRepository, contents: Contents) -> None:
    june = MAY_2024 + 31 * 86400
    put(repository, taken(jobs([1, 2]), 1), taken(jobs([1], EndTime=june, Site="B"), 2), taken(summary(), 3))
    marks = {("EXAMPLE-T2", 202405, "job"), ("B", 202406, "job"), ("EXAMPLE-T2", 202405, "summary")}
    assert contents.dirty() == marks
    contents.clean()
    put(repository, taken(jobs([1, 2]), 4), taken(jobs([1], EndTime=june, Site="B", CpuDuration=9), 5))
    assert contents.dirty() == {("B", 202406, "job")}


def test_names_differ_as_they_are_written(repository: SqlRepository, contents: Contents) -> None:
    put(repository, *(taken(jobs([1], Site=site), at) for at, site in enumerate(("A", "a", "á", "A B"))))
    assert contents.count("job") == 4
    assert repository.known([]) == {}


def every_type() -> Iterator[tuple[str, bytes]]:
    """A message of each type that tests/accounting.py does not write."""
    day = MAY_2024
    records = {
        "normalised-summary": NormalisedSummaryRecord(
            site="A", month=5, year=2024, wall_duration=1, cpu_duration=1, normalised_wall_duration=10,
            normalised_cpu_duration=2**40, number_of_jobs=3,
        ),
        "sync": SyncRecord(site="A", submit_host="ce", number_of_jobs=3, month=5, year=2024),
        "cloud": CloudRecord(
            record_create_time=day, vm_uuid="vm", site="A", start_time=day - 60, wall_duration=60, cpu_count=1.5,
            status="started", fqan="demo",
        ),
        "cloud-summary": CloudSummaryRecord(site="A", month=5, year=2024, number_of_vms=2),
        "storage": StorageRecord(
            record_id="r", create_time=day, storage_system="se", group="demo", start_time=day - 60, end_time=day,
            resource_capacity_used=2**50, group_attributes=(("authority", "/CN=voms"),),
        ),
        "public-ip": PublicIpRecord(
            measurement_time=day, site="A", cloud_type="c", local_user="u", local_group="g", fqan="/demo/x",
            global_user_name="/CN=x", ip_version=4, ip_count=3,
        ),
        "accelerator": AcceleratorRecord(
            measurement_month=5, measurement_year=2024, associated_record_type="cloud", associated_record="vm",
            fqan="/demo", site="A", count=0.5, available_duration=60, type="GPU", model="m",
        ),
    }  # fmt: skip
    for name, record in records.items():
        kind = RECORD_TYPES[name]
        form = next(one for one in FORMATS.values() if kind in one.types)
        version = "v0.3" if name == "normalised-summary" else form.names_versions.get(name, kind.newest)
        yield name, b"".join(form.write(kind, version, [record]))


def test_every_type_of_records_has_its_table(repository: SqlRepository, contents: Contents) -> None:
    messages = dict(every_type()) | {"job": jobs([1]), "summary": summary()}
    assert messages.keys() == RECORD_TYPES.keys()
    again: dict[str, Taken] = {}
    for second, (name, body) in enumerate(messages.items()):
        one = taken(body, second)
        assert put(repository, one) == Changes(1, 1)
        again[name] = taken(body, second + 100)
        assert put(repository, again[name]) == Changes(1, 0)
        assert put(repository, taken(body, second + 50)) == Changes(1, 0)
    for name, one in again.items():
        assert contents.rows(name, "month", "message") == [(202405, one.arrival.id)], name
    assert contents.rows("storage", "site", "group_attributes") == [("", '[["authority", "/CN=voms"]]')]
    assert contents.rows("public-ip", "vo", "vo_group") == [("demo", "/demo/x")]
    assert contents.rows("cloud", "vo", "cpu_count") == [("demo", 1.5)]
    assert {mark[2] for mark in contents.dirty()} == RECORD_TYPES.keys()


def test_a_transaction_that_fails_leaves_nothing(repository: SqlRepository, contents: Contents) -> None:
    good = taken(jobs(range(100)), 1)
    [block] = blocks_of([good])
    bad = Block("job", [*block.rows[:-1], (*block.rows[-1][:-1], None)])  # no message: not null
    with pytest.raises(UnstorableError):
        repository.store([stored(good)], [bad])
    assert (contents.count("job"), contents.messages(), contents.dirty()) == (0, [], set())
    assert put(repository, good).changed == 100, "and the repository goes on"


def test_the_same_message_is_stored_by_one_of_many(database: Database, contents: Contents) -> None:
    one = taken(jobs(range(50)), 1)
    start = threading.Barrier(4)

    def load(_: int) -> str:
        repository = database.open()
        try:
            start.wait(30)
            put(repository, one)
        except RepositoryUnavailableError as error:
            return str(error)
        finally:
            repository.close()
        return "stored"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(load, range(4)))
    assert said.count("stored") == 1, said
    assert contents.count("job") == 50
    assert len(contents.messages()) == 1


@pytest.mark.parametrize("versions", [24, 2])
def test_loaders_with_the_same_rows_do_not_trip_over_each_other(
    database: Database, contents: Contents, versions: int
) -> None:
    """Each corrects all rows again and again, in another order: no deadlock, and the last to arrive stays.

    With two versions most that is said is what stands already, or stood before.
    """
    rounds, loaders, rows = 6, 4, 300

    def load(loader: int) -> int:
        repository = database.open()
        tries = 0
        for turn in range(rounds):
            number = turn * loaders + loader
            order = range(rows) if loader % 2 else range(rows - 1, -1, -1)
            message = taken(jobs(list(order), CpuDuration=number % versions), number)
            while True:
                tries += 1
                assert tries < 200
                try:
                    put(repository, message)
                    break
                except RepositoryUnavailableError:
                    continue
        repository.close()
        return tries

    with ThreadPoolExecutor(loaders) as pool:
        tries = list(pool.map(load, range(loaders)))
    last = rounds * loaders - 1
    [(value, message)] = set(contents.rows("job", "cpu_duration", "message"))
    assert (contents.count("job"), value) == (rows, last % versions)
    assert message == taken(jobs(range(rows), CpuDuration=value), last).arrival.id
    assert len(contents.messages()) == rounds * loaders
    assert sum(tries) <= rounds * loaders * 2, tries


def test_a_wrong_password_is_said_so(access: Access) -> None:
    if access.password is None:
        access = Access("sqlite:////proc/nowhere/accounting.sqlite")
        with pytest.raises(RepositoryError, match="/proc/nowhere"):
            Database(access).open()
        return
    with pytest.raises(CredentialError) as caught:
        Database(Access(access.url, "wrong-s3cret")).open()
    assert "s3cret" not in f"{caught.value}{caught.value.hint}{caught.value.__cause__}"


def test_an_unknown_database_is_said_so(access: Access) -> None:
    if access.password is not None:
        missing = Access(access.url.rpartition("/")[0] + "/nowhere", access.password)
        with pytest.raises((RepositoryError, RepositoryUnavailableError), match="nowhere"):
            Database(missing).open()
    with pytest.raises(RepositoryError, match="oracle"):
        Database(Access("oracle://host/x"))


def test_old_months_are_forgotten_once_they_are_summarised(
    database: Database, repository: SqlRepository, contents: Contents
) -> None:
    june = MAY_2024 + 31 * 86400
    put(repository, taken(jobs([1, 2]), 1), taken(jobs([3], EndTime=june), 2), taken(summary(), 3))
    waiting = forget(database, 202406)
    assert (waiting.rows, waiting.waiting) == ({}, [202405])
    contents.clean()
    done = forget(database, 202406)
    assert (done.rows, done.waiting) == ({"job_records": 2}, [])
    assert contents.rows("job", "month") == [(202406,)]
    assert contents.count("summary") == 1
    try:  # a loader that knows of a partition which is gone makes it anew
        put(repository, taken(jobs([9]), 4))
    except RepositoryUnavailableError:
        put(repository, taken(jobs([9]), 4))
    assert contents.rows("job", "month") == [(202405,), (202406,)]


def test_known_messages_are_found_among_many(repository: SqlRepository) -> None:
    messages = [taken(jobs([number]), number) for number in range(450)]
    put(repository, *messages[::2])
    known = repository.known([one.arrival for one in messages])
    assert {number for _, number in known} == {one.arrival.element for one in messages[::2]}
    other = Arrival(1, messages[0].arrival.digest, "00000000/00000000000000", None, None, 0)
    assert repository.known([other]) == {
        (messages[0].arrival.digest, messages[0].arrival.element): messages[0].arrival.id
    }


def test_a_server_without_our_database_is_no_passing_trouble(access: Access) -> None:
    if access.url.startswith("sqlite"):
        other = Access(f"{access.url}-other", makes_file=False)
    else:
        other = Access(f"{access.url}_other", access.password)
    database = Database(other)
    with pytest.raises(RepositoryError) as caught:
        database.revision()
    assert caught.value.hint
    database.close()
