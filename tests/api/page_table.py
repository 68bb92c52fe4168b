"""The table of the routes outside the API: by which methods each is asked, and whose session gets an answer there.

`tests/accounts/test_page_routes.py` holds it against the service: a route or a method without a row fails, and a row that is not
so. Which cases and records somebody sees there is `tests/test_isolation.py`'s.
"""
from collections.abc import Set
from typing import NamedTuple

from accounts.permissions import Act


class Page(NamedTuple):
    """`who`: the acts of which one is needed, to others it is forbidden; or one of these.

    `anyone`; a `person` who is signed in; an `administrator` of his organisation, to others it is forbidden; the `operator`, to others it
    is not there; who manages members or keys at his `own` organisation; and `managers` of members, at their own, or as the operator where
    the managers of another are concerned.
    """

    who: str | Set[Act]
    methods: tuple[str, ...]


def _pages(who: str | Set[Act], methods: str, *paths: str) -> dict[str, Page]:
    return dict.fromkeys(paths, Page(who, tuple(methods.split())))


PEOPLE: dict[str, Page] = {
    **_pages("anyone", "GET", "/sign-in/inactive", "/sign-in/at/{ref}", "/sign-in/at/{ref}/go", "/sign-in/at/{ref}/callback",
             "/apply/status/{token}", "/platform-facts"),
    **_pages("anyone", "GET POST", "/invitations/{token}", "/account/notifications/confirm/{token}", "/apply"),
    **_pages("anyone", "GET POST PUT", "/sign-in", "/sign-in/second-factor", "/sign-in/passkey"),
    **_pages("anyone", "POST", "/apply/status/{token}/papers", "/apply/status/{token}/withdraw"),
    **_pages("managers", "GET", "/organisations/{ref}/members"),
    **_pages("managers", "POST", "/organisations/{ref}/invitations", "/organisations/{ref}/invitations/{invitation_id}/withdraw",
             "/organisations/{ref}/members/{membership_id}/end"),
    **_pages("operator", "POST", "/keys/{key_id}/revoke", "/keys/signing/{key_id}/revoke"),
    **_pages("own", "POST", "/organisations/{ref}/workstations/{key_id}/approve", "/organisations/{ref}/workstations/{key_id}/revoke"),
    **_pages({Act.KEEP_CASE}, "GET", "/cases/import/{checked}", "/cases/import/{checked}/state"),
    **_pages({Act.KEEP_CASE, Act.DISTRIBUTE}, "GET", "/evidence/batches", "/evidence/batches/{ref}"),
    **_pages("operator", "GET", "/keys", "/applications", "/reviews", "/organisations"),
    **_pages("operator", "GET POST", "/applications/{reference}", "/platform-facts/new", "/organisations/{ref}/administrator",
             "/organisations/{ref}/details"),
    **_pages("operator", "POST", "/applications/{reference}/papers/{paper_id}",
             "/organisations/{ref}/administrator/{replacement_id}/confirm", "/organisations/{ref}/administrator/{replacement_id}/withdraw",
             "/organisations/{ref}/activate", "/organisations/{ref}/review", "/organisations/{ref}/status"),
    **_pages("own", "GET", "/organisations/{ref}/webhooks", "/organisations/{ref}/webhooks/{webhook}",
             "/organisations/{ref}/keys"),
    **_pages("own", "GET POST", "/organisations/{ref}/sign-in"),
    **_pages("own", "POST", "/organisations/{ref}/sign-in/provider", "/organisations/{ref}/sign-in/provider/remove",
             "/organisations/{ref}/webhooks/new", "/organisations/{ref}/webhooks/{webhook}/secret",
             "/organisations/{ref}/webhooks/{webhook}/test", "/organisations/{ref}/webhooks/{webhook}/delete",
             "/organisations/{ref}/keys/new",
             "/organisations/{ref}/keys/{key_id}/revoke", "/organisations/{ref}/signing-keys",
             "/organisations/{ref}/signing-keys/{key_id}/revoke", "/organisations/{ref}/members/{membership_id}/renew"),
    **_pages("person", "GET", "/account", "/account/second-factor", "/account/second-factor/passkeys",
             "/account/second-factor/recovery-codes", "/inbox", "/practice/file", "/home"),
    **_pages("person", "GET POST", "/sign-out", "/account/notifications", "/account/lock", "/agreement", "/practice"),
    **_pages("administrator", "GET", "/agreement/acceptance"),
    **_pages("administrator", "GET POST", "/organisation"),
    **_pages("person", "GET POST DELETE", "/account/second-factor/passkeys/{pk}/remove"),
    **_pages("person", "GET POST PUT", "/account/password", "/account/second-factor/app", "/account/second-factor/app/remove",
             "/account/second-factor/passkeys/add", "/account/second-factor/passkeys/{pk}/name",
             "/account/second-factor/recovery-codes/new",
             "/account/confirm", "/account/confirm/passkey", "/account/sessions"),
    **_pages("person", "POST", "/inbox/read", "/account/notifications/number", "/account/notifications/confirm",
             "/account/sessions/{session_id}/end", "/workplace", "/practice/package"),
    **_pages({Act.ACCEPT, Act.PREPARE}, "GET", "/docket", "/docket/{ref}/cases"),
    **_pages({Act.ACCEPT}, "POST", "/docket/{ref}/accept", "/docket/{ref}/close"),
    **_pages({Act.APPROVE_LARGE_GRANT, Act.DISTRIBUTE, Act.GRANT}, "GET", "/access", "/access/matters/{ref}/cases"),
    **_pages({Act.APPROVE_LARGE_GRANT}, "POST", "/access/grants/{ref}/approve"),
    **_pages({Act.DEPOSIT}, "GET", "/work", "/work/{case_ref}", "/visit"),
    **_pages({Act.DEPOSIT}, "GET POST", "/records/{number}/supersede", "/records/{number}/relate"),
    **_pages({Act.DEPOSIT}, "POST", "/work/{case_ref}/deposits"),
    **_pages({Act.DISTRIBUTE, Act.GRANT}, "POST", "/access/selection"),
    **_pages({Act.DISTRIBUTE}, "POST", "/access/assign", "/access/withdraw", "/access/distribute"),
    **_pages({Act.FETCH}, "POST", "/cases/{ref}/package", "/evidence/package"),
    **_pages({Act.GRANT}, "POST", "/access/entrustments", "/access/entrustments/{ref}/end", "/access/grants",
             "/access/grants/{ref}/revoke"),
    **_pages({Act.KEEP_CASE}, "GET", "/cases/import/template.csv", "/cases/import/payments/template.csv", "/rate-caps"),
    **_pages({Act.KEEP_CASE}, "GET POST", "/cases/import", "/cases/import/payments"),
    **_pages({Act.KEEP_CASE}, "POST", "/cases/import/{checked}/confirm", "/cases/import/payments/{checked}/confirm",
             "/cases/{ref}/stage", "/cases/{ref}/payments", "/cases/{ref}/contacts", "/cases/{ref}/consents",
             "/cases/{ref}/consents/withdrawal", "/cases/{ref}/creditors", "/cases/{ref}/acceleration", "/rate-caps/add", "/rate-caps/end",
             "/rate-caps/remove", "/cases/{case}/reckoning/deposit"),
    **_pages({Act.MANAGE_ORGANISATIONS, Act.READ_HEALTH}, "GET", "/operations"),
    **_pages({Act.ORDER, Act.PREPARE}, "GET", "/orders", "/orders/{ref}/cases"),
    **_pages({Act.ORDER}, "POST", "/orders/{ref}/open", "/orders/{ref}/end"),
    **_pages({Act.PREPARE}, "POST", "/access/submit", "/orders/add"),
    **_pages({Act.READ_AUDIT, Act.READ_CASE}, "GET", "/cases/{ref}/accesses"),
    **_pages({Act.READ_AUDIT}, "GET", "/audit", "/audit/custody"),
    **_pages({Act.READ_AUDIT}, "POST", "/audit/export", "/audit/custody/export"),
    **_pages({Act.READ_CASE}, "GET", "/cases/{ref}", "/dashboard", "/cases/{case}/reckoning", "/cases/{case}/reckoning.csv",
             "/records/{number}/files/{position}/view", "/records/{number}/files/{position}/view/state",
             "/records/{number}/files/{position}/view/{part}"),
    **_pages({Act.READ_CASE}, "GET POST", "/cases", "/evidence"),
    **_pages({Act.READ_CASE}, "POST", "/cases/export", "/evidence/export", "/cases/{ref}/notes",
             "/records/{number}/files/{position}"),
    **_pages({Act.RELEASE}, "GET", "/quarantines"),
    **_pages({Act.RELEASE}, "GET POST", "/records/{number}/release"),
}
# Routes beside them that ask for no person.
PUBLIC: dict[str, Page] = {
    **_pages("anyone", "GET", "/", "/cases/{ref}/print.css", "/healthz", "/metrics", "/readyz", "/records/{number}",
             "/records/{number}/print.css", "/style", "/witness-guide",
             *(f"/log/{part}" for part in ("checkpoint", "incidents", "policy", "policy/{end}", "tile/{rest}", "timestamps", "vkey"))),
    **_pages("anyone", "POST", "/oauth/token", "/preferences"),
    **_pages("anyone", "GET POST", "/records", "/records/{number}/check"),
    # In development alone; it reads files, whatever the method.
    **_pages("anyone", "GET POST PUT PATCH DELETE", "/static/{path}"),
}
