# SPDX-License-Identifier: Apache-2.0
"""A receiver's life, in the foreground or as a daemon of the old kind."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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


@contextmanager
def pidfile_written(pidfile: Path, tell: LogTeller) -> Iterator[None]:
    """Our process id stands there meanwhile. Failing to write it is only worth a warning.

    Only a new file is written, which is nobody's link, and nothing is taken away but that file.
    """
    with ExitStack() as held:
        try:
            # Open for as long as we run: meanwhile no other file can be taken for it.
            file = held.enter_context(pidfile.open("xb", buffering=0))
            held.callback(take_away, pidfile, os.fstat(file.fileno()))
            file.write(b"%d\n" % os.getpid())
        except OSError as error:
            tell.logger.warning("Failed to create pidfile %s: %s", pidfile, error.strerror)
        yield


def take_away(file: Path, was: os.stat_result) -> None:
    """Remove a file if it is still the same."""
    with suppress(OSError):
        if os.path.samestat(was, file.lstat()):
            file.unlink()
