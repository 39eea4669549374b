# SPDX-License-Identifier: Apache-2.0
"""A receiver's life, in the foreground or as a daemon of the old kind."""

import os
from pathlib import Path

from ssm.logs import LogTeller
from ssm.settings.sections import ReceiverSettings


def receive(settings: ReceiverSettings, dn_file: Path, tell: LogTeller) -> None:
    """Until a signal."""
    from ssm.messenger.receive import ReceiveLimits, ReceiveRun
    from ssm.programs.running import notify_systemd, run_until_signal
    from ssm.wiring.messaging import open_receiver
    from ssm.wiring.transports import open_listeners

    limits = ReceiveLimits(settings.messaging.batch, settings.messaging.deferred_retry_seconds)
    with open_receiver(settings, dn_file, tell) as ports:
        held: list[ReceiveRun] = []

        async def work() -> None:
            held.append(ReceiveRun(ports, open_listeners(settings, ports), limits))
            notify_systemd("READY=1")
            await held[0].run()

        def stop() -> None:
            notify_systemd("STOPPING=1")
            if held:
                held[0].stop()

        run_until_signal(work(), stop)


def daemonise() -> bool:
    """Go on in the background, without a terminal; False in the process that was started."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    return True


def write_pidfile(pidfile: Path, tell: LogTeller) -> None:
    """Failing to is only worth a warning."""
    try:
        pidfile.write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        tell.logger.warning("Failed to create pidfile %s: %s", pidfile, error.strerror)
