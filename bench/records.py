# SPDX-License-Identifier: Apache-2.0
"""``python bench/records.py [--quick] [--output FILE]``: records read, checked and written, beside a plain splitter."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from bench.machine import description  # noqa: E402 - the path comes first
from bench.report import table  # noqa: E402
from ssm.records.check import check_message  # noqa: E402
from ssm.records.field import Record, RecordType  # noqa: E402
from ssm.records.formats import FORMATS, recognise  # noqa: E402
from ssm.records.types.job import JOB, JobRecord  # noqa: E402
from ssm.records.types.storage import STORAGE, StorageRecord  # noqa: E402

OUTPUT = ROOT / "docs" / "reference" / "benchmarks-records.md"
COUNT = 20_000
RUNS = 7
BLOCK = 256 * 1024
NOW = 1_764_000_000
LARGE_OCTETS = 1_000_000_000
HOW = """Records a second of processor time on one core, median of {runs} runs over {count:,} records in memory, in one
process. A job has 20 fields in 520 octets of text; as CAR it has 1,650 octets. *Every check* is what `ssm check` does;
the plain splitter makes a dictionary of texts for each record, and looks at nothing."""
LIMITS = """Reading is limited by the interpreter: of `ssm check` on text about half goes into reading, a third into the
checks, and the rest into looking for duplicates, whose memory grows up to a million records and not beyond."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    aim: str
    per_second: float


def jobs(count: int) -> Iterator[JobRecord]:
    """Each a little different from the others."""
    for number in range(count):
        wall = 1800 + number * 37 % 40_000
        end = 1_714_608_000 + number * 61 % 2_000_000
        yield JobRecord(
            site="EXAMPLE-T2",
            submit_host="ce1.example.org:9619/ce1.example.org-condor",
            machine_name="batch.example.org",
            queue="grid",
            local_job_id=f"{40_000 + number}.0",
            local_user_id=f"pilot{number % 50:03}",
            global_user_name=f"/DC=org/DC=example/CN=Robot pilot {number % 20}",
            fqan="/demo/Role=pilot/Capability=NULL",
            wall_duration=wall,
            cpu_duration=wall * 8 * 93 // 100,
            processors=8,
            node_count=1,
            start_time=end - wall,
            end_time=end,
            infrastructure_description="APEL-HTCONDORCE-HTCONDOR",
            infrastructure_type="grid",
            memory_real=2_048_000 + number,
            memory_virtual=4_096_000 + number,
            service_level_type="HEPscore23",
            service_level=15.3,
        )


def jobs_with_identity(count: int) -> Iterator[Record]:
    """The same, as CAR has them."""
    import msgspec

    for number, job in enumerate(jobs(count)):
        end = 1_714_608_000 + number
        yield msgspec.structs.replace(job, record_id=f"ce1.example.org-{number}", create_time=end, status="completed")


def storage(count: int) -> Iterator[StorageRecord]:
    """As a storage system reports once a day."""
    for number in range(count):
        begin = 1_714_521_600 + number % 365 * 86_400
        yield StorageRecord(
            record_id=f"se1.example.org-demo-{number}",
            create_time=begin + 86_700,
            storage_system="se1.example.org",
            site="EXAMPLE-T2",
            storage_share=f"pool{number % 30}",
            storage_media="disk",
            file_count=410_233 + number,
            group="demo",
            sub_group="uk",
            role="production",
            start_time=begin,
            end_time=begin + 86_400,
            resource_capacity_used=88_000_000_000_000 + number,
            logical_capacity_used=44_000_000_000_000 + number,
        )


def written(name: str, kind: RecordType, version: str, records: Iterable[Record]) -> bytes:
    """A message."""
    return b"".join(FORMATS[name].write(kind, version, records))


def blocks(data: bytes) -> Iterator[bytes]:
    """As files are read."""
    for start in range(0, len(data), BLOCK):
        yield data[start : start + BLOCK]


def split_plainly(data: bytes) -> int:
    """The least that can be done: a dictionary of texts for each record, with nothing looked at."""
    found = []
    for chunk in data.decode().split("%%"):
        record = {}
        for line in chunk.split("\n"):
            if line:
                key, _, value = line.partition(":")
                record[key.strip()] = value.strip()
        if record:
            found.append(record)
    return len(found)


def read(data: bytes) -> int:
    """To typed records."""
    form, again = recognise(blocks(data))
    return sum(len(batch.records) for batch in form.read(again).batches)


def check(data: bytes) -> int:
    """To typed records, with every check."""
    return sum(1 for _ in check_message(blocks(data), NOW))


def rate(work: Callable[[], object], count: int, runs: int) -> float:
    """Records a second of processor time, median."""
    rates = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        rates.append(count / (time.process_time() - begun))
    return median(rates)


def rows(count: int, runs: int) -> list[Row]:
    """All formats."""
    job_list, car_list, storage_list = list(jobs(count)), list(jobs_with_identity(count)), list(storage(count))
    text = written("apel-text", JOB, "v0.3", job_list)
    car, star = written("car", JOB, "1.2", car_list), written("star", STORAGE, "1.2", storage_list)
    return [
        Row("APEL job text: plain splitting, texts only", "", rate(lambda: split_plainly(text), count, runs)),
        Row("APEL job text: read into typed records", "", rate(lambda: read(text), count, runs)),
        Row("APEL job text: read, with every check", "≥ 100,000", rate(lambda: check(text), count, runs)),
        Row(
            "APEL job text: written", "≥ 150,000",
            rate(lambda: written("apel-text", JOB, "v0.3", job_list), count, runs),
        ),
        Row("CAR: read into typed records", "≥ 15,000", rate(lambda: read(car), count, runs)),
        Row("CAR: read, with every check", "", rate(lambda: check(car), count, runs)),
        Row("CAR: written", "", rate(lambda: written("car", JOB, "1.2", car_list), count, runs)),
        Row("StAR: read into typed records", "≥ 15,000", rate(lambda: read(star), count, runs)),
        Row("StAR: written", "", rate(lambda: written("star", STORAGE, "1.2", storage_list), count, runs)),
    ]  # fmt: skip


@dataclass(frozen=True)
class Stream:
    """A command over a large file."""

    name: str
    octets: int
    seconds: float
    resident_megabytes: float


def streams(octets: int, folder: Path) -> list[Stream]:
    """Memory must not grow with the message."""
    found = []
    for form, text in (("APEL text", many_jobs(octets)), ("CAR", many_cars(octets))):
        file = folder / "large"
        with file.open("wb") as output:
            for portion in text:
                output.write(portion)
        for name, words in (
            ("check", ["check", "--quiet"]),
            ("split", ["split", "--size", "100MB", "-d", str(folder / "out")]),
        ):
            print(f"measuring: ssm {name}, {form}", file=sys.stderr)
            found.append(stream(f"ssm {name}, {form}", [*words, str(file)], file.stat().st_size))
            for piece in (folder / "out").glob("*"):
                piece.unlink()
    return found


def stream(name: str, words: list[str], octets: int) -> Stream:
    """One command, in a process of its own, so that its memory is its own."""
    # Of that program alone: getrusage would count what the one that started it had held.
    program = "import sys; from ssm.cli.main import main; main(sys.argv[1:]); "
    program += "print([one.split()[1] for one in open('/proc/self/status') if 'VmHWM' in one][0], file=sys.stderr)"
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, timeout=900
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - begun.ru_utime - begun.ru_stime
    return Stream(name, octets, seconds, int(done.stderr.split()[-1]) * 1024 / 1e6)


def many_jobs(octets: int) -> Iterator[bytes]:
    """A text message of about this size."""
    return FORMATS["apel-text"].write(JOB, "v0.3", jobs(octets // 540))


def many_cars(octets: int) -> Iterator[bytes]:
    """A CAR document of about this size."""
    return FORMATS["car"].write(JOB, "1.2", jobs_with_identity(octets // 1700))


def page(found: list[Row], large: list[Stream], runs: int, count: int) -> str:
    """Everything, as Markdown."""
    day = datetime.now(UTC).date().isoformat()
    how = HOW.format(runs=runs, count=count)
    parts = [
        "# Benchmarks of records",
        f"Measured by `make bench-records` on {day}; this page is what it wrote.",
        how,
        table(("", "aim", "records/s"), ((one.name, one.aim, f"{one.per_second:,.0f}") for one in found)),
        "## Large files",
        "The whole command as a process of its own: start, reading from disk, and for `split` writing.",
        table(
            ("", "MB", "CPU s", "MB/s", "resident MB"),
            (
                (one.name, f"{one.octets / 1e6:,.0f}", f"{one.seconds:.1f}", f"{one.octets / 1e6 / one.seconds:.0f}",
                 f"{one.resident_megabytes:.0f}")
                for one in large
            ),
        ),
        LIMITS,
        "## The machine",
        table(("", ""), description()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little, to see that it works; figures mean nothing")
    parser.add_argument("--output", type=Path, help=f"where to write (default: {OUTPUT}; nowhere with --quick)")
    arguments = parser.parse_args()
    count, runs, octets = (500, 1, 3_000_000) if arguments.quick else (COUNT, RUNS, LARGE_OCTETS)
    found = rows(count, runs)
    with tempfile.TemporaryDirectory(prefix="ssm-bench-") as name:
        large = streams(octets, Path(name))
    text = page(found, large, runs, count)
    print(text)
    target: Path | None = arguments.output or (None if arguments.quick else OUTPUT)
    if target is not None:
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
