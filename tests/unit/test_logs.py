# SPDX-License-Identifier: Apache-2.0
"""Lines of text as they always were, JSON lines with the same facts, and nobody can forge one."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from ssm.logs import LINE, JsonFormatter, LogTeller, TextFormatter, safe, set_up
from ssm.messenger.events import Event
from ssm.names import MAX_SHOWN
from ssm.settings.sections import Logging


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger as it was before."""
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        if handler not in handlers:
            handler.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(level)


def teller(file: Path, *, role: str = "sender", level: int = logging.INFO, form: str = "text") -> LogTeller:
    return set_up(Logging(logfile=file, level=level, format=form), role)


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("role", "name"), [("sender", "ssmsend"), ("receiver", "ssmreceive")])
def test_a_line_of_text_is_time_logger_level_message(tmp_path: Path, role: str, name: str) -> None:
    teller(tmp_path / "log", role=role)(Event.FOUND, count=3)
    (line,) = lines(tmp_path / "log")
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} - {name} - INFO - Found 3 messages\.", line)


def test_a_run_is_marked_by_forty_equals_signs() -> None:
    assert LINE == "=" * 40


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event.FOUND, "Found 3 messages."),
        (Event.NOTHING, "No messages found to send."),
        (Event.SENDING, "Sending message: 5f0a1c2c/5f0a1c41b2d3e7"),
        (Event.PUBLISHED, "Sent 5f0a1c2c/5f0a1c41b2d3e7"),
        (Event.RUN_FINISHED, "SSM run has finished."),
        (Event.SHUT_DOWN, "SSM has shut down."),
        (Event.ACCEPTED, "Received message. ID = 5f0a1c2c/5f0a1c41b2d3e7"),
        (Event.ACCEPTED, "Valid signer: /CN=a"),
        (Event.ACCEPTED, "Message saved to incoming queue as 00000000/5f0a1c41b2d3e8"),
        (Event.REJECTED, "Received message. ID = 5f0a1c2c/5f0a1c41b2d3e7"),
        (Event.REJECTED, "Message rejected: why"),
        (Event.REJECTED, "Message saved to reject queue as 00000000/5f0a1c41b2d3e8"),
        (Event.PING, "Received ping message."),
    ],
)
def test_lines_that_others_search_for_hold_the_same_words(tmp_path: Path, event: Event, words: str) -> None:
    teller(tmp_path / "log", level=logging.DEBUG)(
        event,
        message_id="5f0a1c2c/5f0a1c41b2d3e7",
        count=3,
        signer="/CN=a",
        reason="why",
        element="00000000/5f0a1c41b2d3e8",
    )
    assert any(words in line for line in lines(tmp_path / "log"))


@pytest.mark.parametrize("event", list(Event))
def test_every_event_gives_exactly_one_line_whatever_its_facts(tmp_path: Path, event: Event) -> None:
    tell = teller(tmp_path / "log", level=logging.DEBUG)
    tell(event)
    tell(event, message_id="a\nb", reason="{c}", cause="%s", signer="\r")
    assert len(lines(tmp_path / "log")) == 2


def test_a_message_without_an_id_is_called_noid(tmp_path: Path) -> None:
    teller(tmp_path / "log")(Event.PUBLISHED)
    assert lines(tmp_path / "log")[0].endswith("Sent noid")


@pytest.mark.parametrize(
    "forged",
    ["x\n2012-01-01 00:00:00,000 - ssmsend - INFO - Sent y", "x\ry", "x\x1b[2Jy", "x\u2028y", "x\x85y", "x\ud800y"],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_comes_from_outside_cannot_forge_a_line(tmp_path: Path, forged: str, form: str) -> None:
    teller(tmp_path / "log", form=form)(Event.PUBLISHED, message_id=forged)
    (line,) = (tmp_path / "log").read_bytes().decode("utf-8").splitlines()
    assert line.isprintable()


def test_braces_and_percent_signs_in_values_mean_nothing(tmp_path: Path) -> None:
    teller(tmp_path / "log")(Event.PUBLISHED, message_id="{reason} %s %(name)s {0.__class__}", reason="x")
    assert lines(tmp_path / "log")[0].endswith("Sent {reason} %s %(name)s {0.__class__}")


def test_values_are_bounded() -> None:
    assert safe("x" * 100_000) == "x" * MAX_SHOWN + "…"
    assert safe("x" * MAX_SHOWN) == "x" * MAX_SHOWN


def test_letters_of_all_languages_stay_as_they_are() -> None:
    assert safe("/O=Université/CN=Ωμέγα") == "/O=Université/CN=Ωμέγα"
    assert safe(3) == "3"
    assert safe(1.5) == "1.5"


def test_a_json_line_holds_the_facts(tmp_path: Path) -> None:
    teller(tmp_path / "log", role="receiver", form="json")(
        Event.REJECTED, message_id="a/b", reason='say "no"', element="e", signer=None
    )
    found: dict[str, object] = json.loads(lines(tmp_path / "log")[0])
    assert found["event"] == "rejected"
    assert found["level"] == "WARNING"
    assert found["logger"] == "ssmreceive"
    assert found["message_id"] == "a/b"
    assert found["reason"] == 'say "no"'
    assert "signer" not in found
    assert "Message rejected" in str(found["text"])
    assert datetime.fromisoformat(str(found["ts"])).utcoffset() is not None


def test_lines_of_other_loggers_are_json_too(tmp_path: Path) -> None:
    teller(tmp_path / "log", form="json")
    logging.getLogger("somebody.else").warning("two\nlines")
    (line,) = lines(tmp_path / "log")
    found: dict[str, object] = json.loads(line)
    assert found["text"] == "two\nlines"
    assert "event" not in found


def test_a_trace_is_part_of_its_json_line() -> None:
    error = RuntimeError("planted")
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it broke", None, (type(error), error, None))
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "planted" in json.loads(line)["trace"]
    assert "planted" in TextFormatter().format(record)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_less_important_events_are_left_out(tmp_path: Path, level: int) -> None:
    tell = teller(tmp_path / "log", level=level)
    for event in Event:
        tell(event)
    assert len(lines(tmp_path / "log")) == sum(event.value.level >= level for event in Event)


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    teller(tmp_path / "log")(Event.NOTHING)
    assert len(lines(tmp_path / "log")) == 2


def test_a_log_that_was_rotated_away_is_opened_anew(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tell = teller(file)
    tell(Event.NOTHING)
    file.rename(tmp_path / "log.1")
    tell(Event.SHUT_DOWN)
    assert "No messages" in (tmp_path / "log.1").read_text()
    assert lines(file)[0].endswith("SSM has shut down.")


def test_a_log_in_a_missing_folder_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        teller(tmp_path / "none" / "log")


def test_without_a_file_the_log_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Logging(), "sender")(Event.NOTHING)
    shown = capsys.readouterr()
    assert "No messages found to send." in shown.err
    assert not shown.out


@pytest.mark.parametrize("console", [True, False])
def test_the_console_is_besides_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, console: bool) -> None:
    set_up(Logging(logfile=tmp_path / "log", console=console), "sender")(Event.NOTHING)
    assert ("No messages" in capsys.readouterr().err) is console
    assert len(lines(tmp_path / "log")) == 1


def test_setting_up_again_replaces_what_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(Logging(), "sender")
    teller(tmp_path / "log")(Event.NOTHING)
    assert len(lines(tmp_path / "log")) == 1
    assert not capsys.readouterr().err


def test_the_catalogue_has_one_entry_a_name_with_a_level_and_a_meaning() -> None:
    kinds = [event.value for event in Event]
    assert len({kind.name for kind in kinds}) == len(list(Event.__members__))
    for kind in kinds:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
        assert kind.level in {logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR}
        assert kind.meaning.endswith(".")
