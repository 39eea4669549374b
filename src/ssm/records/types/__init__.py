# SPDX-License-Identifier: Apache-2.0
"""The types of records. To add one: a file here and a line in this table."""

from ssm.records.field import RecordType
from ssm.records.types.accelerator import ACCELERATOR
from ssm.records.types.cloud import CLOUD
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.public_ip import PUBLIC_IP
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC

RECORD_TYPES: dict[str, RecordType] = {
    one.name: one
    for one in (
        JOB, SUMMARY, NORMALISED_SUMMARY, SYNC, CLOUD, CLOUD_SUMMARY, STORAGE, PUBLIC_IP, ACCELERATOR,
    )
}  # fmt: skip
