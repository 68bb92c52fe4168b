"""Row-level security, the second gate of isolation (docs/adr/0019): on PostgreSQL, a session sees what the viewer that it was told of may see.

The functions are `cases.roots` in SQL: others' cases that are open to the organisation at this moment, and what of their records. They
belong to the owner of the tables and read past the policies, which ask them. Every condition is false for a session that was told nothing
(`common.tenancy`). SQLite has nothing of this.
"""
# ruff: noqa: S608 - every part of these statements is a text of this file
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# In a sub-select, so that it is asked once for a statement and not for each row.
ORG = "(SELECT nullif(current_setting('cunzheng.organisation', true), '')::bigint)"
RECORD = "(SELECT nullif(current_setting('cunzheng.record', true), ''))"
RECEIPT = "(SELECT nullif(current_setting('cunzheng.receipt', true), '')::bigint)"
TICKET = "(SELECT decode(nullif(current_setting('cunzheng.ticket', true), ''), 'hex'))"
CASES = "(SELECT string_to_array(nullif(current_setting('cunzheng.cases', true), ''), ','))::text[]"
RECORDS = "(SELECT string_to_array(nullif(current_setting('cunzheng.records', true), ''), ','))::bigint[]"
NOW = "statement_timestamp()"

# By which rows another's case is open to the organisation `org` at this moment. `person`: to him alone, of what is assigned.
ASSIGNED = f"""cases_assignment a JOIN cases_entrustment e ON e.id = a.entrustment_id
WHERE e.agency_id = org AND a.withdrawn_at IS NULL AND e.ended_at IS NULL AND e.starts_at <= {NOW} AND e.ends_at > {NOW}
  AND (person IS NULL OR EXISTS (SELECT 1 FROM cases_distribution d WHERE d.assignment_id = a.id AND d.agent_id = person AND d.until IS NULL))"""
GRANTED = f"""cases_grantedcase a JOIN cases_grant g ON g.id = a.grant_id
WHERE g.receiver_id = org AND g.revoked_at IS NULL AND g.starts_at <= {NOW} AND g.ends_at > {NOW}
  AND (g.case_count <= 100 OR g.approved_at IS NOT NULL)"""
ACCEPTED = f"""cases_submittedcase a JOIN cases_matter m ON m.id = a.matter_id
WHERE m.institution_id = org AND m.accepted_at IS NOT NULL AND (m.closed_at IS NULL OR m.open_until > {NOW})"""
ORDERED = f"""cases_orderedcase a JOIN cases_order o ON o.id = a.order_id
WHERE o.court_id = org AND o.opened_at IS NOT NULL AND o.ended_at IS NULL AND o.starts_at <= {NOW} AND o.ends_at > {NOW}"""
OF_KINDS = "EXISTS (SELECT 1 FROM cases_orderedkind k WHERE k.order_id = o.id)"
IS_ASSIGNED = f"SELECT 1 FROM {ASSIGNED} AND a.case_id = of_case AND e.lender_id = owner"


def function(arguments: str, returns: str, body: str, *, language: str) -> str:
    """One that runs as the owner of the tables, past their policies; `%(schema)s` is theirs."""
    return (
        f"CREATE FUNCTION {arguments} RETURNS {returns} LANGUAGE {language} STABLE SECURITY DEFINER"
        f' SET search_path = "%(schema)s", pg_temp AS $${body}$$')


def told(body: str) -> str:
    return f"""
DECLARE
    org bigint := nullif(current_setting('cunzheng.organisation', true), '');
    person bigint := nullif(current_setting('cunzheng.person', true), '');
BEGIN
{body}
END"""


def asks(arguments: str, *ways: str) -> str:
    """Whether one of these finds a row, asked one after the other."""
    each = "".join(f"IF EXISTS ({way}) THEN RETURN true; END IF;\n" for way in ways)
    return function(arguments, "boolean", told(f"{each}RETURN false;"), language="plpgsql")


def lists(name: str, *ways: str) -> str:
    """The cases that are open by these ways. plpgsql keeps their plans for the session.

    A policy makes a hash of such a list, once for a statement and only when a row comes that is not one's own. Written into the policies
    themselves the question was planned each time that one stood in a statement, which made a deposit five times as slow; asked for each row
    it made an agency's home page thirty times as slow (measured).
    """
    each = "".join(f"RETURN QUERY SELECT a.case_id FROM {way};\n" for way in ways)
    return function(f"{name}()", "SETOF bigint", told(f"IF org IS NULL THEN RETURN; END IF;\n{each}"), language="plpgsql")


FUNCTIONS = {
    "cunzheng_open_cases()": lists("cunzheng_open_cases", ASSIGNED, GRANTED, ACCEPTED, ORDERED),
    # With all of their records, and with some: of a submitted case up to a place, of an ordered one those of some kinds.
    "cunzheng_wholly_open_cases()": lists(
        "cunzheng_wholly_open_cases", f"{ASSIGNED} AND a.includes_all", GRANTED, f"{ACCEPTED} AND a.up_to IS NULL", f"{ORDERED} AND NOT {OF_KINDS}"),
    "cunzheng_partly_open_cases()": lists(
        "cunzheng_partly_open_cases", f"{ACCEPTED} AND a.up_to IS NOT NULL", f"{ORDERED} AND {OF_KINDS}"),
    "cunzheng_opens_record(bigint, bigint, varchar)": asks(
        "cunzheng_opens_record(of_case bigint, place bigint, of_kind varchar)",
        f"SELECT 1 FROM {ACCEPTED} AND a.case_id = of_case AND place <= a.up_to",
        f"SELECT 1 FROM {ORDERED} AND a.case_id = of_case"
        " AND EXISTS (SELECT 1 FROM cases_orderedkind k WHERE k.order_id = o.id AND k.kind = of_kind)"),
    "cunzheng_assigns_case(bigint, bigint)": asks("cunzheng_assigns_case(of_case bigint, owner bigint)", IS_ASSIGNED),
    # Whether there is any paper between the two, also one that has ended.
    "cunzheng_deals_with(bigint)": asks(
        "cunzheng_deals_with(owner bigint)",
        "SELECT 1 FROM cases_entrustment e WHERE e.lender_id = owner AND e.agency_id = org",
        "SELECT 1 FROM cases_grant g WHERE g.lender_id = owner AND g.receiver_id = org",
        "SELECT 1 FROM cases_order o JOIN cases_orderedcase oc ON oc.order_id = o.id JOIN cases_case c ON c.id = oc.case_id"
        " WHERE o.court_id = org AND o.opened_at IS NOT NULL AND c.organisation_id = owner"),
    # Opened orders that name cases of one's own.
    "cunzheng_ordered_of_own()": function(
        "cunzheng_ordered_of_own()", "TABLE (id bigint, order_id bigint)",
        "SELECT oc.id, oc.order_id FROM cases_orderedcase oc JOIN cases_order o ON o.id = oc.order_id JOIN cases_case c ON c.id = oc.case_id"
        f" WHERE c.organisation_id = {ORG} AND o.opened_at IS NOT NULL", language="sql"),
    # What a paper of one's own names stays named when the paper has ended and the case is closed: by its ref, and nothing else of it.
    "cunzheng_case_ref(bigint)": function("cunzheng_case_ref(wanted bigint)", "varchar", f"""
SELECT c.ref FROM cases_case c WHERE c.id = wanted AND (
    c.organisation_id = {ORG}
    OR EXISTS (SELECT 1 FROM cases_assignment a JOIN cases_entrustment e ON e.id = a.entrustment_id
               WHERE a.case_id = c.id AND e.agency_id = {ORG})
    OR EXISTS (SELECT 1 FROM cases_grantedcase gc JOIN cases_grant g ON g.id = gc.grant_id WHERE gc.case_id = c.id AND g.receiver_id = {ORG})
    OR EXISTS (SELECT 1 FROM cases_submittedcase sc JOIN cases_matter m ON m.id = sc.matter_id
               WHERE sc.case_id = c.id AND m.institution_id = {ORG})
    OR EXISTS (SELECT 1 FROM cases_orderedcase oc JOIN cases_order o ON o.id = oc.order_id WHERE oc.case_id = c.id AND o.court_id = {ORG}))
""", language="sql"),
}

OWN = f"organisation_id = {ORG}"


def there(table: str, column: str, more: str = "") -> str:
    """Whether the row that `column` refers to is visible, which is what that row's own policy says."""
    return f"EXISTS (SELECT 1 FROM {table} up WHERE up.id = {column}{more})"


def of_own_case(column: str) -> str:
    return there("cases_case", column, f" AND up.organisation_id = {ORG}")


def of_own_case_by(parent: str, column: str) -> str:
    return f"EXISTS (SELECT 1 FROM {parent} up JOIN cases_case c ON c.id = up.case_id WHERE up.id = {column} AND c.{OWN})"


def all_writes(condition: str) -> dict[str, tuple[str, str]]:
    return {"INSERT": ("", condition), "UPDATE": (condition, condition), "DELETE": (condition, "")}


def file_of(*tables: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Parts of a case's file: read by whom the case is open to, written by its own organisation."""
    return {table: {"SELECT": (there("cases_case", f"{table}.case_id"), ""), **all_writes(of_own_case(f"{table}.case_id"))} for table in tables}


def part_of(table: str, parent: str, column: str) -> dict[str, dict[str, tuple[str, str]]]:
    return {table: {"SELECT": (there(parent, f"{table}.{column}"), ""), **all_writes(of_own_case_by(parent, f"{table}.{column}"))}}


def notes() -> dict[str, dict[str, tuple[str, str]]]:
    """Whoever sees a case may write a note on it, in his organisation's name; the lender alone removes one."""
    written = f"organisation_ref = (SELECT n.ref FROM accounts_organisation n WHERE n.id = {ORG})"
    note = {**file_of("cases_note")["cases_note"], "INSERT": ("", f"{there('cases_case', 'cases_note.case_id')} AND cases_note.{written}")}
    text = {**part_of("cases_notetext", "cases_note", "note_id")["cases_notetext"],
            "INSERT": ("", there("cases_note", "cases_notetext.note_id", f" AND up.{written}"))}
    return {"cases_note": note, "cases_notetext": text}


def of_record(table: str) -> str:
    return there("evidence_evidence", f"{table}.evidence_id")


OPEN_CASE = f"{OWN} OR ref = ANY({CASES}) OR id IN (SELECT cunzheng_open_cases())"
CASE_TO_DEPOSIT_IN = f"{OWN} OR cunzheng_assigns_case(id, organisation_id)"
OPEN_RECORD = (
    f"{OWN} OR record = {RECORD} OR id = ANY({RECORDS}) OR (receipt_id = {RECEIPT} AND deposited_by_id = {ORG})"
    " OR case_id IN (SELECT cunzheng_wholly_open_cases())"
    f" OR (deposited_by_id = {ORG} AND case_id IN (SELECT cunzheng_open_cases()))"
    " OR (case_id IN (SELECT cunzheng_partly_open_cases()) AND cunzheng_opens_record(case_id, case_sequence, kind))"
)
NEW_RECORD = (
    f"({OWN} AND deposited_by_id IS NULL) OR (deposited_by_id = {ORG} AND cunzheng_assigns_case(case_id, organisation_id))"
)
DEPOSITED = f" AND (up.deposited_by_id = {ORG} OR up.organisation_id = {ORG} AND up.deposited_by_id IS NULL)"
BETWEEN_LENDER_AND_AGENCY = f"lender_id = {ORG} OR agency_id = {ORG}"
BETWEEN_LENDER_AND_RECEIVER = f"lender_id = {ORG} OR receiver_id = {ORG}"
OF_LENDER = f" AND up.lender_id = {ORG}"
OF_COURT = f" AND up.court_id = {ORG}"
GRANTED_BY_LENDER = f"EXISTS (SELECT 1 FROM cases_matter m JOIN cases_grant g ON g.id = m.grant_id WHERE m.id = matter_id AND g.lender_id = {ORG})"

# Table → command → (which rows there are for it, which rows it may leave). What is not here, the web's role cannot do.
# Whoever locks a row must be able to update it, so the side that only takes a paper is in the first condition and not in the second.
POLICIES: dict[str, dict[str, tuple[str, str]]] = {
    "cases_case": {"SELECT": (OPEN_CASE, ""), "INSERT": ("", OWN), "UPDATE": (CASE_TO_DEPOSIT_IN, CASE_TO_DEPOSIT_IN)},
    **file_of("cases_caserevision", "cases_creditorside", "cases_agreement", "cases_drawdown", "cases_payment", "cases_charge",
              "cases_party"),
    **part_of("cases_creditor", "cases_creditorside", "side_id"), **notes(),
    **part_of("cases_contactpoint", "cases_party", "party_id"), **part_of("cases_consent", "cases_party", "party_id"),
    "cases_caseimport": {"SELECT": (OWN, ""), **all_writes(OWN)},
    # Whoever reckons another's case reckons with its lender's caps.
    "cases_ratecaprow": {"SELECT": (f"{OWN} OR cunzheng_deals_with(organisation_id)", ""), **all_writes(OWN)},
    "cases_entrustment": {
        "SELECT": (BETWEEN_LENDER_AND_AGENCY, ""), "INSERT": ("", f"lender_id = {ORG}"),
        "UPDATE": (BETWEEN_LENDER_AND_AGENCY, f"lender_id = {ORG}")},
    "cases_assignment": {
        "SELECT": (there("cases_entrustment", "entrustment_id"), ""), "INSERT": ("", f"{there('cases_entrustment', 'entrustment_id', OF_LENDER)} AND {of_own_case('case_id')}"),
        "UPDATE": (there("cases_entrustment", "entrustment_id"), there("cases_entrustment", "entrustment_id", OF_LENDER))},
    "cases_distribution": {
        "SELECT": (there("cases_assignment", "assignment_id"), ""), "INSERT": ("", there("cases_assignment", "assignment_id")),
        "UPDATE": (there("cases_assignment", "assignment_id"), there("cases_assignment", "assignment_id"))},
    "cases_grant": {
        "SELECT": (BETWEEN_LENDER_AND_RECEIVER, ""), "INSERT": ("", f"lender_id = {ORG}"),
        "UPDATE": (BETWEEN_LENDER_AND_RECEIVER, f"lender_id = {ORG}")},
    "cases_grantedcase": {
        "SELECT": (there("cases_grant", "grant_id"), ""), "INSERT": ("", f"{there('cases_grant', 'grant_id', OF_LENDER)} AND {of_own_case('case_id')}")},
    "cases_matter": {
        "SELECT": (f"institution_id = {ORG} OR {there('cases_grant', 'grant_id', OF_LENDER)}", ""),
        "INSERT": ("", there("cases_grant", "grant_id", OF_LENDER)),
        "UPDATE": (f"institution_id = {ORG}", f"institution_id = {ORG}")},
    "cases_submittedcase": {
        "SELECT": (there("cases_matter", "matter_id"), ""), "INSERT": ("", f"{GRANTED_BY_LENDER} AND {of_own_case('case_id')}"),
        "UPDATE": (GRANTED_BY_LENDER, GRANTED_BY_LENDER)},
    "cases_order": {
        "SELECT": (f"court_id = {ORG} OR id IN (SELECT n.order_id FROM cunzheng_ordered_of_own() n)", ""),
        "INSERT": ("", f"court_id = {ORG}"), "UPDATE": (f"court_id = {ORG}", f"court_id = {ORG}")},
    "cases_orderedcase": {
        "SELECT": (f"{there('cases_order', 'order_id', OF_COURT)} OR id IN (SELECT n.id FROM cunzheng_ordered_of_own() n)", ""),
        "INSERT": ("", there("cases_order", "order_id", OF_COURT))},
    "cases_orderedkind": {"SELECT": (there("cases_order", "order_id"), ""), "INSERT": ("", there("cases_order", "order_id", OF_COURT))},
    "cases_accessevent": {
        "SELECT": (f"{OWN} OR {of_own_case('case_id')}", ""), "INSERT": ("", f"{OWN} AND {there('cases_case', 'case_id')}")},
    "evidence_evidence": {"SELECT": (OPEN_RECORD, ""), "INSERT": ("", NEW_RECORD)},
    "evidence_evidencefile": {
        "SELECT": (of_record("evidence_evidencefile"), ""),
        "INSERT": ("", there("evidence_evidence", "evidence_evidencefile.evidence_id", DEPOSITED))},
    "evidence_custodyevent": {
        "SELECT": (of_record("evidence_custodyevent"), ""),
        "INSERT": ("", f"organisation_ref = (SELECT n.ref FROM accounts_organisation n WHERE n.id = {ORG}) AND {of_record('evidence_custodyevent')}")},
    "evidence_supersession": {
        "SELECT": (f"{there('evidence_evidence', 'superseded_id')} OR {there('evidence_evidence', 'correction_id')}", ""),
        "INSERT": ("", f"{there('evidence_evidence', 'superseded_id', DEPOSITED)} AND {there('evidence_evidence', 'correction_id', DEPOSITED)}")},
    "evidence_originalticket": {
        "SELECT": (f"{OWN} OR token_sha256 = {TICKET}", ""), "INSERT": ("", OWN), "UPDATE": (OWN, OWN)},
    "evidence_recordtimestamp": {"SELECT": (of_record("evidence_recordtimestamp"), "")},
    "evidence_disclosureattempts": {
        "SELECT": (of_record("evidence_disclosureattempts"), ""), "INSERT": ("", of_record("evidence_disclosureattempts")),
        "UPDATE": (of_record("evidence_disclosureattempts"), of_record("evidence_disclosureattempts"))},
}


def close(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [schema] = cursor.fetchone()
        for statement in FUNCTIONS.values():
            cursor.execute(statement % {"schema": schema})
        for table, policies in POLICIES.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            # FORCE binds the owner too: the sequencer, the workers and the commands, which work for every organisation.
            cursor.execute("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = %s::regclass", [table])
            [owner] = cursor.fetchone()
            cursor.execute(f"CREATE POLICY cunzheng_owner ON {table} TO {owner} USING (true) WITH CHECK (true)")
            for command, (using, check) in policies.items():
                conditions = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
                cursor.execute(f"CREATE POLICY cunzheng_{command.lower()} ON {table} FOR {command}{conditions}")


def open_again(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, policies in POLICIES.items():
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            for name in ("owner", *map(str.lower, policies)):
                cursor.execute(f"DROP POLICY IF EXISTS cunzheng_{name} ON {table}")
        cursor.execute(f"DROP FUNCTION {', '.join(FUNCTIONS)}")


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0004_access'),
        ('evidence', '0010_read_by_others_index'),
    ]

    operations = [migrations.RunPython(close, open_again)]
