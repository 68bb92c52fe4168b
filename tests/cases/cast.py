"""The cast of the tests of access: a lender with cases, agencies, institutions, people in their roles; made by the services."""
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.api.authentication import viewer_of_key
from accounts.joining import Invitee, accept_as, invite
from accounts.models import Organisation, Person
from accounts.permissions import ROLES, Kind, Role
from accounts.portal.workplace import viewer_at
from accounts.selectors import live_memberships
from accounts.services import issue_api_key
from accounts.viewer import Viewer
from cases.assigning import Contract, assign_cases, distribute_cases, entrust
from cases.facts import ConsentKind
from cases.granting import Opening, grant_access
from cases.matters import accept_matter, submit_cases
from cases.models import Assignment, Case, Consent, Entrustment, Grant, Matter, Order, Party
from cases.orders import Paper, open_order, upload_order
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.services import deposit
from tests.accounts.people import make_organisation
from vault.storage import vault_store
from vault.uploads import store_upload

DAY = timedelta(days=1)


def viewer_of(person: Person) -> Viewer:
    """The person at his first organisation."""
    held = list(live_memberships(person))
    return viewer_at(held[0], held)


def join(login: str, role: Role, where: Organisation) -> Person:
    """Somebody who followed his invitation. He has no password, for to hash one takes longer than all the rest of a test."""
    person = Person.objects.create(login=login, display_name=f"姓名 {login}", password="!", created_at=timezone.now())
    _, token = invite(where, Invitee(login, person.display_name, role, "L-1", "G-1"), by=None, now=timezone.now())
    accept_as(person, token, now=timezone.now())
    return person


@dataclass
class Cast:
    """Organisations by name, made when first asked for; `now` moves by hand. `keeps`: originals are deposited, and not digests alone."""

    now: datetime = field(default_factory=lambda: timezone.now().replace(microsecond=0))
    organisations: dict[str, Organisation] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    keeps: bool = False

    def organisation(self, name: str, kind: Kind) -> Organisation:
        if name not in self.organisations:
            self.organisations[name] = make_organisation(kind, name)
        return self.organisations[name]

    def person(self, login: str, role: Role, at: str = "") -> Viewer:
        """Somebody in this role; without `at`, in the one organisation of his kind that is called by the kind."""
        if login not in self.people:
            kind = ROLES[role].kind
            self.people[login] = join(login, role, self.organisation(at or kind.value, kind))
        return viewer_of(self.people[login])

    def machine(self, name: str, kind: Kind) -> Viewer:
        """A key's viewer; its text is kept in `keys`."""
        key, text = issue_api_key(self.organisation(name, kind), label="test", now=self.now, valid_for=100 * DAY)
        self.keys[name] = text
        return viewer_of_key(key)

    @property
    def legal(self) -> Viewer:
        return self.person("legal", Role.LEGAL_OFFICER)

    @property
    def officer(self) -> Viewer:
        return self.person("officer", Role.CASE_OFFICER)

    def deposit(self, by: Viewer, case: str, *, kind: str = "sms", count: int = 1) -> list[str]:
        """Record numbers of records with one file each, deposited with a key of the viewer's organisation."""
        key = issue_api_key(by.organisation, label="deposits", now=self.now, valid_for=DAY)[0]
        items = [DepositItem(case, kind, "标题", (self._file(by.organisation),)) for _ in range(count)]
        return list(deposit(Depositor(by.organisation, key.pk), items, now=self.now).records)

    def _file(self, organisation: Organisation) -> FileItem:
        if not self.keeps:
            return FileItem("a.txt", "text/plain", 3, secrets.token_hex(32), None)
        stored = store_upload(vault_store(), organisation.ref, [secrets.token_bytes(3)])
        return FileItem("a.txt", "text/plain", 3, stored.sha256.hex(), stored.sm3.hex(), stored)

    def paper(self, by: Viewer) -> str:
        """The record number of a document that the viewer's organisation deposited for itself."""
        return self.deposit(by, "文件", kind="contract")[0]

    def case(self, reference: str = "LN-1", *, records: int = 1) -> Case:
        """A case of the lender's with records in it."""
        self.deposit(self.legal, reference, count=records)
        return Case.objects.get(organisation=self.legal.organisation, client_reference=reference)

    def entrustment(self, to: str = "collection_agency", **changes: Any) -> Entrustment:
        ref = self.organisation(to, Kind.COLLECTION_AGENCY).ref
        told = {"agency": ref, "number": f"WT-{secrets.token_hex(4)}", "scope": "电话与书面催收", "document": self.paper(self.legal),
                "starts_at": self.now, "ends_at": self.now + 30 * DAY, **changes}
        return entrust(self.legal, Contract(**told), now=self.now)

    def assigned(self, case: Case, agency: str = "collection_agency", *, to: str | None = None, includes_all: bool = False) -> Assignment:
        """The case with the agency, and distributed to the agent of that login when given."""
        [made] = assign_cases(self.officer, self.entrustment(agency), [case.ref], includes_all=includes_all, now=self.now)
        if to is not None:
            agent = self.person(to, Role.COLLECTION_AGENT, agency)
            supervisor = self.person(f"boss-{self.organisation(agency, Kind.COLLECTION_AGENCY).pk}", Role.AGENCY_SUPERVISOR, agency)
            distribute_cases(supervisor, [made.ref], agent.person, now=self.now)
        return made

    def consented(self, cases: list[Case], document: str) -> None:
        """The separate consent to provision in the file of each case, of a party whose data was erased."""
        held = set(Consent.objects.filter(document=document).values_list("party__case_id", flat=True))
        parties = Party.objects.bulk_create(
            Party(case=case, reference=secrets.token_hex(4), role="co_debtor", kind="person", erased_at=self.now)
            for case in cases if case.pk not in held)
        Consent.objects.bulk_create(
            Consent(party=party, position=1, kind=ConsentKind.PROVISION, document=document, given_on=date(2025, 3, 1)) for party in parties)

    def opening(self, which: list[Case], to: Organisation, **changes: Any) -> Opening:
        self.consented(which, "consent-2026-0001")
        told = {"receiver": to.ref, "basis": Grant.Basis.PROVIDED, "document": "consent-2026-0001", "purpose": "申请执行证书",
                "starts_at": self.now, "ends_at": self.now + 30 * DAY, "cases": [case.ref for case in which], **changes}
        return Opening(**told)

    def granted(self, case: Case, name: str, kind: Kind, **changes: Any) -> Grant:
        return grant_access(self.legal, self.opening([case], self.organisation(name, kind), **changes), now=self.now)

    def accepted(self, case: Case, name: str, by: Viewer, *, whole_case: bool = False, file_days: int = 10) -> Matter:
        """Granted, submitted, and accepted by this viewer."""
        grant = self.granted(case, name, by.kind)
        matter = submit_cases(self.legal, grant, [case.ref], purpose="出具执行证书", whole_case=whole_case, now=self.now)
        accept_matter(by, matter, number="（2026）公证字第1号", file_days=file_days, now=self.now)
        matter.refresh_from_db()
        return matter

    def ordered(
        self, case: Case, *, kinds: tuple[str, ...] = (), opened: bool = True, court: str = "court", by_machine: bool = False,
        number: str = "", scope: str = "通话录音",
    ) -> Order:
        """An order of the court, opened by a second judge unless told otherwise."""
        first, second = (self.person(f"{court}-{login}", Role.JUDGE, court) for login in ("judge", "judge2"))
        paper = Paper(
            number or f"调{secrets.token_hex(4)}", self.paper(first), scope, self.now, self.now + 30 * DAY, [case.ref], kinds)
        order = upload_order(self.machine(court, Kind.COURT) if by_machine else first, paper, now=self.now)
        if opened:
            open_order(second, order, now=self.now)
        return order


def numbers(records: Any) -> set[str]:
    return set(records.values_list("record", flat=True))


def all_of(case: Case) -> set[str]:
    return numbers(Evidence.objects.filter(case=case))
