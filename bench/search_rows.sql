-- Rows for `bench.search_requests`: %(n)s cases of three records each, a tenth of them another lender's, all but the newest 500 stamped.
-- `bench_record` has the numbers, blind digests and what is sealed, `bench_party` names and phones, which only Python can make. Statements end with a semicolon at the end of a line.
INSERT INTO accounts_apikey (organisation_id, prefix, secret_sha256, label, created_at, expires_at, scopes, must_sign)
    VALUES (%(own)s, 'bench', '\x00', 'bench', now(), now() + interval '1 day', '', false);
INSERT INTO ledger_receipt (text, key_id, received_at, include_by) VALUES ('', '00000000', now(), now() + interval '1 day');
INSERT INTO cases_case (organisation_id, ref, client_reference, sequence, head_sha256, created_at)
    SELECT CASE WHEN n %% 10 = 0 THEN %(other)s ELSE %(own)s END, md5(n::text), 'LN-' || n, 3, '\x00', now() - (%(n)s - n) * interval '9 s'
    FROM generate_series(1, %(n)s) n;
INSERT INTO cases_party (case_id, reference, role, kind, sealed_name, name_index)
    SELECT c.id, 'debtor', 'debtor', 'person', b.name, b.name_index FROM bench_party b JOIN cases_case c ON c.client_reference = 'LN-' || b.n
    ORDER BY b.n;
INSERT INTO cases_contactpoint (party_id, position, kind, sealed_value, value_index, basis, confirmed)
    SELECT p.id, 1, 'mobile', b.phone, b.phone_index, 'contract', true
    FROM bench_party b JOIN cases_case c ON c.client_reference = 'LN-' || b.n JOIN cases_party p ON p.case_id = c.id ORDER BY b.n;
INSERT INTO evidence_evidence (
        record, organisation_id, case_id, case_sequence, kind, received_at, credential_id, receipt_id, ticket, statement, wrapped_key, sealed_claims)
    SELECT b.record, c.organisation_id, c.id, (b.ticket - 1) / %(n)s + 1,
        CASE WHEN c.id %% 1000 = 7 AND b.ticket <= %(n)s THEN 'visit' WHEN b.ticket <= %(n)s THEN 'contract' ELSE 'sms' END,
        c.created_at, (SELECT max(id) FROM accounts_apikey), (SELECT max(id) FROM ledger_receipt), b.ticket,
        convert_to(repeat('s', 1500), 'UTF8'), b.wrapped, b.claims
    FROM bench_record b JOIN cases_case c ON c.client_reference = 'LN-' || ((b.ticket - 1) %% %(n)s + 1) ORDER BY b.ticket;
INSERT INTO evidence_evidencefile (evidence_id, position, size_bytes, sha256_hmac)
    SELECT e.id, 1, 100, b.digest FROM evidence_evidence e JOIN bench_record b ON b.ticket = e.ticket;
INSERT INTO cases_entrustment (
        ref, lender_id, agency_id, agency_kind, number, scope, document, starts_at, ends_at, created_at, created_by, ended_by)
    VALUES (repeat('0', 32), %(own)s, %(agency)s, 'collection_agency', 'bench', 'bench', 'bench', now() - interval '1 day',
        now() + interval '1 day', now(), 'bench', '');
INSERT INTO cases_assignment (ref, entrustment_id, case_id, includes_all, assigned_at, assigned_by, withdrawn_by)
    SELECT md5('a' || id), (SELECT max(id) FROM cases_entrustment), id, true, now(), 'bench', '' FROM cases_case
    WHERE right(client_reference, 1) = '1';
INSERT INTO ledger_logentry (index, ticket, entry) SELECT ticket - 1, ticket, '\x00' FROM evidence_evidence ORDER BY ticket;
INSERT INTO ledger_logbatch (size, root, sequenced_at, oldest_queued_at, rows_sha256) VALUES (3 * %(n)s, '\x00', now(), now(), '\x00');
INSERT INTO ledger_checkpoint (size, root, note, signed_at) VALUES (3 * %(n)s - 500, '\x00', '\x00', now());
INSERT INTO ledger_publishedcheckpoint (checkpoint_id, size, previous_size, note, published_at)
    SELECT id, size, 0, note, signed_at FROM ledger_checkpoint;
INSERT INTO ledger_timestamp (checkpoint_id, size, authority, token, gen_time, received_at)
    SELECT id, size, 'bench', '\x00', now(), now() FROM ledger_publishedcheckpoint;
UPDATE ledger_logstate SET size = 3 * %(n)s, applied_size = 3 * %(n)s, published_size = 3 * %(n)s - 500, stamped_size = 3 * %(n)s - 500;
