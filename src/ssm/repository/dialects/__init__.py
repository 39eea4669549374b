# SPDX-License-Identifier: Apache-2.0
"""The databases there are. To add one: a file here and a line in this table. Drivers load when they are chosen."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ssm.errors import RepositoryError
from ssm.repository.dialects.mariadb import MARIADB
from ssm.repository.dialects.postgresql import POSTGRESQL
from ssm.repository.dialects.sqlite import SQLITE
from ssm.repository.session import Dialect

DIALECTS: dict[str, Dialect] = {one.name: one for one in (SQLITE, POSTGRESQL, MARIADB)}
OTHER_NAMES = {"postgres": "postgresql", "mysql": "mariadb"}


def dialect_of(text: str) -> Dialect:
    """By the beginning of a URL; RepositoryError where it is none that we know."""
    try:
        url: URL = make_url(text)
    except ArgumentError:
        raise RepositoryError("the url of the database is not one", hint="see [database] url") from None
    name = url.get_backend_name()
    found = DIALECTS.get(OTHER_NAMES.get(name, name))
    if found is None:
        raise RepositoryError(f"there is no database {name!r}; known are {', '.join(DIALECTS)}")
    return found
