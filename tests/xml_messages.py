# SPDX-License-Identifier: Apache-2.0
"""XML messages for tests: made of records, fed in any portions, and read in each of the three ways there are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level, fault_of
from ssm.records.field import Record
from ssm.records.formats import aur, car, recognise, star, xml_names
from ssm.records.formats.safe_xml import Element, Elements
from ssm.records.formats.xml_careful import CarefulXml
from ssm.records.formats.xml_reader import MAX_LESSONS, Reading
from ssm.records.formats.xml_rules import Vocabulary
from ssm.records.formats.xml_stream import Piece, XmlStream

STAR_NAMESPACES = f'xmlns="{star.NAMESPACE}" xmlns:sr="{star.NAMESPACE}"'
CAR_NAMESPACES = f'xmlns="{car.NAMESPACE}" xmlns:urf="{car.NAMESPACE}"'
AUR_NAMESPACES = f'xmlns="{aur.NAMESPACE}" xmlns:urf="{car.NAMESPACE}"'


@dataclass(frozen=True)
class Language:
    """An XML format, as its reader takes it."""

    containers: tuple[str, ...]
    choose: Callable[[Element, Elements], Vocabulary]


LANGUAGES = {
    names.format: Language(names.containers, one.choose)
    for names, one in ((xml_names.CAR, car), (xml_names.AUR, aur), (xml_names.STAR, star))
}


@dataclass(frozen=True)
class Outcome:
    """What one way of reading made of a message."""

    records: list[Record]
    faults: list[Fault]


def portions(data: bytes, sizes: Sequence[int] = ()) -> Iterator[bytes]:
    """In blocks of these sizes, and then of the last of them for ever; in one block where there are none."""
    at, index = 0, 0
    while at < len(data):
        size = sizes[min(index, len(sizes) - 1)] if sizes else len(data)
        yield data[at : at + size]
        at, index = at + size, index + 1


def storage(number: int, *, inner: str = "", end: str = "</StorageUsageRecord>", site: str = "EXAMPLE-T2") -> str:
    """A StAR record."""
    return (
        f'<StorageUsageRecord><RecordIdentity sr:createTime="2024-05-02T00:10:00Z" sr:recordId="r{number}"/>'
        f"<StorageSystem>se1.example.org</StorageSystem><Site>{site}</Site>{inner}"
        "<StartTime>2024-05-01T00:00:00Z</StartTime><EndTime>2024-05-02T00:00:00Z</EndTime>"
        f"<ResourceCapacityUsed>{number}000</ResourceCapacityUsed>{end}\n"
    )


def job(number: int, *, inner: str = "", cpu: str = '<CpuDuration urf:usageType="all">PT60S</CpuDuration>') -> str:
    """A CAR record."""
    return (
        f'<UsageRecord><RecordIdentity urf:createTime="2024-05-02T00:10:00Z" urf:recordId="r{number}"/>'
        f"<JobIdentity><LocalJobId>{number}</LocalJobId></JobIdentity>{inner}<WallDuration>PT60S</WallDuration>{cpu}"
        '<ServiceLevel urf:type="HEPSPEC">10.5</ServiceLevel><EndTime>2024-05-01T00:01:00Z</EndTime>'
        "<StartTime>2024-05-01T00:00:00Z</StartTime><SubmitHost>ce1.example.org</SubmitHost>"
        '<Site urf:type="gocdb">EXAMPLE-T2</Site></UsageRecord>\n'
    )


def summary(number: int, *, inner: str = "") -> str:
    """An AUR record."""
    return (
        f"<SummaryRecord><Site>EXAMPLE-T2</Site><Month>5</Month><Year>2024</Year>{inner}"
        '<Infrastructure urf:type="grid"/><WallDuration>PT60S</WallDuration><CpuDuration>PT60S</CpuDuration>'
        f'<ServiceLevel urf:type="HEPSPEC">10.5</ServiceLevel><NumberOfJobs>{number}</NumberOfJobs></SummaryRecord>\n'
    )


def star_document(*parts: str, root: str = "") -> bytes:
    """A StAR document."""
    return f"<StorageUsageRecords {root or STAR_NAMESPACES}>\n{''.join(parts)}</StorageUsageRecords>\n".encode()


def car_document(*parts: str, root: str = "") -> bytes:
    """A CAR document."""
    return f"<UsageRecords {root or CAR_NAMESPACES}>\n{''.join(parts)}</UsageRecords>\n".encode()


def aur_document(*parts: str, root: str = "") -> bytes:
    """An AUR document."""
    return f"<SummaryRecords {root or AUR_NAMESPACES}>\n{''.join(parts)}</SummaryRecords>\n".encode()


def as_shipped(data: bytes, sizes: Sequence[int] = ()) -> Outcome:
    """The way of the program: patterns where they fit, else the parser."""
    found = Outcome([], [])
    try:
        form, again = recognise(portions(data, sizes))
        for batch in form.read(again).batches:
            found.records.extend(batch.records)
            found.faults.extend(batch.faults)
    except FormatError as error:
        found.faults.append(fault_of(error))
    return found


def by_parser(data: bytes, sizes: Sequence[int] = ()) -> Outcome:
    """Every record through the parser."""
    found = Outcome([], [])
    try:
        reading, first, pieces = opened(data, sizes)
        for batch in reading.batches(first, pieces):
            found.records.extend(batch.records)
            found.faults.extend(batch.faults)
    except FormatError as error:
        found.faults.append(fault_of(error))
    return found


def element_by_element(data: bytes) -> Outcome:
    """Every record through the parser, and every element carefully; without the notes that are made once a message."""
    found = Outcome([], [])
    try:
        reading, first, pieces = opened(data, ())
        number = 0
        for piece in chain([first], pieces):
            assert isinstance(piece, Piece)
            for elements in piece.records:
                number += 1
                root = f"{reading.root.name}/" if reading.stream.parser.record_depth > 1 else ""
                path = f"{root}{elements[0].name}[{number}]"
                found.records.append(CarefulXml(reading.vocabulary, path, found.faults).read(elements).record())
    except FormatError as error:
        found.faults.append(fault_of(error))
    return found


def opened(data: bytes, sizes: Sequence[int]) -> tuple[Reading, Piece, Iterator[Piece]]:
    """A reading that learns no look, its first record, and the rest."""
    form, again = recognise(portions(data, sizes))
    language = LANGUAGES[form.name]
    stream = XmlStream(again, lambda root: root.name in language.containers)
    root = stream.open()
    pieces = (one for one in stream.pieces() if isinstance(one, Piece))
    first = next((one for one in pieces if one.records), Piece(b"", root.line, []))
    vocabulary = language.choose(root, first.records[0] if first.records else [])
    return Reading(vocabulary, stream, root, lessons=MAX_LESSONS), first, pieces


def is_xml(data: bytes) -> bool:
    """Whether a message is taken for XML."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def said(faults: Sequence[Fault]) -> list[tuple[Level, str, int | None, str, str]]:
    """Faults but for what is told once a message and for texts between elements, which only the whole way tells."""
    return sorted(
        (one.level, one.code, one.line, one.path, one.message)
        for one in faults
        if one.code not in {"not-kept", "no-records"} and (one.code != "stray-text" or one.path)
    )
