# SPDX-License-Identifier: Apache-2.0
"""What APEL's loader makes of unusual text, case by case: whether we follow it, and why not where we do not.

``takes`` is what its server does: it loads the records, or rejects the message. We follow where our verdict is the
same: a fault of level error is a rejection. ``why`` stands where it is not.
"""

from dataclasses import dataclass

import pytest

from ssm.records.fault import Level
from tests.usage_messages import JOB_HEADER, checked, job_text, record_text, records

LOADS, REJECTS = "loads", "rejects"
SUMMARY = (
    "Site: A\nMonth: 5\nYear: 2024\nServiceLevelType: HEPSPEC\nServiceLevel: 10\nNodeCount: 1\nProcessors: 1\n"
    "WallDuration: 1\nCpuDuration: 1\nNumberOfJobs: 1\n%%\n"
)
SYNC = "Site: A\nSubmitHost: b\nNumberOfJobs: 1\nMonth: 5\nYear: 2024\n%%\n"
CLOUD = "VMUUID: 1\nSiteName: A\nMachineName: m\n%%\n"
NORMALISED = SUMMARY.replace("ServiceLevelType: HEPSPEC\nServiceLevel: 10\n", "")


def level(text: str) -> str:
    """A v0.4 job message with this service level."""
    return (
        "APEL-individual-job-message: v0.4\n"
        + record_text({"ServiceLevel": text}, without=("ServiceLevelType",))
        + "%%\n"
    )


@dataclass(frozen=True)
class Quirk:
    message: str | bytes
    takes: str
    why: str = ""
    """Why we differ; empty where we do not."""
    doubt: str = ""
    """Code of the warning or note with which we load it."""


QUIRKS = {
    # Headers
    "blank lines before the header": Quirk("\n\n" + job_text(), LOADS),
    "no blank after the colon, type part alone": Quirk("APEL-sync-message:v0.1\n" + SYNC, LOADS),
    "blanks around the parts, type part alone": Quirk("APEL-cloud-message  :  v0.4\n" + CLOUD, LOADS),
    "no blank after the colon, full header": Quirk("APEL-summary-job-message:v0.2\n" + SUMMARY, REJECTS),
    "blank behind, type part alone": Quirk("APEL-sync-message: v0.1 \n" + SYNC, LOADS, doubt="header-blank"),
    "blank behind, full header": Quirk("APEL-summary-job-message: v0.2 \n" + SUMMARY, LOADS, doubt="header-blank"),
    "job of a version that is none": Quirk(
        "APEL-individual-job-message: v9\n" + record_text() + "%%\n", LOADS, doubt="unknown-version"
    ),
    "sync of a version that is none": Quirk("APEL-sync-message: 1\n" + SYNC, LOADS, doubt="unknown-version"),
    "cloud summary of a version that is none": Quirk(
        "APEL-cloud-summary-message: v0.3\nSiteName: A\nMonth: 5\nYear: 2024\nNumberOfVMs: 1\n%%\n",
        LOADS,
        doubt="unknown-version",
    ),
    "summary of a version that is none": Quirk("APEL-summary-job-message: v0.1\n" + SUMMARY, REJECTS),
    "normalised summary of another version": Quirk("APEL-normalised-summary-message: v0.3\n" + NORMALISED, REJECTS),
    "header in small letters": Quirk("apel-sync-message: v0.1\n" + SYNC, REJECTS),
    "no header": Quirk(record_text() + "%%\n", REJECTS),
    "header and nothing else": Quirk(JOB_HEADER, LOADS, doubt="no-records"),
    "empty message": Quirk("", REJECTS),
    "job v0.1 with its own names": Quirk(
        "APEL-individual-job-message: v0.1\nSite: A\nSubmitHost: b\nLocalJobID: 1\nWallDuration: 1\nCpuDuration: 1\n"
        "StartTime: 1\nEndTime: 2\nScalingFactorUnit: HepSpec06\nScalingFactor: 10\n%%\n",
        REJECTS,
        why="sites hold old messages, which ssm convert renews",
        doubt="old-version",
    ),
    "byte-order mark": Quirk(
        "\ufeff" + job_text(), REJECTS, why="editors write one without being asked, and it hides nothing"
    ),
    # Separators
    "no separator at the end": Quirk(JOB_HEADER + record_text(), LOADS, doubt="no-final-separator"),
    "blank records": Quirk(JOB_HEADER + "%%\n%%\n" + record_text() + "%%\n\n%%\n", LOADS),
    "separator glued to the last line": Quirk(JOB_HEADER + record_text().rstrip() + "%%\n", LOADS),
    "record glued to the separator": Quirk(
        f"{JOB_HEADER}{record_text()}%%{record_text({'LocalJobId': '2'})}%%\n", LOADS
    ),
    "blanks around the separator": Quirk(JOB_HEADER + record_text() + "  %%  \n", LOADS),
    "separator inside a value": Quirk(job_text({"Queue": "a%%b"}), REJECTS),
    "separator inside a value, and what follows looks like a record": Quirk(
        job_text({"SubmitHost": "a%%Site: B"}), REJECTS
    ),
    "three signs": Quirk(JOB_HEADER + record_text() + "%%%\n", REJECTS),
    "one sign in a value": Quirk(job_text({"Queue": "100%"}), LOADS),
    # Lines
    "no blank after the colon": Quirk(job_text().replace("Site: ", "Site:"), LOADS),
    "blanks around name and value": Quirk(job_text().replace("Site: EXAMPLE-T2", "  Site :\t EXAMPLE-T2  "), LOADS),
    "colons in a value": Quirk(job_text({"SubmitHost": "ce:9619/x: y"}), LOADS),
    "a line without a colon": Quirk(job_text().replace("%%", "hello\n%%"), REJECTS),
    "a blank line inside a record": Quirk(job_text().replace("WallDuration", "\nWallDuration"), REJECTS),
    "CRLF": Quirk(job_text().replace("\n", "\r\n"), LOADS),
    "a form feed in a value": Quirk(job_text({"Queue": "a\x0cb"}), REJECTS),
    "U+0085 in a value": Quirk(job_text({"Queue": "a\x85b"}), REJECTS),
    "U+2028 in a value, after which a field seems to stand": Quirk(
        job_text({"Queue": "a\u2028Processors: 9"}),
        LOADS,
        why="it would read 9 where an editor shows 1 and part of a queue's name",
    ),
    "a no-break space around a value": Quirk(job_text({"Queue": "\u00a0grid\u00a0"}), LOADS),
    "Latin-1": Quirk(job_text({"Queue": "caf\u00e9"}).encode("latin-1"), REJECTS),
    # Names
    "name in other case": Quirk(job_text({"queue": "a"}), REJECTS),
    "unknown name": Quirk(job_text({"Colour": "a"}), REJECTS),
    "name twice": Quirk(job_text().replace("%%", "Site: B\n%%"), LOADS, doubt="field-twice"),
    "names in any order": Quirk(JOB_HEADER + "\n".join(reversed(record_text().strip().split("\n"))) + "\n%%\n", LOADS),
    "a name that is not kept": Quirk(job_text({"UpdateTime": "2024-05-01"}), LOADS, doubt="ignored-field"),
    # Nulls
    "None in an optional field": Quirk(job_text({"Queue": "None"}), LOADS),
    "null in any case": Quirk(job_text({"Processors": "nULL"}), LOADS, doubt=""),
    "nothing behind the colon": Quirk(job_text({"MemoryReal": ""}), LOADS),
    "NULL in a mandatory field": Quirk(job_text({"Site": "NULL"}), REJECTS),
    "nothing in a mandatory field": Quirk(job_text({"EndTime": ""}), REJECTS),
    "a mandatory field left out": Quirk(job_text(without=("WallDuration",)), REJECTS),
    # Integers
    "underscores between digits": Quirk(job_text({"WallDuration": "7_200"}), LOADS, doubt="odd-value"),
    "two underscores": Quirk(job_text({"WallDuration": "7__200"}), REJECTS),
    "an underscore in front": Quirk(job_text({"WallDuration": "_7200"}), REJECTS),
    "a plus sign": Quirk(job_text({"WallDuration": "+7200"}), LOADS, doubt="odd-value"),
    "zeros in front": Quirk(job_text({"WallDuration": "0007200"}), LOADS),
    "a fraction": Quirk(job_text({"WallDuration": "7200.0"}), REJECTS),
    "an exponent in an integer": Quirk(job_text({"WallDuration": "7e3"}), REJECTS),
    "hexadecimal": Quirk(job_text({"WallDuration": "0x10"}), REJECTS),
    "digits of another script": Quirk(
        job_text({"WallDuration": "\u0667"}), LOADS, why="no producer means them, and a reader sees no number"
    ),
    "a negative duration": Quirk(job_text({"CpuDuration": "-1"}), REJECTS),
    # Floats
    "a float without a point": Quirk(job_text({"ServiceLevel": "10"}), LOADS),
    "a float with an exponent": Quirk(job_text({"ServiceLevel": "1.05e1"}), LOADS),
    "a point and digits only": Quirk(job_text({"ServiceLevel": "10."}), LOADS),
    "underscores in a float": Quirk(job_text({"ServiceLevel": "1_0.5"}), LOADS, doubt="odd-value"),
    "an underscore beside the point": Quirk(job_text({"ServiceLevel": "10_.5"}), REJECTS),
    "an underscore behind a float": Quirk(job_text({"ServiceLevel": "10.5_"}), REJECTS),
    "nan": Quirk(job_text({"ServiceLevel": "nan"}), LOADS, why="nothing can be computed with it"),
    "infinity": Quirk(job_text({"ServiceLevel": "-Infinity"}), LOADS, why="nothing can be computed with it"),
    "a number beyond floats": Quirk(job_text({"ServiceLevel": "1e999"}), LOADS, why="it is infinity, unsaid"),
    "a comma": Quirk(job_text({"ServiceLevel": "10,5"}), REJECTS),
    # Times
    "time zero": Quirk(job_text({"StartTime": "0"}), LOADS),
    "a date and time in UTC": Quirk(job_text({"EndTime": "2024-05-01T10:00:00Z"}), LOADS, doubt="odd-value"),
    "a date and time without a zone": Quirk(job_text({"EndTime": "2024-05-01T10:00:00"}), REJECTS),
    "a fraction of a second": Quirk(job_text({"EndTime": "1714557600.5"}), REJECTS),
    "a negative time": Quirk(job_text({"StartTime": "-1"}), LOADS, why="no job of a grid ran before 1970"),
    # Service levels
    "no service level": Quirk(job_text(without=("ServiceLevel", "ServiceLevelType")), REJECTS),
    "a type without a value": Quirk(job_text(without=("ServiceLevel",)), REJECTS),
    "custom": Quirk(job_text({"ServiceLevelType": "custom", "ServiceLevel": "1"}), REJECTS),
    "a benchmark in small letters": Quirk(job_text({"ServiceLevelType": "hepscore23"}), LOADS),
    "a summary without a type": Quirk(
        "APEL-summary-job-message: v0.2\n" + SUMMARY.replace("ServiceLevelType: HEPSPEC\n", ""),
        LOADS,
        doubt="service-level",
    ),
    "a dictionary without braces": Quirk(level("hepspec: 11.4, si2k: 2850"), LOADS),
    "a plain number for a dictionary": Quirk(level("10.5"), REJECTS),
    "a benchmark twice in a dictionary": Quirk(level("{hepspec: 1, hepspec: 2}"), REJECTS),
    "a benchmark twice but for case": Quirk(level("{HEPSPEC: 9, hepspec: 11}"), LOADS, doubt="odd-value"),
    "no known benchmark in a dictionary": Quirk(level("{other: 2}"), REJECTS),
    "no dictionary, which stops the loader": Quirk(level("None"), REJECTS),
    "an unknown benchmark beside a known one": Quirk(level("{other: 2, hepspec: 11}"), LOADS),
    # Times and months against each other
    "an end before the start": Quirk(job_text({"EndTime": "1714550399"}), REJECTS),
    "an end at the start": Quirk(job_text({"EndTime": "1714550400", "WallDuration": "0", "CpuDuration": "0"}), LOADS),
    "an end far in the future": Quirk(job_text({"EndTime": "1999999999"}), REJECTS),
    "a month of none": Quirk("APEL-summary-job-message: v0.2\n" + SUMMARY.replace("Month: 5", "Month: 13"), REJECTS),
    "a month to come": Quirk("APEL-summary-job-message: v0.2\n" + SUMMARY.replace("Year: 2024", "Year: 2098"), REJECTS),
    "the first second of the next month": Quirk(
        "APEL-summary-job-message: v0.2\nEarliestEndTime: 1714521600\nLatestEndTime: 1717200000\n" + SUMMARY, LOADS
    ),
    "one end time alone, of another month": Quirk(
        "APEL-summary-job-message: v0.2\nLatestEndTime: 1717200001\n" + SUMMARY,
        LOADS,
        why="that it is not looked at without the other is an oversight; the time is as wrong",
    ),
}


@pytest.mark.parametrize("case", QUIRKS)
def test_we_follow_the_incumbent_or_say_why_not(case: str) -> None:
    quirk = QUIRKS[case]
    faults = checked(quirk.message)
    ours = REJECTS if any(fault.level is Level.ERROR for fault in faults) else LOADS
    assert (ours == quirk.takes) == (not quirk.why), [str(fault) for fault in faults]
    if ours is LOADS:
        assert [fault.code for fault in faults] == ([quirk.doubt] if quirk.doubt else [])


@pytest.mark.parametrize("case", [case for case, quirk in QUIRKS.items() if quirk.takes is LOADS and not quirk.why])
def test_what_both_load_has_records(case: str) -> None:
    if case != "header and nothing else":
        assert records(QUIRKS[case].message)
