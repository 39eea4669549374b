# SPDX-License-Identifier: Apache-2.0
"""A sender's run. Nothing heavy is loaded before there is something to send."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

from ssm.logs import LogTeller
from ssm.messenger.events import Event
from ssm.settings.sections import SenderSettings
from ssm.spool.outgoing import OUTGOING_SPOOLS, OpenSpool

if TYPE_CHECKING:
    from ssm.messenger.send import SendReport

Showing: TypeAlias = "Callable[[], AbstractContextManager[Callable[[SendReport], None]]]"


@contextmanager
def silent() -> "Iterator[Callable[[SendReport], None]]":
    """No progress for people."""
    yield lambda _: None


def send(settings: SenderSettings, tell: LogTeller, *, watch: bool, show: Showing = silent) -> "SendReport | None":
    """One run; None when the spool was empty. Nothing heavy is loaded before there is something to send."""
    messaging = settings.messaging
    spool = OUTGOING_SPOOLS[messaging.path_type](messaging.path, messaging.settle_seconds)
    try:
        recovered = spool.recover()
        if recovered:
            tell(Event.RECOVERED, count=recovered)
        if not watch and not spool.ready():
            tell(Event.NOTHING)
            spool.purge()
            return None
        return send_all(settings, spool, tell, watch=watch, show=show)
    finally:
        spool.close()


def send_all(
    settings: SenderSettings, spool: OpenSpool, tell: LogTeller, *, watch: bool, show: Showing
) -> "SendReport":
    """There is something to send."""
    from ssm.messenger.send import SendLimits, SendReport, SendRun
    from ssm.programs.running import notify_systemd, run_until_signal
    from ssm.wiring.messaging import open_sender
    from ssm.wiring.transports import cut_octets_of, open_transport, sealing_of, window_of

    messaging = settings.messaging
    limits = SendLimits(
        window=window_of(settings),
        max_message_octets=messaging.max_message_size,
        cut_octets=cut_octets_of(settings),
        patience_seconds=None if watch else settings.broker.retry_seconds,
        follow=watch,
    )

    stopped = False
    running: list[SendRun] = []

    def stop() -> None:
        nonlocal stopped
        stopped = True
        for one in running:
            one.stop()

    def one_pass() -> SendReport:
        with open_sender(settings, spool, tell, sealing_of(settings, tell)) as ports, show() as shown:

            async def work() -> SendReport:
                running[:] = [SendRun(ports, open_transport(settings, tell), limits, progress=shown)]
                return await running[0].run()

            return run_until_signal(work(), stop)

    if watch:
        notify_systemd("READY=1")
    report = one_pass()
    if spool.unsettled and not (watch or stopped or report.refused):
        # What was still too young is not left for the next run, if it can be helped.
        time.sleep(messaging.settle_seconds)
        second = one_pass()
        report.sent += second.sent
        report.set_aside += second.set_aside
        report.refused += second.refused
    tell(Event.RUN_FINISHED, sent=report.sent, refused=report.refused, set_aside=report.set_aside)
    return report
