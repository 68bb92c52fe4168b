"""Where the log stands, in one word and with the figures that a reader can check: the input of the home page.

The figures are this service's own account; the page says beside each how to check it elsewhere.
"""
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.authorities import ListedAuthority, listed_authorities
from ledger.growth import growth_of_log
from ledger.incidents import CODES, incidents
from ledger.models import Incident
from ledger.policies import policy_in_force
from ledger.portal.chart import Chart, draw
from ledger.portal.endings import ending_words
from ledger.portal.keys import Key, keys_of
from ledger.portal.quorum_words import quorum_words
from ledger.portal.signatures import Signatures, signatures_of
from ledger.receipts import receipt_vkey
from ledger.selectors import Backlog, LogFacts, log_backlog, log_facts, published_note
from ledger.trust import policy_text, quorum_missing_since
from tlog.policy import Policy

# SPEC: formats A3: "Alarm already when a record is unpublished for 60 s."
LATE = timedelta(seconds=60)


class Account(NamedTuple):
    """Tone of the chip, its word, and the sentence beside it."""

    tone: str
    word: str | Promise
    sentence: str | Promise


ACCOUNTS: dict[str, Account] = {
    "frozen": Account("bad", _("已冻结"), _("日志已冻结，停止受理新的存证；已有的存证仍可核验。")),
    "closed": Account("none", _("已关闭"), _("日志已关闭，不再受理新的存证；已有的存证仍可查询和核验。")),
    "breach": Account("bad", _("违约"), _("有存证超过回执承诺的期限仍未发布：这是本服务的违约。")),
    "unwitnessed": Account("wait", _("等待联署"), _("有存证已写入日志，要等见证节点的联署达到法定数才发布，尚在回执承诺的期限之内。")),
    "late": Account("wait", _("发布迟缓"), _("有存证等待发布已超过 60 秒，尚在回执承诺的期限之内。")),
    "waiting": Account("wait", _("正在写入"), _("最新一批存证正在写入日志，通常几秒内发布。")),
    "empty": Account("none", _("就绪"), _("日志已就绪，尚未收到第一份存证。")),
    "current": Account("good", _("正常"), _("收到的存证已全部写入日志并发布。")),
}


class ListedIncident(NamedTuple):
    """An incident with its sentence; `ended_at` and `how` are None while it is open, `record` where the log took no entry any more.

    `how_words` is `how` in the reader's language, None where only the log's own English sentence is known.
    """

    sentence: str | Promise
    subject: str
    opened_at: datetime
    record: str | None
    ended_at: datetime | None
    how: str | None
    how_words: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a key of `ACCOUNTS`; `quorum` is the policy's in words; the lengths of time are the settings that the page promises."""

    state: str
    facts: LogFacts
    note: str
    receipt_vkey: str
    authorities: tuple[ListedAuthority, ...]
    policy: Policy
    policy_text: str
    quorum: str
    signatures: Signatures
    incidents: tuple[ListedIncident, ...]
    keys: tuple[Key, ...]
    chart: Chart
    quorum_missing_since: datetime | None
    promise_s: int
    checkpoint_s: float
    stamp_s: float

    @property
    def account(self) -> Account:
        return ACCOUNTS[self.state]

    @property
    def unpublished(self) -> int:
        """Entries that were acknowledged and stand in no published checkpoint yet."""
        return self.facts.queue_length + self.facts.size - self.facts.published_size

    @property
    def open_incidents(self) -> int:
        return sum(incident.ended_at is None for incident in self.incidents)

    @property
    def has_test_witness(self) -> bool:
        return any(witness.test for witness in self.signatures.witnesses)

    @property
    def has_test_authority(self) -> bool:
        return any(authority.test for authority in self.authorities)


def standing(now: datetime) -> Standing:
    """The log at `now`. Raises ImproperlyConfigured before set-up."""
    facts, missing = log_facts(), quorum_missing_since(now)
    note, policy = published_note(), policy_in_force()
    return Standing(
        state=_state(facts, log_backlog(), missing, now=now), facts=facts, note=note.decode() if note else "",
        receipt_vkey=receipt_vkey(), authorities=listed_authorities(),
        policy=policy, policy_text=policy_text(), quorum=quorum_words(policy), signatures=signatures_of(note, policy),
        incidents=_incidents(), keys=keys_of(policy), chart=draw(growth_of_log(now)), quorum_missing_since=missing,
        promise_s=settings.RECEIPT_PROMISE_S, checkpoint_s=settings.CHECKPOINT_INTERVAL_S, stamp_s=settings.STAMP_INTERVAL_S,
    )


def _incidents() -> tuple[ListedIncident, ...]:
    return tuple(map(_listed, incidents()))


def _listed(incident: Incident) -> ListedIncident:
    end = incident.end if hasattr(incident, "end") else None
    ended_at, how = (None, None) if end is None else (end.ended_at, end.how)
    record = None if incident.statement is None else incident.statement.record
    return ListedIncident(CODES[incident.code], incident.subject, incident.opened_at, record, ended_at, how, how and ending_words(how))


def _state(facts: LogFacts, backlog: Backlog, quorum_missing: datetime | None, *, now: datetime) -> str:
    if backlog.frozen:
        return "frozen"
    if facts.oldest_unpublished_at is None:
        return "closed" if backlog.closed else "current" if facts.size else "empty"
    waits = now - facts.oldest_unpublished_at
    if waits > timedelta(seconds=settings.RECEIPT_PROMISE_S):
        return "breach"
    # Before "late": whoever reads that a batch is usually published within seconds has to know what it waits for.
    if quorum_missing is not None:
        return "unwitnessed"
    return "late" if waits > LATE else "waiting"
