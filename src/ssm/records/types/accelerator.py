# SPDX-License-Identifier: Apache-2.0
"""GPUs and other accelerators that belonged to a machine or job in one month: JSON, 0.1."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.kinds import DECIMAL, SECONDS, TEXT, WHOLE


class AcceleratorRecord(Record, frozen=True):
    """Accelerators of one machine or job."""

    measurement_month: Annotated[
        int | None, Field("MeasurementMonth", WHOLE, "Month of the usage.", unit="1 to 12", need=Need.REQUIRED)
    ] = None
    measurement_year: Annotated[
        int | None, Field("MeasurementYear", WHOLE, "Year of it, from 2000 on.", need=Need.REQUIRED)
    ] = None
    associated_record_type: Annotated[
        str | None, Field("AssociatedRecordType", TEXT, "cloud or job.", need=Need.REQUIRED, most=255)
    ] = None
    associated_record: Annotated[
        str | None,
        Field(
            "AssociatedRecord",
            TEXT,
            "Id of the machine or job; some producers say AccUUID.",
            need=Need.REQUIRED,
            most=255,
        ),
    ] = None
    global_user_name: Annotated[str | None, Field("GlobalUserName", TEXT, "DN of the user.", most=255)] = None
    fqan: Annotated[
        str | None, Field("FQAN", TEXT, "VOMS attribute, or the VO's name alone.", need=Need.REQUIRED, most=255)
    ] = None
    site: Annotated[str | None, Field("SiteName", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, most=255)] = None
    count: Annotated[
        float | None, Field("Count", DECIMAL, "Accelerators, possibly a part of one.", need=Need.REQUIRED)
    ] = None
    cores: Annotated[int | None, Field("Cores", WHOLE, "Cores of all of them.")] = None
    active_duration: Annotated[
        int | None, Field("ActiveDuration", SECONDS, "Time in use; where it is not said, AvailableDuration.", unit="s")
    ] = None
    available_duration: Annotated[
        int | None, Field("AvailableDuration", SECONDS, "Time at hand in that month.", unit="s", need=Need.REQUIRED)
    ] = None
    benchmark_type: Annotated[str | None, Field("BenchmarkType", TEXT, "By which Benchmark is measured.", most=255)] = (
        None
    )
    benchmark: Annotated[float | None, Field("Benchmark", DECIMAL, "Speed; some producers say benchmark_value.")] = None
    type: Annotated[str | None, Field("Type", TEXT, "GPU, FPGA or Other.", need=Need.REQUIRED, most=255)] = None
    model: Annotated[str | None, Field("Model", TEXT, "Model of the accelerator.", most=255)] = None


ACCELERATOR = RecordType(
    name="accelerator",
    title="Accelerators",
    record=AcceleratorRecord,
    versions=("0.1",),
    ignored=frozenset({"CloudType", "CloudComputeService"}),
    key=("measurement_month", "measurement_year", "associated_record_type", "associated_record", "site", "model"),
    source="APEL JSON messages, accelerators (draft)",
)
