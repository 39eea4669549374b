# SPDX-License-Identifier: Apache-2.0
"""The checks of single records, in reading order. To add one: a file and a line here."""

from ssm.records.checking import Check
from ssm.records.checks import (
    efficiency_is_possible,
    end_is_not_in_the_future,
    expected_fields_are_said,
    infrastructure_is_known,
    month_exists,
    month_is_that_of_end_times,
    nothing_is_negative,
    service_level_is_known,
    service_level_is_plausible,
    times_are_in_order,
    user_name_is_in_slash_form,
    wall_fits_the_times,
    words_are_those_of_the_schema,
)

CHECKS: tuple[Check, ...] = (
    times_are_in_order.CHECK,
    end_is_not_in_the_future.CHECK,
    end_is_not_in_the_future.OF_SUMMARY,
    end_is_not_in_the_future.OF_COUNT,
    month_exists.CHECK,
    month_exists.OF_ACCELERATOR,
    month_is_that_of_end_times.CHECK,
    *nothing_is_negative.CHECKS,
    service_level_is_known.CHECK,
    service_level_is_known.OF_SUMMARY,
    service_level_is_known.OF_NORMALISED,
    words_are_those_of_the_schema.CHECK,
    words_are_those_of_the_schema.OF_ADDRESSES,
    efficiency_is_possible.CHECK,
    wall_fits_the_times.CHECK,
    service_level_is_plausible.CHECK,
    infrastructure_is_known.CHECK,
    *expected_fields_are_said.CHECKS,
    *user_name_is_in_slash_form.CHECKS,
)
