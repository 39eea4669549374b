# SPDX-License-Identifier: Apache-2.0
"""The tree of errors: one branch for each thing that a caller does next, and sentences for people."""

from collections.abc import Iterator

import pytest

from ssm import errors
from ssm.errors import (
    ConfigError,
    ConfigFault,
    ConnectFailedError,
    RejectError,
    RetryError,
    SsmError,
    StopError,
    TransportError,
)

BRANCHES = (RejectError, RetryError, StopError)


def below(kind: type[SsmError]) -> Iterator[type[SsmError]]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def of_the_module() -> list[type[SsmError]]:
    return [one for one in below(SsmError) if one.__module__ == errors.__name__]


def test_every_error_says_what_to_do_next_by_its_branch_and_stands_in_the_drawing() -> None:
    kinds = of_the_module()
    assert len(kinds) > 20
    for one in kinds:
        assert sum(issubclass(one, branch) for branch in BRANCHES) == 1, one
        assert one.__name__.removesuffix("Error") in str(errors.__doc__), one


def test_every_reject_has_a_reason_of_its_own_for_tables_and_counters() -> None:
    reasons = [one.reason for one in of_the_module() if issubclass(one, RejectError)]
    assert len(set(reasons)) == len(reasons)


def test_programs_that_start_us_can_tell_bad_data_from_a_bad_moment() -> None:
    statuses = {branch: {one.exit_status for one in below(branch)} | {branch.exit_status} for branch in BRANCHES}
    assert statuses[RejectError] == {65}
    assert statuses[RetryError] == {69, 75}
    assert statuses[StopError].isdisjoint({0, 65, 69, 75})


def test_a_connection_that_failed_tells_every_attempt_and_is_tried_again() -> None:
    attempts = ["one.example.org: refused", "two.example.org: no address"]
    error = ConnectFailedError("no broker took us", attempts=attempts, hint="look at the network")
    attempts.clear()
    assert error.attempts == ("one.example.org: refused", "two.example.org: no address")
    assert (str(error), error.hint) == ("no broker took us", "look at the network")
    assert isinstance(error, TransportError)
    assert ConnectFailedError("no broker is known").attempts == ()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (ConfigFault("broker", "port", "x", "must be a number"), "[broker] port = x: must be a number"),
        (ConfigFault("broker", "prot", "", "is no option", "port"),
         "[broker] prot: is no option (did you mean 'port'?)"),
        (ConfigFault("borker", "", "", "is no section", "broker"), "[borker]: is no section (did you mean 'broker'?)"),
        (ConfigFault("", "--port", "x", "must be a number"), "--port = x: must be a number"),
        (ConfigFault("", "", "", "the file is not UTF-8"), "the file is not UTF-8"),
    ],
)  # fmt: skip
def test_a_fault_of_the_configuration_is_a_sentence_with_its_place_and_a_guess(
    fault: ConfigFault, sentence: str
) -> None:
    assert str(fault) == sentence


def test_all_faults_of_a_configuration_are_told_at_once() -> None:
    faults = [ConfigFault("", "a", "", "x"), ConfigFault("", "b", "", "y")]
    error = ConfigError("2 faults", faults=faults, hint="ssm check")
    faults.clear()
    assert [one.option for one in error.faults] == ["a", "b"]
    assert (str(error), error.hint, error.exit_status) == ("2 faults", "ssm check", 78)
    assert ConfigError("no file").faults == ()
