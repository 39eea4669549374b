# SPDX-License-Identifier: Apache-2.0
"""Options that commands with a configuration file share."""

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.cli.sources import add_sources, open_log, sources
from ssm.errors import ConfigError
from ssm.settings.found import Found, Sources
from ssm.settings.sections import Logging


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """The root logger as it was before."""
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        if handler not in handlers:
            handler.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(level)


def parsed(*argv: str) -> Sources:
    parser = argparse.ArgumentParser()
    add_sources(parser, "/etc/apel/sender.cfg")
    return sources(parser.parse_args(argv))


def test_the_default_file_is_the_incumbents() -> None:
    assert parsed().file == Path("/etc/apel/sender.cfg")
    assert parsed("-c", "x.cfg").file == Path("x.cfg")


def test_overrides_keep_their_order() -> None:
    assert tuple(parsed("--set", "a.b=1", "--set", "a.b=2").overrides) == ("a.b=1", "a.b=2")
    assert tuple(parsed().overrides) == ()


def test_the_environment_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSM_SET_BROKER_PORT", "7")
    assert parsed().environment["SSM_SET_BROKER_PORT"] == "7"


def test_what_the_configuration_made_us_wonder_about_is_logged(tmp_path: Path) -> None:
    found = Found()
    found.warnings.append("[broker] use-ssl is now called use_ssl")
    open_log(Logging(logfile=tmp_path / "log"), "sender", found)
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.endswith("WARNING - [broker] use-ssl is now called use_ssl")


def test_a_log_that_cannot_be_written_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        open_log(Logging(logfile=tmp_path / "none" / "log"), "sender", Found())
    assert "logfile" in caught.value.hint
