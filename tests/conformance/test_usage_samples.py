# SPDX-License-Identifier: Apache-2.0
"""Messages as producers write them, one of every type and version: what each reads as, and everything said of it."""

from collections.abc import Sequence

import pytest

from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Record
from ssm.records.types import RECORD_TYPES
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord
from tests.usage_messages import SAMPLES, begun, checked, records, told

Expected = tuple[tuple[str, str], Sequence[Record], Sequence[tuple[str, int | None, str]]]
"""Type and version; records; code, line and text of each fault."""
EXPECTED: dict[str, Expected] = {
    "apel-text/cloud-summary-v0.2.txt": (
        ("cloud-summary", "v0.2"),
        [
            CloudSummaryRecord(
                site="EXAMPLE-CLOUD",
                month=6,
                year=2013,
                global_user_name="/DC=org/DC=example/CN=Alice",
                vo="demo",
                vo_group="/demo",
                vo_role="Role=NULL",
                status="completed",
                cloud_type="OpenNebula",
                earliest_start_time=1370044800,
                latest_start_time=1372550400,
                wall_duration=36000,
                cpu_duration=72000,
                cpu_count=2.0,
                network_inbound=3,
                network_outbound=4,
                memory=8192,
                disk=40,
                number_of_vms=2,
            ),
        ],
        [],
    ),
    "apel-text/cloud-summary-v0.4.txt": (
        ("cloud-summary", "v0.4"),
        [
            CloudSummaryRecord(
                site="EXAMPLE-CLOUD",
                cloud_compute_service="nova.example.org",
                month=5,
                year=2024,
                vo="demo",
                status="started",
                cloud_type="caso/5.2.1 (OpenStack)",
                image_id="0d4f6f1e-1111-4111-8111-111111111111",
                earliest_start_time=1714521600,
                latest_start_time=1716000000,
                wall_duration=90000,
                cpu_duration=347400,
                cpu_count=4.0,
                memory=16384,
                disk=80,
                benchmark_type="HEPscore23",
                benchmark=15.3,
                number_of_vms=2,
            ),
        ],
        [],
    ),
    "apel-text/cloud-v0.1.txt": (
        ("cloud", "v0.1"),
        [
            CloudRecord(
                vm_uuid="2013-01-15 10:00:00 one-1",
                site="EXAMPLE-CLOUD",
                zone_name="zone-a",
                machine_name="one-1",
                local_user_id="19",
                local_group_id="101",
                status="completed",
                start_time=1358244000,
                end_time=1358247600,
                suspend_duration=600,
                time_zone="UTC",
                wall_duration=3000,
                cpu_duration=3000,
                cpu_count=1.0,
                network_inbound=0,
                network_outbound=0,
                memory=1000,
                cloud_type="OpenNebula",
            ),
        ],
        [
            (
                "old-version",
                1,
                "APEL servers do not know the names of version v0.1; ssm convert makes a newer message of it",
            )
        ],
    ),
    "apel-text/cloud-v0.2-oneacct.txt": (
        ("cloud", "v0.2"),
        [
            CloudRecord(
                vm_uuid="5a0e6d0e-0000-4000-8000-000000000001",
                site="EXAMPLE-CLOUD",
                machine_name="one-1",
                local_user_id="19",
                local_group_id="101",
                global_user_name="/DC=org/DC=example/CN=Alice",
                fqan="/demo/Role=NULL/Capability=NULL",
                status="suspended",
                start_time=1370000000,
                suspend_duration=600,
                wall_duration=3000,
                cpu_duration=6000,
                cpu_count=2.0,
                network_inbound=1,
                network_outbound=2,
                memory=4096,
                disk=20,
                image_id="https://images.example.org/1:5/",
                cloud_type="OpenNebula",
            ),
        ],
        [],
    ),
    "apel-text/cloud-v0.3.txt": (
        ("cloud", "v0.3"),
        [
            CloudRecord(
                vm_uuid="5a0e6d0e-0000-4000-8000-000000000002",
                site="EXAMPLE-CLOUD",
                machine_name="vm-2",
                status="started",
                start_time=1420070400,
                wall_duration=3600,
                cpu_duration=3600,
                cpu_count=1.0,
            ),
        ],
        [],
    ),
    "apel-text/cloud-v0.4-caso.txt": (
        ("cloud", "v0.4"),
        [
            CloudRecord(
                vm_uuid="0d4f6f1e-2222-4222-8222-222222222222",
                site="EXAMPLE-CLOUD",
                cloud_compute_service="nova.example.org",
                machine_name="worker-1",
                local_user_id="77aa88bb",
                local_group_id="9b1d2c3a",
                global_user_name="3f1c0b7e@idp.example.org",
                fqan="demo",
                status="started",
                start_time=1714521600,
                end_time=0,
                suspend_duration=0,
                wall_duration=86400,
                cpu_duration=345600,
                cpu_count=4.0,
                public_ip_count=1,
                memory=8192,
                disk=40,
                image_id="0d4f6f1e-1111-4111-8111-111111111111",
                cloud_type="caso/5.2.1 (OpenStack)",
            ),
            CloudRecord(
                vm_uuid="0d4f6f1e-3333-4333-8333-333333333333",
                site="EXAMPLE-CLOUD",
                cloud_compute_service="nova.example.org",
                machine_name="worker-2",
                local_user_id="77aa88bb",
                local_group_id="9b1d2c3a",
                global_user_name="3f1c0b7e@idp.example.org",
                fqan="demo",
                status="completed",
                start_time=1714521600,
                end_time=1714525200,
                suspend_duration=0,
                wall_duration=3600,
                cpu_duration=1800,
                cpu_count=0.5,
                public_ip_count=0,
                memory=2048,
                disk=10,
                image_id="0d4f6f1e-1111-4111-8111-111111111111",
                cloud_type="caso/5.2.1 (OpenStack)",
            ),
        ],
        [("no-final-separator", 42, "the message does not end with %%; repositories accept that")],
    ),
    "apel-text/job-v0.1.txt": (
        ("job", "v0.1"),
        [
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce1.example.org:8443/cream-pbs-grid",
                local_job_id="48213.batch.example.org",
                local_user_id="pilot07",
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                fqan="/demo/uk/Role=pilot/Capability=NULL",
                wall_duration=7200,
                cpu_duration=7000,
                processors=1,
                node_count=1,
                start_time=1336000000,
                end_time=1336007200,
                memory_real=2048000,
                memory_virtual=4096000,
                service_level_type="HEPSPEC",
                service_level=8.75,
            ),
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce1.example.org:8443/cream-pbs-grid",
                local_job_id="48214.batch.example.org",
                wall_duration=60,
                cpu_duration=0,
                start_time=1336000100,
                end_time=1336000160,
                service_level_type="Si2k",
                service_level=2187.5,
            ),
        ],
        [
            (
                "old-version",
                1,
                "APEL servers do not know the names of version v0.1; ssm convert makes a newer message of it",
            )
        ],
    ),
    "apel-text/job-v0.2-pbs.txt": (
        ("job", "v0.2"),
        [
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce1.example.org:8443/cream-pbs-grid",
                machine_name="batch.example.org",
                local_job_id="48213.batch.example.org",
                local_user_id="pilot07",
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                fqan="/demo/uk/Role=pilot/Capability=NULL",
                vo="demo",
                vo_group="/demo/uk",
                vo_role="Role=pilot",
                wall_duration=7210,
                cpu_duration=27000,
                processors=4,
                node_count=1,
                start_time=1336000000,
                end_time=1336007210,
                memory_real=2048000,
                memory_virtual=2048000,
                service_level_type="Si2k",
                service_level=2625.0,
            ),
        ],
        [],
    ),
    "apel-text/job-v0.3-apel-client-slurm.txt": (
        ("job", "v0.3"),
        [
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce2.example.org:2811/nordugrid-SLURM-grid",
                machine_name="slurm.example.org",
                queue="grid",
                local_job_id="7001",
                local_user_id="pilot07",
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                fqan="/demo/Role=pilot/Capability=NULL",
                vo="demo",
                vo_group="/demo",
                vo_role="Role=pilot",
                wall_duration=7200,
                cpu_duration=28800,
                processors=4,
                node_count=1,
                start_time=1714550400,
                end_time=1714557600,
                infrastructure_description="APEL-CREAM-SLURM",
                infrastructure_type="grid",
                service_level_type="HEPSPEC",
                service_level=10.5,
            ),
            JobRecord(
                site="EXAMPLE-T2",
                machine_name="slurm.example.org",
                local_job_id="7002_4",
                local_user_id="alice",
                vo="chem",
                wall_duration=60,
                cpu_duration=59,
                processors=1,
                node_count=1,
                start_time=1714550400,
                end_time=1714550460,
                infrastructure_description="APEL-CREAM-SLURM",
                infrastructure_type="local",
                memory_real=1572864,
                memory_virtual=3145728,
                service_level_type="HEPSPEC",
                service_level=10.5,
            ),
        ],
        [
            (
                "expected-field",
                27,
                "SubmitHost: has no value; the documentation asks for one, though repositories do without",
            )
        ],
    ),
    "apel-text/job-v0.3-htcondor-ce.txt": (
        ("job", "v0.3"),
        [
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce1.example.org:9619/ce1.example.org-condor",
                machine_name="batch.example.org",
                local_job_id="ce1.example.org#48213.0#1714550000",
                local_user_id="pilot07",
                wall_duration=8640,
                cpu_duration=32400,
                processors=4,
                node_count=0,
                start_time=1714550400,
                end_time=1714559040,
                infrastructure_description="APEL-CREAM-HTCONDOR",
                infrastructure_type="grid",
                memory_real=2048000,
                memory_virtual=4096000,
                service_level_type="HEPscore23",
                service_level=14.25,
            ),
        ],
        [],
    ),
    "apel-text/job-v0.4.txt": (
        ("job", "v0.4"),
        [
            JobRecord(
                site="EXAMPLE-T2",
                submit_host="ce1.example.org:9619/ce1.example.org-condor",
                machine_name="batch.example.org",
                local_job_id="48213.0",
                local_user_id="pilot07",
                global_user_name="withheld",
                fqan="/demo/Role=pilot/Capability=NULL",
                wall_duration=7200,
                cpu_duration=27000,
                processors=4,
                node_count=1,
                start_time=1714550400,
                end_time=1714557600,
                infrastructure_description="APEL-HTCONDORCE-HTCONDOR",
                infrastructure_type="grid",
                memory_real=2048000,
                memory_virtual=4096000,
                service_level=Benchmarks((("hepspec", 11.4), ("HEPscore23", 15.3))),
            ),
        ],
        [],
    ),
    "apel-text/normalised-summary-v0.3-gratia.txt": (
        ("normalised-summary", "v0.3"),
        [
            NormalisedSummaryRecord(
                site="EXAMPLE-OSG",
                month=5,
                year=2024,
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                vo="demo",
                vo_group="/demo",
                vo_role="Role=pilot",
                submit_host="ce9.example.org",
                infrastructure="Gratia-OSG",
                node_count=1,
                processors=8,
                earliest_end_time=1714557600,
                latest_end_time=1717199999,
                wall_duration=720000,
                cpu_duration=5400000,
                normalised_wall_duration=7560000,
                normalised_cpu_duration=56700000,
                number_of_jobs=100,
            ),
        ],
        [],
    ),
    "apel-text/normalised-summary-v0.4-auditor.txt": (
        ("normalised-summary", "v0.4"),
        [
            NormalisedSummaryRecord(
                site="EXAMPLE-T2",
                month=5,
                year=2024,
                vo="demo",
                submit_host="ce1.example.org:9619/ce1.example.org-condor",
                node_count=1,
                processors=4,
                earliest_end_time=1714557600,
                latest_end_time=1717199999,
                wall_duration=46320,
                cpu_duration=180000,
                normalised_wall_duration=Benchmarks((("HEPscore23", 708696.0),)),
                normalised_cpu_duration=Benchmarks((("HEPscore23", 2754000.0),)),
                number_of_jobs=6,
            ),
        ],
        [],
    ),
    "apel-text/summary-v0.2-apel-client.txt": (
        ("summary", "v0.2"),
        [
            SummaryRecord(
                site="EXAMPLE-T2",
                month=5,
                year=2024,
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                vo="demo",
                vo_group="/demo",
                vo_role="Role=pilot",
                submit_host="ce1.example.org:9619/ce1.example.org-condor",
                infrastructure_type="grid",
                service_level_type="HEPSPEC",
                service_level=10.5,
                node_count=1,
                processors=4,
                earliest_end_time=1714557600,
                latest_end_time=1717199999,
                wall_duration=720000,
                cpu_duration=2700000,
                number_of_jobs=100,
            ),
            SummaryRecord(
                site="EXAMPLE-T2",
                month=4,
                year=2024,
                infrastructure_type="local",
                service_level_type="HEPSPEC",
                service_level=10.5,
                node_count=0,
                processors=0,
                earliest_end_time=1711929600,
                latest_end_time=1714521600,
                wall_duration=0,
                cpu_duration=0,
                number_of_jobs=0,
            ),
        ],
        [],
    ),
    "apel-text/summary-v0.4.txt": (
        ("summary", "v0.4"),
        [
            SummaryRecord(
                site="EXAMPLE-T2",
                month=5,
                year=2024,
                global_user_name="/DC=org/DC=example/CN=Robot pilot",
                vo="demo",
                vo_group="/demo",
                vo_role="Role=pilot",
                submit_host="ce1.example.org:9619/ce1.example.org-condor",
                infrastructure_type="grid",
                infrastructure_description="APEL-HTCONDORCE-HTCONDOR",
                service_level=Benchmarks((("HEPscore23", 15.3),)),
                node_count=1,
                processors=4,
                earliest_end_time=1714557600,
                latest_end_time=1717199999,
                wall_duration=720000,
                cpu_duration=2700000,
                number_of_jobs=100,
            ),
        ],
        [],
    ),
    "apel-text/sync-v0.1-arc.txt": (
        ("sync", "v0.1"),
        [
            SyncRecord(
                site="EXAMPLE-T2",
                submit_host="https://arc.example.org:443/arex",
                number_of_jobs=1042,
                month=5,
                year=2024,
            ),
            SyncRecord(
                site="EXAMPLE-T2", submit_host="https://arc.example.org:443/arex", number_of_jobs=0, month=6, year=2024
            ),
        ],
        [],
    ),
    "json/accelerator-caso.json": (
        ("accelerator", "0.1"),
        [
            AcceleratorRecord(
                measurement_month=5,
                measurement_year=2024,
                associated_record_type="cloud",
                associated_record="0d4f6f1e-2222-4222-8222-222222222222",
                global_user_name="3f1c0b7e@idp.example.org",
                fqan="demo",
                site="EXAMPLE-CLOUD",
                count=2.0,
                available_duration=86400,
                benchmark=12.5,
                type="GPU",
                model="Example A100",
            ),
        ],
        [
            ("ignored-field", 2, "CloudType: is not kept by repositories"),
            ("ignored-field", 2, "CloudComputeService: is not kept by repositories"),
        ],
    ),
    "json/accelerator-v0.1.json": (
        ("accelerator", "0.1"),
        [
            AcceleratorRecord(
                measurement_month=5,
                measurement_year=2024,
                associated_record_type="job",
                associated_record="48213.0",
                fqan="/demo/Role=pilot/Capability=NULL",
                site="EXAMPLE-T2",
                count=0.5,
                cores=3456,
                active_duration=3600,
                available_duration=7200,
                benchmark_type="Example",
                benchmark=1.5,
                type="FPGA",
            ),
        ],
        [],
    ),
    "json/public-ip-caso.json": (
        ("public-ip", "0.2"),
        [
            PublicIpRecord(
                measurement_time=1714521600,
                site="EXAMPLE-CLOUD",
                cloud_type="caso/5.2.1 (OpenStack)",
                local_user="77aa88bb",
                local_group="9b1d2c3a",
                fqan="demo",
                ip_version=4,
                ip_count=3,
            ),
        ],
        [
            ("version-spelling", None, "Version: '0.2' is written v0.2 in the schema: did you mean v0.2?"),
            ("ignored-field", 2, "uuid: is not kept by repositories"),
            (
                "expected-field",
                2,
                "GlobalUserName: has no value; the documentation asks for one, though repositories do without",
            ),
        ],
    ),
    "json/public-ip-v0.2.json": (
        ("public-ip", "v0.2"),
        [
            PublicIpRecord(
                measurement_time=1714521600,
                site="EXAMPLE-CLOUD",
                cloud_compute_service="nova.example.org",
                cloud_type="caso/5.2.1 (OpenStack)",
                local_user="77aa88bb",
                local_group="9b1d2c3a",
                global_user_name="3f1c0b7e@idp.example.org",
                fqan="/demo/uk/Role=member/Capability=NULL",
                ip_version=6,
                ip_count=0,
            ),
        ],
        [],
    ),
}
FOLDERS = ("apel-text", "json")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_reads_as_what_its_producer_meant(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    (kind, version), expected, faults = EXPECTED[name]
    message = begun(data)
    assert (message.format, message.type.name, message.version) == (name.partition("/")[0], kind, version)
    assert records(data) == expected
    assert told(data) == faults


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("apel-text")])
@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_a_sample_reads_the_same_from_another_system(name: str, end: str) -> None:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    foreign = "\ufeff" + text.replace("\n", end)
    assert records(foreign) == EXPECTED[name][1]
    assert told(foreign) == EXPECTED[name][2]


def test_every_sample_is_expected_and_every_version_has_one() -> None:
    assert {f"{path.parent.name}/{path.name}" for folder in FOLDERS for path in (SAMPLES / folder).iterdir()} == set(
        EXPECTED
    )
    written = {(kind.name, version) for kind in RECORD_TYPES.values() for version, _ in kind.headers}
    drafts = {("public-ip", "v0.2"), ("accelerator", "0.1")}
    assert written | drafts <= {found for found, _, _ in EXPECTED.values()}


def test_no_sample_needs_a_closer_look_at_a_time_of_its_own() -> None:
    """What is said of a sample does not change with the years."""
    for name in EXPECTED:
        data = (SAMPLES / name).read_bytes()
        assert checked(data, now=4_000_000_000) == checked(data)
