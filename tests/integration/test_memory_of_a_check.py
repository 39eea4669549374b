# SPDX-License-Identifier: Apache-2.0
"""A check takes no more memory for a long message than for a short one: every record has another id, none is kept.

``SSM_MEMORY_MEGABYTES`` makes the message longer; 1000 takes minutes.
"""

import os
import subprocess
import sys

import pytest

MEGABYTES = int(os.environ.get("SSM_MEMORY_MEGABYTES", "150"))
MOST_RESIDENT = 200_000_000
PROGRAM = '''
import sys
from ssm.records.check import check_message

megabytes = int(sys.argv[1])
RECORD = """Site: EXAMPLE-T2
SubmitHost: ce1.example.org:9619/ce1.example.org-condor
MachineName: batch.example.org
Queue: grid
LocalJobId: {}.0
LocalUserId: pilot07
GlobalUserName: /DC=org/DC=example/CN=Robot pilot
FQAN: /demo/Role=pilot/Capability=NULL
WallDuration: 7200
CpuDuration: 27000
Processors: 4
NodeCount: 1
StartTime: 1700000000
EndTime: 1700007200
InfrastructureDescription: APEL-HTCONDORCE-HTCONDOR
InfrastructureType: grid
ServiceLevelType: HEPSPEC
ServiceLevel: 10.5
%%
"""

def stream():
    yield b"APEL-individual-job-message: v0.3\\n"
    made = number = 0
    while made < megabytes * 1_000_000:
        block = "".join(RECORD.format(one) for one in range(number, number + 500)).encode()
        number += 500
        made += len(block)
        yield block

codes = [fault.code for fault in check_message(stream(), 1_764_000_000)]
# Of this program alone: getrusage would count what the one that started it had held.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak) * 1024, *codes)
'''


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_long_stream_is_checked_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(MEGABYTES)], capture_output=True, text=True, check=True, timeout=880
    )
    resident, *codes = done.stdout.split()
    assert codes == ["large-message"]
    assert int(resident) < MOST_RESIDENT
