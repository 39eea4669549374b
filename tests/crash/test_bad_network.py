# SPDX-License-Identifier: Apache-2.0
"""A network that cuts connections again and again: slow, and nothing else."""

import time
from pathlib import Path

import pytest

from tests.crash.cutting import bad_network
from tests.crash.harness import SENT, Deployment, payloads
from tests.crash.test_programs_survive import assert_each_arrived_once
from tests.pki import Pki
from tests.servers.broker import SERVERS, RealBroker, new_queue

COUNT = 1000
BAD_SECONDS = 20.0
LEAST_CUTS = 10
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", SERVERS)
def test_a_network_that_cuts_connections_loses_doubles_and_refuses_nothing(
    request: pytest.FixtureRequest, kind: str, server_pki: Pki, tmp_path: Path
) -> None:
    server = request.getfixturevalue(kind)
    broker = RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls=True, queue=new_queue())
    sent = payloads(COUNT)
    with bad_network(broker.port, seed=7) as network:
        deployment = Deployment.build(tmp_path, broker, port=network.port)
        deployment.leave(sent)
        with deployment.receiving():
            sender = deployment.start("send")
            until = time.monotonic() + BAD_SECONDS
            while time.monotonic() < until and not sender.has_ended():
                time.sleep(0.1)
            assert network.cuts >= LEAST_CUTS
            assert sender.lines(SENT) > 0
            network.is_bad = False
            sender.finish()
            assert "0 refused" in sender.tail()
            deployment.wait_for(COUNT)
    assert_each_arrived_once(deployment, sent)
