# SPDX-License-Identifier: Apache-2.0
"""Why a message is refused, as it is kept beside it: first a summary, then a line for every fault."""

from ssm.accounting.decode import Decoded
from ssm.names import printable
from ssm.records.fault import Fault


def one_line(decoded: Decoded) -> str:
    """The first fault, and how many more there are."""
    more = len(decoded.faults) + decoded.more_faults - 1
    return f"{line_of(decoded.faults[0])}{f' (and {more} more)' if more else ''}"


def report(decoded: Decoded) -> str:
    """All of them."""
    lines = [line_of(one) for one in decoded.faults]
    if decoded.more_faults:
        lines.append(f"and {decoded.more_faults} more")
    return "\n".join([f"not loaded: {one_line(decoded)}", *lines]) + "\n"


def line_of(fault: Fault) -> str:
    """Where, what, and its stable name."""
    where = " ".join(filter(None, [f"line {fault.line}" if fault.line else "", fault.path]))
    return printable(f"{where}{': ' if where else ''}{fault} [{fault.code}]")
