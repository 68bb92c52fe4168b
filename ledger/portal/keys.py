"""Every key that a verifier of this log needs, with its fingerprint in groups of four, to be compared by telephone.

The fingerprint of a key is SHA-256 of its raw public bytes, as the witness's own key ceremony prints it; that of a root
certificate is SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it. From this page alone they prove nothing.
"""
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.receipts import receipt_vkey
from ledger.stamping import pinned_authorities
from tlog.note import Verifier
from tlog.policy import Policy

LOG, RECEIPT, WITNESS, ROOT = _("日志公钥"), _("回执公钥"), _("见证节点公钥"), _("时间戳机构根证书")


class Key(NamedTuple):
    """`use` says what it signs, `name` whose it is; `vkey` is "" for a certificate."""

    use: str | Promise
    name: str
    fingerprint: str
    vkey: str


def keys_of(policy: Policy) -> tuple[Key, ...]:
    """The keys in force: the log's, the receipts', the witnesses', the authorities' roots; no roots while one of them cannot be read."""
    return (
        *(_key(LOG, verifier.name, verifier) for verifier in policy.log_verifiers),
        _key(RECEIPT, "", Verifier.from_vkey(receipt_vkey())),
        *(_key(WITNESS, witness.name, witness.verifier) for witness in policy.witnesses),
        *_roots(),
    )


def fingerprint(data: bytes) -> str:
    """Hex SHA-256 in groups of four."""
    digits = hashlib.sha256(data).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _key(use: str | Promise, name: str, verifier: Verifier) -> Key:
    return Key(use, name, fingerprint(verifier.public_key), verifier.vkey)


def _roots() -> Iterator[Key]:
    try:
        configured = pinned_authorities()
    except ValueError:
        return  # whoever stamps or verifies says so; a page must not fill the log
    for authority in configured:
        for root in dict.fromkeys(authority.roots):
            yield Key(ROOT, authority.id, fingerprint(root), "")
