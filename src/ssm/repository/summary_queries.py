# SPDX-License-Identifier: Apache-2.0
"""Queries that add up a month of a site: made once, and run for each month."""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias, cast

from sqlalchemy import BindParameter, Column, ColumnElement, Select, and_, bindparam, case, func, literal, null
from sqlalchemy import select as sql_select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from ssm.accounting.layouts import AGAIN
from ssm.accounting.summary_tables import CLOUD_SUMMARIES, JOB_SUMMARIES, JOB_USAGE, SOURCES
from ssm.ports.summaries import CloudGroup, JobGroup, Statement
from ssm.records.types.cloud import CLOUD
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY
from ssm.repository.schema import DIRTY, RECORDS, SUMMARIES

JOB_LABELS = JobGroup._fields[1:12]
CLOUD_LABELS = CloudGroup._fields[1:12]
CUMULATIVE = ("wall_duration", "cpu_duration")
Query: TypeAlias = "Select[*tuple[object, ...]]"
Columns: TypeAlias = "ReadOnlyColumnCollection[str, Column[object]]"
OF_SITE: BindParameter[object] = bindparam("of_site")
OF_MONTH: BindParameter[object] = bindparam("of_month")
OF_MESSAGES: BindParameter[object] = bindparam("of_messages", expanding=True)


def select(*columns: object) -> Query:
    """Columns of whatever types."""
    return sql_select(*cast("Sequence[ColumnElement[object]]", columns))


def here(columns: Columns) -> ColumnElement[bool]:
    """Rows of the month."""
    return and_(columns.site == OF_SITE, columns.month == OF_MONTH)


def said(column: ColumnElement[object]) -> ColumnElement[object]:
    """0 where nothing is said."""
    return func.coalesce(column, 0)


@cache
def marks_query() -> Query:
    """What has changed."""
    return select(DIRTY.c.kind, DIRTY.c.message, DIRTY.c.records).where(here(DIRTY.c))


@cache
def marked_query() -> Query:
    """Where something has changed."""
    return select(DIRTY.c.site, DIRTY.c.month).distinct()


@cache
def job_query() -> Query:
    """Jobs in groups."""
    table = RECORDS[JOB.name]
    labels = [table.c[name] for name in JOB_LABELS]
    times = func.min(table.c.end_time), func.max(table.c.end_time)
    sums = said(func.sum(table.c.wall_duration)), said(func.sum(table.c.cpu_duration))
    made = select(literal(JOB.name), *labels, *times, *sums, null(), null(), func.count())
    return made.where(here(table.c)).group_by(*labels)


@cache
def added_job_query() -> Query:
    """The same of what some messages have added; not of what has been said again or corrected since."""
    table = RECORDS[JOB.name]
    return job_query().where(table.c.message.in_(OF_MESSAGES), table.c[AGAIN].is_(None))


@cache
def known_jobs_query() -> Query:
    """How many jobs there were when they were last added up, by job records, whether they counted or not."""
    table = SUMMARIES[SOURCES.name]
    mine = and_(here(table.c), table.c.usage == JOB_USAGE, table.c.source == JOB.name)
    return select(said(func.sum(table.c["count"]))).where(mine)


@cache
def earlier_job_query() -> Query:
    """What was added up of jobs that have been forgotten since: their sums stand for them."""
    table = SUMMARIES[JOB_SUMMARIES.name]
    made = select(*(table.c[name] for name in JobGroup._fields))
    return made.where(here(table.c), table.c.source == JOB.name).order_by(table.c.number)


@cache
def summary_query() -> Query:
    """Received summaries."""
    table = RECORDS[SUMMARY.name]
    labels = [table.c[name] for name in (*JOB_LABELS, "earliest_end_time", "latest_end_time")]
    sums = said(table.c.wall_duration), said(table.c.cpu_duration)
    made = select(literal(SUMMARY.name), *labels, *sums, null(), null(), said(table.c.number_of_jobs))
    return made.where(here(table.c)).order_by(table.c.key_digest)


@cache
def normalised_query() -> Query:
    """Received normalised summaries: they do not say by what they were multiplied."""
    table = RECORDS[NORMALISED_SUMMARY.name]
    names = (*JOB_LABELS, "earliest_end_time", "latest_end_time")
    labels = [null() if name == "service_level" else table.c[name] for name in names]
    durations = ("wall_duration", "cpu_duration", "normalised_wall_duration", "normalised_cpu_duration")
    sums = [said(table.c[name]) for name in (*durations, "number_of_jobs")]
    made = select(literal(NORMALISED_SUMMARY.name), *labels, *sums)
    return made.where(here(table.c)).order_by(table.c.key_digest)


@cache
def machine_query() -> Query:
    """Machines in groups; durations are what came to those of the record before (APEL messages, cloud records)."""
    table = RECORDS[CLOUD.name]
    again = table.alias("again")
    mine = select(again.c.vm_uuid).where(here(again.c))
    before = {
        name: func.lag(said(table.c[name])).over(partition_by=table.c.vm_uuid, order_by=table.c.month)
        for name in CUMULATIVE
    }
    life = (
        select(table, *(said(column).label(f"{name}_before") for name, column in before.items()))
        .where(table.c.site == OF_SITE, table.c.month <= OF_MONTH, table.c.vm_uuid.in_(mine))
        .subquery("life")
    )
    labels = [life.c[name] for name in CLOUD_LABELS]
    times = func.min(life.c.start_time), func.max(life.c.start_time)
    grown = [said(func.sum(growth(life.c[name], life.c[f"{name}_before"]))) for name in CUMULATIVE]
    sums = [func.sum(life.c[name]) for name in ("network_inbound", "network_outbound", "memory", "disk")]
    made = select(literal(CLOUD.name), *labels, *times, *grown, *sums, func.count())
    return made.where(life.c.month == OF_MONTH).group_by(*labels).order_by(*labels)


def growth(now: ColumnElement[object], before: ColumnElement[object]) -> ColumnElement[object]:
    """Never below zero: a counter that was set back has not run backwards."""
    return case((said(now) > before, said(now) - before), else_=0)


@cache
def earlier_machine_query() -> Query:
    """What was added up of machines that have been forgotten since."""
    table = SUMMARIES[CLOUD_SUMMARIES.name]
    made = select(*(table.c[name] for name in CloudGroup._fields))
    return made.where(here(table.c), table.c.source == CLOUD.name).order_by(table.c.number)


@cache
def cloud_summary_query() -> Query:
    """Received summaries of machines."""
    table = RECORDS[CLOUD_SUMMARY.name]
    labels = [table.c[name] for name in (*CLOUD_LABELS, "earliest_start_time", "latest_start_time")]
    durations = said(table.c.wall_duration), said(table.c.cpu_duration)
    sums = [table.c[name] for name in ("network_inbound", "network_outbound", "memory", "disk")]
    made = select(literal(CLOUD_SUMMARY.name), *labels, *durations, *sums, said(table.c.number_of_vms))
    return made.where(here(table.c)).order_by(table.c.key_digest)


@cache
def following_query() -> Query:
    """The months in which the machines of this one were measured next."""
    table = RECORDS[CLOUD.name]
    again = table.alias("again")
    mine = select(again.c.vm_uuid).where(here(again.c))
    following = (
        select(func.min(table.c.month).label("month"))
        .where(table.c.site == OF_SITE, table.c.month > OF_MONTH, table.c.vm_uuid.in_(mine))
        .group_by(table.c.vm_uuid)
        .subquery()
    )
    return select(following.c.month).distinct()


@cache
def storage_query() -> Query:
    """Statements about storage."""
    table = RECORDS[STORAGE.name]
    return select(*(table.c[name] for name in Statement._fields)).where(here(table.c)).order_by(table.c.record_id)
