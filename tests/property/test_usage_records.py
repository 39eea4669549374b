# SPDX-License-Identifier: Apache-2.0
"""Any records of any type, as they are declared, come back from text and JSON as they went in, however they are cut."""

import functools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssm.errors import RecordError
from ssm.records import kinds
from ssm.records.benchmarks import MOST_NUMBER, Benchmarks
from ssm.records.checking import Check, Context
from ssm.records.checks import CHECKS
from ssm.records.fault import Fault, Level
from ssm.records.field import Need, Record, RecordType, WireField
from ssm.records.formats import text_cutter, text_reader, text_shapes, text_writer, usage_json
from ssm.records.formats.text_lines import Careful
from ssm.records.gathering import Gathering
from ssm.records.message import Batch, made
from ssm.records.moments import LAST_SECOND
from ssm.records.table import Table
from ssm.records.types import RECORD_TYPES
from ssm.records.types.sync import SyncRecord
from ssm.records.values import MOST_INTEGER, NULLS
from tests.usage_messages import NOW, begun, blocks, checked

TEXT_VERSIONS = [(kind, version) for kind in RECORD_TYPES.values() for version, _ in kind.headers]
JSON_TYPES = [kind for kind, _ in usage_json.TYPES.values()]


def name_of(one: RecordType | str) -> str:
    return one if isinstance(one, str) else one.name


LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
WORDS = st.text(LETTERS, min_size=1, max_size=300).map(str.strip)
AWKWARD = st.sampled_from(["a:b", ": a", "%", "a%", "% %a", "None.", "none None", "Site: A", "{", "0", "\ufeffx"])
TEXTS = (WORDS | AWKWARD).filter(lambda text: text not in NULLS and "%%" not in text)
INTEGERS = st.integers(-MOST_INTEGER, MOST_INTEGER) | st.integers(0, 10**6)
NUMBERS = st.floats(-MOST_NUMBER, MOST_NUMBER, allow_nan=False) | st.integers(0, 10**6).map(float)
NAMES = st.sampled_from(["HEPscore23", "hepspec", "HEPSPEC", "Si2k", "other", "a b"])
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple)
VALUES: dict[str, st.SearchStrategy[object]] = {
    kinds.PAIRS.name: PAIRS,
    kinds.TEXT.name: TEXTS,
    kinds.WHOLE.name: INTEGERS,
    kinds.DECIMAL.name: NUMBERS,
    kinds.TIME.name: st.integers(0, LAST_SECOND) | st.integers(0, 2 * NOW),
    kinds.SECONDS.name: INTEGERS,
    kinds.BENCHMARKS.name: st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=4)
    .map(Benchmarks.of)
    .filter(lambda some: not some.names_one_twice()),
}


def value_of(one: WireField) -> st.SearchStrategy[object]:
    value = VALUES[one.kind.name]
    if one.kind is kinds.EARLIER_UNIT:
        value = value.filter(one.kind.is_sound)
    return value if one.field.need is Need.REQUIRED else value | st.none()


@functools.cache
def records_of(kind: RecordType, version: str) -> st.SearchStrategy[list[Record]]:
    """Some records of a version, every value drawn from its declaration."""
    wire = {one.attribute: value_of(one) for one in kind.wire(version)}
    return st.lists(st.fixed_dictionaries(wire).map(lambda values: kind.record(**values)), max_size=4)


def read_back(data: bytes, size: int | None = None) -> tuple[list[Record], list[Fault]]:
    message = begun(data, size)
    batches = list(message.batches)
    found = [fault for batch in batches for fault in batch.faults]
    return [record for batch in batches for record in batch.records], [*message.faults, *found]


def unharmed(faults: Sequence[Fault]) -> bool:
    """A long value is worth a warning, and reads as it is all the same."""
    return all(fault.code == "too-long" for fault in faults)


@pytest.mark.parametrize(("kind", "version"), TEXT_VERSIONS, ids=name_of)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_text_messages_read_back_as_they_were_written(kind: RecordType, version: str, data: st.DataObject) -> None:
    given_records = data.draw(records_of(kind, version))
    octets = b"".join(text_writer.write(kind, version, given_records))
    found, faults = read_back(octets)
    assert found == given_records
    assert unharmed(faults)
    size = data.draw(st.integers(1, len(octets)))
    assert read_back(octets, size) == (found, faults)
    for foreign in (octets.replace(b"\n", b"\r\n"), octets.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + octets):
        assert read_back(foreign, size) == (found, faults)


@pytest.mark.parametrize("kind", JSON_TYPES, ids=name_of)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_json_messages_read_back_as_they_were_written(kind: RecordType, data: st.DataObject) -> None:
    given_records = data.draw(records_of(kind, kind.newest).filter(bool))
    octets = b"".join(usage_json.write(kind, kind.newest, given_records))
    found, faults = read_back(octets)
    assert found == given_records
    assert unharmed(faults)
    size = data.draw(st.integers(1, len(octets)))
    assert read_back(b"\xef\xbb\xbf" + octets.replace(b"\n", b"\r\n"), size) == (found, faults)


LINES = st.sampled_from([
    "Site: A", "Site:A", "Site : A", " Site: A ", "Site: None", "Site:", "site: A", "Site: " + "x" * 300,
    "LocalJobId: 1", "LocalJobId: \u00a0x\u3000", "LocalJobId: a\x85b", "LocalJobId: a\x00", "LocalJobId: a%%b",
    "WallDuration: 7200", "WallDuration: None", "WallDuration: 1_000", "WallDuration: -5", "WallDuration:\t9 ",
    "WallDuration: " + "9" * 18, "CpuDuration: 1", "CpuDuration: +1", "CpuDuration: 1.0", "Processors: 3000000000",
    "Processors: 0000000001", "Processors: None", "StartTime: 0", "StartTime: 99999999999",
    "StartTime: 2024-05-01T00:00:00Z",
    "EndTime: 1714557600", "EndTime: none", "ServiceLevel: 10.5", "ServiceLevel: 1e3", "ServiceLevel: .5",
    "ServiceLevel: nan",
    "ServiceLevel: {hepspec: 11.4, HEPscore23: 15.3}", "ServiceLevel: {hepspec: 1e999}", "ServiceLevelType: HEPSPEC",
    "Queue: \u00e9\u4e2d", "UpdateTime: 5", "Typo: 1", "no colon", "", " ", "%%", " %%", "%% ", "%%%",
    "EndTime: 5%%", "%%Site: B",
    "APEL-individual-job-message: v0.3", "APEL-sync-message: v0.1", "FQAN: /demo", "\ufeffSite: A",
])  # fmt: skip
GOOD = ["Site: A", "LocalJobId: 7", "WallDuration: 1", "CpuDuration: 1", "StartTime: 1", "EndTime: 2"]
ALMOST_GOOD = st.tuples(LINES, st.integers(0, len(GOOD))).map(lambda one: [*GOOD[: one[1]], one[0], *GOOD[one[1] :]])
CHUNKS = st.lists(LINES | st.sampled_from(GOOD), max_size=12) | ALMOST_GOOD | st.permutations(GOOD)
HEADERS = st.sampled_from(["v0.1", "v0.2", "v0.3", "v0.4", "v9"]).map(lambda one: f"APEL-individual-job-message: {one}")


@settings(deadline=None, max_examples=300)
@given(HEADERS, st.lists(CHUNKS, max_size=6), st.booleans(), st.data())
def test_any_message_is_judged_the_same_however_it_is_cut(
    header: str,
    chunks: list[list[str]],
    ended: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    text = "\n".join([header, *("\n".join([*chunk, "%%"]) for chunk in chunks)]) + ("\n" if ended else "")
    octets = text.encode()
    whole = read_directly(octets, len(octets))
    for size in (1, data.draw(st.integers(1, len(octets)))):
        assert read_directly(octets, size) == whole
    assert checked(octets, size=13) == checked(octets)


def read_directly(octets: bytes, size: int) -> tuple[list[Record], list[Fault]]:
    """Without the buffer that is filled to recognise a format."""
    batches = list(text_reader.read(blocks(octets, size)).batches)
    faults = [fault for batch in batches for fault in batch.faults]
    return [record for batch in batches for record in batch.records], faults


def read_carefully(octets: bytes) -> tuple[list[Record], list[Fault]]:
    """A text message of jobs of version v0.3 whose looks are never learned: line by line."""
    shapes = text_shapes.Shapes(RECORD_TYPES["job"], "v0.3")
    shapes.known.update((str(number),) for number in range(text_shapes.SHAPES))
    text = octets.decode().partition("\n")[2]
    batches = list(text_reader.read_batches(text_reader.Reading(shapes, 2), [(text, True)]))
    assert all(isinstance(batch.content, list) for batch in batches)
    return [one for batch in batches for one in batch.records], [one for batch in batches for one in batch.faults]


HARMS = st.sampled_from([
    "", "\n", "\n\n", "x", " ", "\t", "%", "%%", "%%%", "%%\n", "\n%%\n", " %%", "%%Site: B\n", "Site: B\n", "x: 1\n",
    "no colon\n", "None", "\nEndTime: 5\n", "".join(f"{line}\n" for line in GOOD), "\u00a0", "-", "_1",
])  # fmt: skip


@settings(deadline=None, max_examples=1000)
@given(st.integers(1, 5), st.integers(0, 10**4), st.integers(0, 40), HARMS)
def test_alike_records_are_read_at_a_stroke_as_they_are_line_by_line_whatever_is_changed_somewhere(
    count: int, place: int, cut: int, harm: str
) -> None:
    text = "".join("\n".join([*GOOD, f"MemoryReal: {number}", "%%\n"]) for number in range(count))
    at = place % (len(text) + 1)
    octets = f"APEL-individual-job-message: v0.3\n{text[:at]}{harm}{text[at + cut :]}".encode()
    assert read_directly(octets, len(octets)) == read_carefully(octets)


def test_alike_records_are_indeed_read_at_a_stroke() -> None:
    text = "APEL-individual-job-message: v0.3\n" + 3000 * "\n".join([*GOOD, "Queue: 100%\n%%\n"])
    batches = list(text_reader.read(blocks(text.encode(), 4096)).batches)
    assert all(isinstance(batch.content, Table) for batch in batches)
    assert sum(map(len, batches)) == 3000


@pytest.mark.parametrize("one", [one for one in CHECKS if one.clears is not None], ids=lambda one: one.code)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_a_check_clears_only_records_in_which_it_finds_nothing(one: Check, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([kind for kind in RECORD_TYPES.values() if kind.record in one.types]))
    given_records = data.draw(records_of(kind, kind.newest))
    context = Context(data.draw(st.integers(0, 2 * NOW)), "apel-text", kind.newest)
    if one.is_clear(made(given_records).column, context):
        assert not any(one.look(record, context) for record in given_records)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([version for kind, version in TEXT_VERSIONS if kind.name == "job"]),
    st.lists(CHUNKS, min_size=1, max_size=6),
)
def test_what_the_quick_way_takes_the_careful_way_reads_the_same_and_without_fault(
    version: str, chunks: list[list[str]]
) -> None:
    kind = RECORD_TYPES["job"]
    texts = ["\n" + "".join(f"{line}\n" for line in chunk) for chunk in chunks]
    texts = [text for text in texts if "%%" not in text]
    found, _ = text_reader.quick_records(text_shapes.Shapes(kind, version), texts, look_for_odd=True)
    for text, record in zip(texts, found, strict=True):
        if record is not None:
            faults: list[Fault] = []
            assert Careful(version, 1, Gathering(kind, faults)).read(text) == record
            assert not faults


@pytest.mark.parametrize(("kind", "version"), TEXT_VERSIONS, ids=name_of)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_the_two_ways_agree_about_every_type(kind: RecordType, version: str, data: st.DataObject) -> None:
    given_records = data.draw(records_of(kind, version))
    text = b"".join(text_writer.write(kind, version, given_records)).decode().partition("\n")[2]
    texts = text.split("%%\n")[:-1]
    found, careful = text_reader.quick_records(text_shapes.Shapes(kind, version), texts, look_for_odd=True)
    for index, record in enumerate(found):
        faults: list[Fault] = []
        read = Careful(version, 1, Gathering(kind, faults)).read(texts[index])
        assert read == given_records[index]
        assert index in careful if record is None else (record == read and not faults)


ANY_TEXT = st.text(max_size=20) | st.sampled_from(["None", " a", "a ", "", "a\nb", "a%%b", "a\x85b", "\ud800", "null"])


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_text_is_written_so_that_it_reads_back_or_not_at_all(value: str) -> None:
    kind = RECORD_TYPES["sync"]
    record = kind.record(site=value, submit_host="b", number_of_jobs=1, month=1, year=2024)
    try:
        octets = b"".join(text_writer.write(kind, "v0.1", [record]))
    except RecordError as error:
        assert error.field == "Site"
        return
    assert read_back(octets) == ([record], [])


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_text_in_json_is_written_so_that_it_reads_back_or_not_at_all(value: str) -> None:
    kind = RECORD_TYPES["public-ip"]
    record = kind.record(
        measurement_time=1, site=value, cloud_type="c", local_user="u", local_group="g", fqan="f",
        ip_version=4, ip_count=1,
    )  # fmt: skip
    try:
        octets = b"".join(usage_json.write(kind, "v0.2", [record]))
    except RecordError as error:
        assert error.field == "SiteName"
        return
    found, faults = read_back(octets)
    assert found == [record]
    assert all(fault.level is Level.WARNING for fault in faults)


def test_every_batch_knows_where_its_values_stand() -> None:
    kind = RECORD_TYPES["sync"]
    given_records = [kind.record(site=f"S{at}", number_of_jobs=at, month=1, year=2024) for at in range(1500)]
    octets = b"".join(text_writer.write(kind, "v0.1", given_records))
    lines = octets.decode().split("\n")
    count = 0
    for batch in begun(octets, 4096).batches:
        count += len(batch.records)
        assert_places(batch, lines)
    assert count == 1500


def assert_places(batch: Batch, lines: list[str]) -> None:
    for index, record in enumerate(batch.records):
        assert isinstance(record, SyncRecord)
        place = batch.place(index, "number_of_jobs")
        assert place.line is not None
        assert lines[place.line - 1] == f"NumberOfJobs: {record.number_of_jobs}"


PORTIONS = st.sampled_from([
    *("Site: a", "NumberOfJobs: 1", "Site: a%%b", "Site: a%%Month: 5", "%%", "%%%", "%% ", "Month: 5%%"),
    *("%%Year: 2024", "Year: 2024 %% %%", "", " ", "Site: %%: x", "b%%c", "UpdateTime: %%UpdateTime: x"),
    "Site: \u00e4%%\u00e4",
])  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(lines=st.lists(PORTIONS, max_size=12), end=st.sampled_from(["\n", "\r\n", "\r"]), size=st.integers(1, 40))
def test_who_takes_a_text_message_apart_finds_the_same_records_as_who_reads_it(
    lines: list[str], end: str, size: int
) -> None:
    data = end.join(["APEL-sync-message: v0.1", *lines]).encode()
    found = text_cutter.cut(blocks(data, size))
    alone = [read_all(found.head + one + found.tail) for one in found.records]
    assert all(len(some) <= 1 for some in alone)
    assert [record for some in alone for record in some] == read_all(data)


def read_all(data: bytes) -> list[Record]:
    return [record for batch in begun(data).batches for record in batch.records]
