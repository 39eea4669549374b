# SPDX-License-Identifier: Apache-2.0
"""What the demonstration sends: messages as sites write them, and two megabytes of noise."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from ssm.records.invented.messages import INVENTIONS, Order, order_target, pieces, written
from ssm.records.invented.months import Month
from ssm.records.invented.world import Wish

BINARY_OCTETS = 2_000_000
JOB_MESSAGES = 40
JOBS_IN_A_MESSAGE = 20
MONTH = Month(2024, 5)
WORLD = Wish(sites=6, vos=5, ces=2, users=4)

SUMMARY = """APEL-summary-job-message: v0.2
Site: EXAMPLE-T2
Month: 5
Year: 2024
GlobalUserName: /DC=org/DC=example/CN=Robot pilot
VO: demo
VOGroup: /demo
VORole: Role=pilot
SubmitHost: ce1.example.org:9619/condor
InfrastructureType: grid
ServiceLevelType: HEPSPEC
ServiceLevel: 10.5
NodeCount: 1
Processors: 8
EarliestEndTime: 1714557600
LatestEndTime: 1717149600
WallDuration: 8640000
CpuDuration: 62208000
NumberOfJobs: 1200
%%
"""

CAR = """<?xml version="1.0" encoding="UTF-8"?>
<urf:UsageRecords xmlns:urf="http://eu-emi.eu/namespaces/2012/11/computerecord">
  <urf:UsageRecord>
    <urf:RecordIdentity urf:createTime="2024-05-02T11:00:00Z" urf:recordId="ce1.example.org-51877"/>
    <urf:JobIdentity>
      <urf:GlobalJobId>gsiftp://ce1.example.org:2811/jobs/q7f31</urf:GlobalJobId>
      <urf:LocalJobId>51877</urf:LocalJobId>
    </urf:JobIdentity>
    <urf:UserIdentity>
      <urf:GlobalUserName urf:type="opensslCompat">/DC=org/DC=example/CN=Zo\u00eb \u0141uczak</urf:GlobalUserName>
      <urf:Group>demo</urf:Group>
      <urf:LocalUserId>demo007</urf:LocalUserId>
    </urf:UserIdentity>
    <urf:Status>completed</urf:Status>
    <urf:Infrastructure urf:type="grid" urf:description="JURA-ARC-SLURM"/>
    <urf:WallDuration>PT3600S</urf:WallDuration>
    <urf:CpuDuration urf:usageType="all">PT7H45M</urf:CpuDuration>
    <urf:ServiceLevel urf:type="HEPSPEC">10.5</urf:ServiceLevel>
    <urf:Processors>8</urf:Processors>
    <urf:EndTime>2024-05-02T10:58:03Z</urf:EndTime>
    <urf:StartTime>2024-05-02T09:58:03Z</urf:StartTime>
    <urf:SubmitHost urf:type="ARC-CE">ce1.example.org</urf:SubmitHost>
    <urf:Queue urf:description="execution">grid</urf:Queue>
    <urf:Site urf:type="GOCDB">EXAMPLE-T2</urf:Site>
  </urf:UsageRecord>
</urf:UsageRecords>
"""

STAR = """<?xml version="1.0" encoding="UTF-8"?>
<sr:StorageUsageRecords xmlns:sr="http://eu-emi.eu/namespaces/2011/02/storagerecord">
  <sr:StorageUsageRecord>
    <sr:RecordIdentity sr:createTime="2024-05-02T00:05:00Z" sr:recordId="se1.example.org-demo-20240502"/>
    <sr:StorageSystem>se1.example.org</sr:StorageSystem>
    <sr:Site>EXAMPLE-T2</sr:Site>
    <sr:StorageMedia>disk</sr:StorageMedia>
    <sr:FileCount>410233</sr:FileCount>
    <sr:SubjectIdentity>
      <sr:Group>demo</sr:Group>
    </sr:SubjectIdentity>
    <sr:StartTime>2024-05-01T00:00:00Z</sr:StartTime>
    <sr:EndTime>2024-05-02T00:00:00Z</sr:EndTime>
    <sr:ResourceCapacityUsed>88000000000000</sr:ResourceCapacityUsed>
  </sr:StorageUsageRecord>
</sr:StorageUsageRecords>
"""

WRONG = """APEL-individual-job-message: v0.3
Site: EXAMPLE-T2
SubmitHost: ce1.example.org:9619/condor
LocalJobId: 90001
FQAN: /demo/Role=pilot/Capability=NULL
WallDuration: 3600
CpuDuration: 26784
Processors: 8
NodeCount: 1
StartTime: 1714608000
EndTime: 1714611600
InfrastructureType: grid
ServiceLevelType: HEPSPEC06
ServiceLevel: 10.5
%%
"""
"""The benchmark has the name of an earlier version, so that a repository refuses the message."""


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """One payload, and what to call it in the table."""

    label: str
    payload: bytes


def all_messages() -> list[DemoMessage]:
    """In the order in which the site's programs leave them."""
    return messages_with(jobs(JOB_MESSAGES))


def messages_with(some_jobs: Sequence[DemoMessage]) -> list[DemoMessage]:
    """The same, with these jobs."""
    others = [
        DemoMessage("APEL summary", SUMMARY.encode()),
        DemoMessage("CAR, a name beyond ASCII", CAR.encode()),
        DemoMessage("StAR storage", STAR.encode()),
        DemoMessage("APEL jobs, one wrong", WRONG.encode()),
        DemoMessage("binary", os.urandom(BINARY_OCTETS)),
    ]
    half = len(some_jobs) // 2
    return [*some_jobs[:half], *others, *some_jobs[half:]]


def jobs(count: int) -> list[DemoMessage]:
    """So many messages of individual jobs."""
    return [DemoMessage(f"APEL jobs {number}", payload) for number, payload in enumerate(job_messages(count), 1)]


def job_messages(count: int) -> Iterator[bytes]:
    """Individual job messages with some records each, of sites and VOs that do not exist."""
    invention = INVENTIONS["job"]
    target = order_target(invention, None, None)
    order = Order(WORLD, invention, target, (MONTH,), count * JOBS_IN_A_MESSAGE, JOBS_IN_A_MESSAGE)
    records = chain.from_iterable(piece.records for piece in pieces(order))
    for _ in range(count):
        yield b"".join(written(order, islice(records, JOBS_IN_A_MESSAGE)))
