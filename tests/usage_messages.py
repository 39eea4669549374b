# SPDX-License-Identifier: Apache-2.0
"""Messages of usage records for tests: good ones to begin with, and short ways to read and check them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ssm.records.check import check_message
from ssm.records.fault import Fault
from ssm.records.field import Record
from ssm.records.formats import recognise
from ssm.records.message import Message

SAMPLES = Path(__file__).parent / "samples"
NOW = 1_764_000_000
"""A day in November 2025."""
JOB_HEADER = "APEL-individual-job-message: v0.3\n"
JOB_LINES = (
    "Site: EXAMPLE-T2",
    "SubmitHost: ce1.example.org:9619/ce1.example.org-condor",
    "LocalJobId: 48213.0",
    "WallDuration: 7200",
    "CpuDuration: 7000",
    "Processors: 1",
    "StartTime: 1714550400",
    "EndTime: 1714557600",
    "ServiceLevelType: HEPSPEC",
    "ServiceLevel: 10.5",
)
"""A job with nothing wrong; with the header before it these are lines 2 to 11."""
ADDRESSES: Mapping[str, object] = {
    "MeasurementTime": 1714521600,
    "SiteName": "EXAMPLE-CLOUD",
    "CloudType": "caso/5.2.1 (OpenStack)",
    "LocalUser": "alice",
    "LocalGroup": "demo",
    "GlobalUserName": "alice@idp.example.org",
    "FQAN": "demo",
    "IPVersion": 4,
    "IPCount": 3,
}


def record_text(changes: Mapping[str, str] | None = None, *, without: tuple[str, ...] = ()) -> str:
    """The job's lines, some of them replaced, added or left out by their names."""
    fields = dict(line.split(": ", 1) for line in JOB_LINES) | dict(changes or {})
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if name not in without)


def job_text(changes: Mapping[str, str] | None = None, *, without: tuple[str, ...] = ()) -> str:
    """A message of this one job."""
    return f"{JOB_HEADER}{record_text(changes, without=without)}%%\n"


def addresses(*records: object, **frame: object) -> str:
    """A JSON message of some records, one of addresses if none is given; what is None in the frame is absent."""
    said = {"Type": "APEL Public IP message", "Version": "v0.2", "UsageRecords": list(records) or [ADDRESSES]} | frame
    return json.dumps({name: value for name, value in said.items() if value is not None}, indent=1)


def octets(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def begun(message: str | bytes, size: int | None = None) -> Message:
    """A message being read, in portions of so many octets."""
    form, again = recognise(blocks(octets(message), size))
    return form.read(again)


def blocks(data: bytes, size: int | None = None) -> Iterator[bytes]:
    step = size or max(1, len(data))
    return iter([data[at : at + step] for at in range(0, len(data), step)])


def records(message: str | bytes) -> list[Record]:
    return [record for batch in begun(message).batches for record in batch.records]


def checked(message: str | bytes, now: int = NOW, size: int | None = None) -> list[Fault]:
    return list(check_message(blocks(octets(message), size), now))


def told(message: str | bytes, now: int = NOW) -> list[tuple[str, int | None, str]]:
    """Code, line and text of every fault."""
    return [(fault.code, fault.line, str(fault)) for fault in checked(message, now)]
