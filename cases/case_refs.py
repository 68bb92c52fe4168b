"""The ref of a case that a paper names: assignment, grant, submission, order. It stands there when the case itself is closed again.

A join to the cases would hide the whole paper from its other side then, for row-level security shows cases that are open (ADR 0019). Of the
others a function of the tables' owner tells the ref, to the sides of such a paper alone.
"""
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func
from django.db.models.sql.compiler import SQLCompiler

NAMED = "(SELECT named.ref FROM cases_case named WHERE named.id = %(expressions)s)"


class CaseRef(Func):
    """`rows.annotate(case_ref=CaseRef())` for rows with a `case`."""

    template = f"coalesce({NAMED}, cunzheng_case_ref(%(expressions)s))"
    output_field = CharField()

    def __init__(self) -> None:
        super().__init__(F("case_id"))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template=NAMED, **context)
