# SPDX-License-Identifier: Apache-2.0
"""APEL text, as one of the formats."""

from ssm.records.formats.text_cutter import cut
from ssm.records.formats.text_reader import read
from ssm.records.formats.text_writer import write

__all__ = ["cut", "read", "write"]
