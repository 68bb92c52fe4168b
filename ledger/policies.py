"""The policies of this log, one after the other: which keys are the log's, which witnesses it has, and how many must cosign.

    var/policies/<YYYYMMDDTHHMMSSZ>.txt       tlog-policy text, in force from that moment until the next one's

The operator's file (CUNZHENG_POLICY) is the first policy. From the first publication on, every other one was announced in the log
before it took effect (`ledger.announcements`); the sequencer keeps a copy of it here, so that a policy outlives the loss of a database.
What the operator's file may still change is addresses. Everything else reads what was recorded or announced, so that a slip in the file
harms no page and no deposit, and a checkpoint is always judged by the policy under which it was published. Without any file the policy
is the log alone.

What this does not do: announce a change (`ledger.announcing`).

Source: C2SP tlog-policy; formats A5 (`policies/<end>.txt`) and A6 ("the policy in force at its earliest verified genTime").
"""
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from ledger.announcements import announcements
from ledger.policy_text import MOMENT, Period, demands, judge_policy, own_keys, under_keys
from ledger.selectors import log_origin, log_state
from tlog.note import Verifier
from tlog.policy import NO_QUORUM, Policy

NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def policies() -> list[Period]:
    """Every policy of this log by its beginning, at least one; the last ones may be still to come.

    Raises ImproperlyConfigured before `init_service`, and when one cannot be read.
    """
    found = {period.since: period for announced in announcements() if announced.takes_effect for period in announced.periods}
    # The copy wins: it has the addresses of today.
    found |= {period.since: period for period in _recorded()}
    found.setdefault(BEGINNING, Period(BEGINNING, default_text()))
    return [found[since] for since in sorted(found)]


def default_text() -> str:
    """The log alone, under the key with which it began; nobody is asked."""
    return f"log {log_state().vkey} {settings.PUBLIC_URL}/log\nquorum {NO_QUORUM}\n"


def policy_in_force() -> Policy:
    return policy_at(timezone.now()).policy


def policy_at(moment: datetime, known: Sequence[Period] | None = None) -> Period:
    """The policy in force at a moment; `known` is what `policies` gave a moment ago."""
    known = policies() if known is None else known
    return [each for each in known if each.since <= moment][-1]


def log_keys_at(moment: datetime) -> tuple[Verifier, ...]:
    """The keys with which the log signs at a moment: two while it changes them."""
    return own_keys(policy_at(moment).policy, log_origin())


def recorded_first_key(origin: str) -> Verifier | None:
    """The key with which the log `origin` began, by the first policy that was recorded, None without one: for an empty database."""
    recorded = _recorded()
    return next(iter(own_keys(recorded[0].policy, origin)), None) if recorded else None


def log_verifiers() -> tuple[Verifier, ...]:
    """Every key that this log ever had or is to have, each once."""
    return tuple(dict.fromkeys(key for known in policies() for key in own_keys(known.policy, log_origin())))


def announced_vkeys() -> tuple[str, ...]:
    """The public keys of `log_verifiers`, and those that were announced and are not sure yet."""
    announced = [period for each in announcements() for period in each.periods]
    return tuple(dict.fromkeys(key.vkey for known in (*policies(), *announced) for key in own_keys(known.policy, log_origin())))


def adopt_policy(*, now: datetime) -> Period:
    """The policy in force, after the operator's file was held against it, and announced ones were copied.

    Before the first publication the file is the policy, whatever it was before; afterwards it may bring other addresses, or hold what was
    announced and is still to come. Raises ImproperlyConfigured, with a sentence for the operator, for anything else; OSError.
    """
    text = configured_text()
    keep_copies()
    current, origin = policy_at(now), log_origin()
    asked = demands(Period(now, text).policy, origin)
    if asked != demands(current.policy, origin) and log_state().published_size:
        _require_announced(asked, current, now)
        return current
    ours = under_keys(text, origin, [key.vkey for key in own_keys(current.policy, origin)])
    if ours == current.text:
        return current
    _record(Period(current.since, ours), again=True)
    return Period(current.since, ours)


def _require_announced(asked: object, current: Period, now: datetime) -> None:
    """Raises ImproperlyConfigured unless a policy that makes these demands is announced and still to come."""
    to_come = [period for announced in announcements() if announced.is_open(now) for period in announced.periods]
    if asked not in [demands(period.policy, log_origin()) for period in to_come]:
        where = f"CUNZHENG_POLICY: {settings.POLICY}" if settings.POLICY else "CUNZHENG_POLICY is not set, which"
        raise ImproperlyConfigured(
            f"{where} is another policy than the one in force since {current.since:{MOMENT}} ({settings.PUBLIC_URL}/log/policy), and "
            "none that was announced: run `manage.py announce_policy`, or put the text of the policy in force back.")


def keep_copies() -> None:
    """Copy the announced policies that will take effect, or did, to where a lost database does not take them along. Raises OSError."""
    copied = {period.since for period in _recorded()}
    for announced in announcements():
        for period in announced.periods:
            if announced.takes_effect and period.since not in copied:
                _record(period)


def configured_text() -> str:
    """The text of CUNZHENG_POLICY, judged; without one, no quorum under the keys in force. Raises ImproperlyConfigured."""
    if not settings.POLICY:
        return under_keys(default_text(), log_origin(), [key.vkey for key in log_keys_at(timezone.now())])
    return read_policy(Path(settings.POLICY), where=f"CUNZHENG_POLICY: {settings.POLICY}")


def read_policy(file: Path, *, where: str) -> str:
    """The text of an operator's file, judged. Raises ImproperlyConfigured with one sentence that begins with `where`."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as away:
        raise ImproperlyConfigured(f"{where} cannot be read ({type(away).__name__}).") from away
    judge_policy(text, where, accepted=announced_vkeys(), line=log_keys_at(timezone.now())[-1].vkey)
    return text


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "policies"


def _recorded() -> list[Period]:
    try:
        files = sorted(file for file in _folder().iterdir() if NAME.fullmatch(file.stem) and file.suffix == ".txt")
    except FileNotFoundError:
        return []
    return [Period(datetime.strptime(file.stem, MOMENT).replace(tzinfo=UTC), file.read_text(encoding="utf-8")) for file in files]


def _record(policy: Period, *, again: bool = False) -> None:
    """Durable on return; the file appears whole. `again` replaces one of the same moment; without it one that is there stays."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{policy.since:{MOMENT}}.txt", folder / f"{policy.since:{MOMENT}}.{os.getpid()}.partial"
    with partial.open("w", encoding="utf-8") as file:
        file.write(policy.text)
        file.flush()
        os.fsync(file.fileno())
    if again:
        partial.replace(path)
    else:
        try:
            os.link(partial, path)
        except FileExistsError:
            pass  # another sequencer made the same copy at this moment
        finally:
            partial.unlink()
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)
