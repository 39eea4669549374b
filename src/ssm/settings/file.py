# SPDX-License-Identifier: Apache-2.0
"""An INI file as configparser reads it, or a word about what is broken that quotes none of it."""

import configparser
from pathlib import Path

from ssm.errors import ConfigError
from ssm.settings.found import Found


def parse(file: Path, found: Found) -> configparser.ConfigParser:
    """The file, as configparser reads it."""
    parser = configparser.ConfigParser()
    try:
        with file.open(encoding="utf-8-sig") as stream:
            parser.read_file(stream)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {file}", hint="name the configuration with -c FILE") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        # Not its own words: they may quote a line that holds a secret.
        found.fault("", "", trouble(error))
        raise ConfigError(f"{file} is not a configuration file", faults=found.faults) from None
    return parser


def trouble(error: configparser.Error | UnicodeDecodeError) -> str:
    """Where a file is broken, without quoting it."""
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first [section]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither a [section] nor an option: value"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: [{error.section}] {error.option} stands twice"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: [{error.section}] stands twice"
        case UnicodeDecodeError():
            return "it is not UTF-8 text"
        case _:
            return "it cannot be read as an INI file"
