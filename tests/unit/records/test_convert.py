# SPDX-License-Identifier: Apache-2.0
"""Every direction of conversion: what keeps its meaning, what is lost and said, and what is refused."""

import re

import msgspec
import pytest

from ssm.errors import FormatError, RecordError
from ssm.records.benchmarks import Benchmarks
from ssm.records.convert import Losses, Target, converted
from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS, recognise
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY, NormalisedSummaryRecord
from ssm.records.types.summary import SUMMARY, SummaryRecord
from tests.xml_messages import car_document, job, star_document, storage

NOW = 1714700000
ONE = Benchmarks((("HEPSPEC", 10.5),))
TWO = Benchmarks((("hepspec", 10.5), ("HEPscore23", 12.25), ("own", 3.0)))
JOB_V04 = JobRecord(
    site="EXAMPLE-T2", submit_host="ce1.example.org", machine_name="batch.example.org", queue="grid",
    local_job_id="48213", local_user_id="pilot07",
    global_user_name="/DC=org/CN=Robot", fqan="/demo/Role=pilot", vo="demo", vo_group="/demo",
    vo_role="Role=pilot", wall_duration=7200, cpu_duration=7000, processors=1, node_count=1, start_time=1714633200,
    end_time=1714640400, infrastructure_description="APEL-CREAM-PBS", infrastructure_type="grid", memory_real=1,
    memory_virtual=2, service_level=ONE,
)  # fmt: skip
JOB_V03 = msgspec.structs.replace(JOB_V04, service_level=10.5, service_level_type="HEPSPEC")
SUM_V04 = SummaryRecord(
    site="EXAMPLE-T2", month=5, year=2024, global_user_name="/DC=org/CN=Robot", vo="demo", vo_group="/demo",
    vo_role="Role=pilot", submit_host="ce1.example.org", infrastructure_type="grid", node_count=1, processors=1,
    earliest_end_time=1714522200, latest_end_time=1714640400, wall_duration=7200, cpu_duration=7000, number_of_jobs=3,
    service_level=ONE,
)  # fmt: skip
SUM_V02 = msgspec.structs.replace(SUM_V04, service_level=10.5, service_level_type="HEPSPEC")
NORM_V04 = NormalisedSummaryRecord(
    site="EXAMPLE-T2", month=5, year=2024, vo="demo", infrastructure="grid", node_count=1, processors=1,
    wall_duration=7200, cpu_duration=7000, number_of_jobs=3,
    normalised_wall_duration=Benchmarks((("HEPSPEC", 75600.0),)),
    normalised_cpu_duration=Benchmarks((("HEPSPEC", 73500.0),)),
)  # fmt: skip
NORM_V03 = msgspec.structs.replace(
    NORM_V04, service_level_type="HEPSPEC", normalised_wall_duration=75600, normalised_cpu_duration=73500
)


def convert(data: bytes, to: str, version: str | None = None) -> tuple[bytes, list[str]]:
    """A message in another form, and what is lost."""
    form, again = recognise(iter([data]))
    message, losses = form.read(again), Losses()
    target = Target.choose(message, to, version)
    made = b"".join(target.format.write(target.type, target.version, converted(message, target, NOW, losses)))
    return made, losses.sentences()


def written(form: str, kind: RecordType, version: str, record: Record) -> bytes:
    return b"".join(FORMATS[form].write(kind, version, [record]))


def read(data: bytes) -> list[Record]:
    form, again = recognise(iter([data]))
    return [record for batch in form.read(again).batches for record in batch.records]


@pytest.mark.parametrize(
    ("kind", "old", "older", "new", "newer"),
    [
        (JOB, JOB_V03, "v0.3", JOB_V04, "v0.4"),
        (JOB, msgspec.structs.replace(JOB_V03, infrastructure_type=None, infrastructure_description=None), "v0.2",
         msgspec.structs.replace(JOB_V04, infrastructure_type=None, infrastructure_description=None), "v0.4"),
        (SUMMARY, SUM_V02, "v0.2", SUM_V04, "v0.4"),
        (NORMALISED_SUMMARY, NORM_V03, "v0.3", NORM_V04, "v0.4"),
    ],
)  # fmt: skip
def test_benchmarks_change_their_form_up_and_down_and_nothing_is_lost(
    kind: RecordType, old: Record, older: str, new: Record, newer: str
) -> None:
    up, lost = convert(written("apel-text", kind, older, old), "apel-text", newer)
    assert (read(up), lost) == ([new], [])
    down, lost = convert(up, "apel-text", older)
    assert (read(down), lost) == ([old], [])


def test_a_job_of_the_first_version_keeps_what_it_says_and_loses_what_has_no_place() -> None:
    small = JobRecord(
        site="A", submit_host="ce", local_job_id="1", local_user_id="u", global_user_name="/CN=x", fqan="/demo",
        wall_duration=1, cpu_duration=1, processors=1, node_count=1, start_time=0, end_time=1, service_level=10.5,
        service_level_type="HEPSPEC",
    )  # fmt: skip
    first, lost = convert(written("apel-text", JOB, "v0.3", small), "apel-text", "v0.1")
    assert b"ScalingFactorUnit: HepSpec06\n" in first
    assert lost == []
    assert read(convert(first, "apel-text", "v0.4")[0]) == [
        msgspec.structs.replace(small, service_level=ONE, service_level_type=None)
    ]
    _, lost = convert(written("apel-text", JOB, "v0.3", JOB_V03), "apel-text", "v0.1")
    assert lost[0] == "MachineName: 'batch.example.org' has no place in APEL text v0.1"


def test_without_a_version_a_message_keeps_the_meaning_of_its_fields() -> None:
    assert convert(written("apel-text", JOB, "v0.2", JobRecord(
        site="A", local_job_id="1", wall_duration=1, cpu_duration=1, start_time=0, end_time=1
    )), "apel-text")[0].startswith(b"APEL-individual-job-message: v0.3\n")  # fmt: skip


def test_only_one_benchmark_is_kept_and_the_others_are_said() -> None:
    several = msgspec.structs.replace(JOB_V04, service_level=TWO)
    made, lost = convert(written("apel-text", JOB, "v0.4", several), "apel-text", "v0.3")
    (record,) = read(made)
    assert (getattr(record, "service_level_type", ""), getattr(record, "service_level", 0)) == ("HEPscore23", 12.25)
    assert lost == ["ServiceLevel: {hepspec: 10.5, own: 3.0} is lost, as only one benchmark is kept"]


def test_a_benchmark_that_nobody_knows_is_refused() -> None:
    own = msgspec.structs.replace(JOB_V04, service_level=Benchmarks((("own", 3.0),)))
    with pytest.raises(RecordError, match=r"ServiceLevel '\{own: 3.0\}' names no benchmark that repositories know"):
        convert(written("apel-text", JOB, "v0.4", own), "car")


def test_a_job_goes_to_car_and_back() -> None:
    text = written("apel-text", JOB, "v0.3", JOB_V03)
    made, lost = convert(text, "car")
    (record,) = read(made)
    assert lost == []
    assert record == msgspec.structs.replace(
        JOB_V03, record_id="batch.example.org 48213 2024-05-02 09:00:00", create_time=NOW, status="completed"
    )
    back, lost = convert(made, "apel-text")
    assert (back, lost) == (text, [])


def test_what_only_car_says_is_lost_in_text_but_for_what_is_incidental() -> None:
    inner = "<JobName>completed</JobName><Status>failed</Status><ExitStatus>3</ExitStatus><Host>wn1</Host><Foo>x</Foo>"
    _, lost = convert(car_document(job(1, inner=inner), job(2, inner=inner)), "apel-text")
    assert sorted(lost) == [
        "ExitStatus (2 times): '3' has no place in APEL text v0.3",
        "Foo (2 times): is no element of car records; repositories pass it over",
        "Host: is not kept: accounting has no use for it",
        "JobName (2 times): 'completed' has no place in APEL text v0.3",
        "Status (2 times): 'failed' has no place in APEL text v0.3",
    ]


def test_what_only_car_does_without_is_said() -> None:
    some = car_document(re.sub("<ServiceLevel.*</ServiceLevel>", "", job(1)))
    assert convert(some, "car")[1] == []
    made, lost = convert(some, "apel-text")
    assert lost == ["ServiceLevel: is not said, which repositories take for custom in EMI CAR, and refuse in APEL text"]
    assert b"ServiceLevel" not in made


def test_a_message_without_records_becomes_no_document_without_records() -> None:
    header = b"APEL-individual-job-message: v0.3\n"
    assert convert(header, "apel-text") == (header, [])
    with pytest.raises(RecordError, match="The message holds no record; repositories refuse EMI CAR without one"):
        convert(header, "car")


@pytest.mark.parametrize(("kind", "version", "record"), [(SUMMARY, "v0.2", SUM_V02), (SUMMARY, "v0.4", SUM_V04)])
def test_a_summary_goes_to_aur_and_back(kind: RecordType, version: str, record: Record) -> None:
    made, lost = convert(written("apel-text", kind, version, record), "aur")
    assert (read(made), lost) == ([SUM_V02], [])
    back, lost = convert(made, "apel-text", version)
    assert (read(back), lost) == ([record], [])


def test_the_benchmark_of_normalised_sums_has_no_place_in_aur() -> None:
    made, lost = convert(written("apel-text", NORMALISED_SUMMARY, "v0.4", NORM_V04), "aur")
    assert read(made) == [msgspec.structs.replace(NORM_V03, service_level_type=None)]
    assert lost == ["ServiceLevelType: 'HEPSPEC' has no place in EMI AUR 1.2"]
    back, lost = convert(made, "apel-text", "v0.4")
    assert read(back) == [NORM_V04]
    assert lost == ["NormalisedWallDuration: the benchmark is not said, and taken to be HEPSPEC"]


def test_fractions_of_normalised_sums_are_lost() -> None:
    half = msgspec.structs.replace(NORM_V04, normalised_cpu_duration=Benchmarks((("HEPSPEC", 73500.5),)))
    made, lost = convert(written("apel-text", NORMALISED_SUMMARY, "v0.4", half), "apel-text", "v0.3")
    assert (read(made), lost) == ([NORM_V03], ["NormalisedCpuDuration: 73500.5 becomes 73500"])


def test_normalised_sums_by_different_benchmarks_are_refused() -> None:
    other = msgspec.structs.replace(NORM_V04, normalised_cpu_duration=Benchmarks((("HEPscore23", 1.0),)))
    with pytest.raises(
        RecordError, match="NormalisedCpuDuration is by HEPscore23, and NormalisedWallDuration by HEPSPEC"
    ):
        convert(written("apel-text", NORMALISED_SUMMARY, "v0.4", other), "apel-text", "v0.3")


@pytest.mark.parametrize(
    ("data", "to", "version", "said"),
    [
        (star_document(storage(1)), "car", None, "Storage usage records have no form in EMI CAR; they can be star"),
        (star_document(storage(1)), "star", "v0.4", "Storage usage records have version 1.2 only in EMI StAR"),
        (car_document(job(1)), "apel-text", "v0.9",
         "Individual job records have no version 'v0.9'; there are v0.1, v0.2, v0.3, v0.4"),
        (car_document(job(1)), "car", "v0.4", "Individual job records have version 1.2 only in EMI CAR"),
    ],
)  # fmt: skip
def test_forms_that_there_are_not_are_refused(data: bytes, to: str, version: str | None, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        convert(data, to, version)
    assert str(caught.value) == said


def test_a_message_with_errors_is_refused_with_the_first_of_them() -> None:
    with pytest.raises(FormatError) as caught:
        convert(car_document(job(1), job(2, cpu="")), "apel-text")
    assert (caught.value.line, caught.value.path) == (3, "UsageRecords/UsageRecord[2]")
    assert str(caught.value) == "the message has faults: CpuDuration: is missing, and must be there (see ssm check)"


def test_an_ogf_document_becomes_car() -> None:
    ogf = car_document(job(1)).replace(
        b"http://eu-emi.eu/namespaces/2012/11/computerecord", b"http://schema.ogf.org/urf/2003/09/urf"
    )
    made, lost = convert(ogf, "car")
    assert b'<urf:UsageRecords xmlns:urf="http://eu-emi.eu/namespaces/2012/11/computerecord">' in made
    assert [msgspec.structs.replace(one, status=None) for one in read(made)] == read(car_document(job(1)))
    assert lost == []


def test_storage_is_said_again_as_it_was() -> None:
    data = star_document(storage(1), storage(2, inner="<SubjectIdentity><Group>a</Group></SubjectIdentity>"))
    made, lost = convert(data, "star")
    assert (read(made), lost) == (read(data), [])


def test_a_service_level_without_a_type_becomes_no_benchmark() -> None:
    untold = msgspec.structs.replace(JOB_V03, service_level_type=None)
    with pytest.raises(RecordError, match="ServiceLevel has no type, without which it means nothing"):
        convert(written("apel-text", JOB, "v0.3", untold), "apel-text", "v0.4")


def test_normalised_sums_that_have_the_form_already_stay_as_they_are() -> None:
    for record, version in ((NORM_V03, "v0.3"), (NORM_V04, "v0.4")):
        text = written("apel-text", NORMALISED_SUMMARY, version, record)
        assert convert(text, "apel-text", version) == (text, [])


def test_a_doubt_about_a_value_that_is_kept_is_no_loss() -> None:
    text = written("apel-text", JOB, "v0.3", JOB_V03)
    odd = text.replace(b"WallDuration: 7200\n", b"WallDuration: 7_200\n")
    assert odd != text
    assert convert(odd, "apel-text", "v0.3") == (text, [])
