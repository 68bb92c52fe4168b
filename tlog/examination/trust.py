"""What a verifier trusts: policies, the receipt key, the roots of timestamping authorities.

    policy.txt                     the log's key, the witnesses and the quorum in force (tlog-policy)
    policies/<end>.txt             earlier policies; <end> (YYYYMMDDTHHMMSSZ) is the first moment of the next one
    receipt.vkey                   the key that signs receipts and case heads, named <origin>/receipt
    tsa/*.pem                      certificates: those that are self-issued are roots, the others only help to build chains

What it is for: the same layout comes from a folder that the verifier obtained elsewhere (`--trust`) and from the package's
own `trust/`. The latter proves nothing, because whoever made the package chose it.

What it does not do: read folders, or judge certificates (`tlog.timestamp` does, at the time of a token).

Source: formats of this project, A5 and A6; C2SP tlog-policy.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from tlog.errors import VerificationError
from tlog.policy import Policy, parse_policy
from tlog.receipt import parse_receipt_keys
from tlog.verifier import Verifier

TRUST_FILE = re.compile(r"policy\.txt|policies/[^/]+\.txt|receipt\.vkey|tsa/[^/]+\.pem")
MAX_TRUST_FILE = 4 * 1024 * 1024
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted; `earlier` are (first moment of the next policy, policy), sorted; certificates are DER."""

    policy: Policy | None = None
    earlier: tuple[tuple[datetime, Policy], ...] = ()
    receipt_verifiers: tuple[Verifier, ...] = ()
    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()

    def policy_at(self, when: datetime | None) -> Policy | None:
        """Return the policy in force at `when`; without a verified time the present one. None when there is none."""
        for end, policy in self.earlier:
            # SPEC: a policy's <end> is exclusive.
            if when is not None and when < end:
                return policy
        return self.policy


def load_trust(files: Mapping[str, bytes]) -> Trust:
    """Return the trust that files of these names hold; names that `TRUST_FILE` does not match are ignored.

    Raises:
        VerificationError: a malformed policy, key, certificate or end of a policy.
    """
    texts = {name: data.decode("utf-8", "replace") for name, data in files.items() if not name.endswith(".pem")}
    earlier = {
        _end(name): parse_policy(text) for name, text in texts.items() if name.startswith("policies/") and TRUST_FILE.fullmatch(name)
    }
    roots, intermediates = _certificates(files)
    return Trust(
        policy=parse_policy(texts["policy.txt"]) if "policy.txt" in texts else None,
        earlier=tuple(sorted(earlier.items(), key=lambda pair: pair[0])),
        receipt_verifiers=parse_receipt_keys(texts["receipt.vkey"]) if "receipt.vkey" in texts else (),
        roots=roots,
        intermediates=intermediates,
    )


def _end(name: str) -> datetime:
    text = name.removeprefix("policies/").removesuffix(".txt")
    try:
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise VerificationError(f"{name[:60]!r} is not named for the end of a policy")


def _certificates(files: Mapping[str, bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    roots: list[bytes] = []
    intermediates: list[bytes] = []
    for name, data in sorted(files.items()):
        if not name.startswith("tsa/") or not TRUST_FILE.fullmatch(name):
            continue
        blocks = _CERTIFICATE.findall(data)
        if not blocks:
            raise VerificationError(f"{name[:60]!r} holds no certificate")
        for block in blocks:
            try:
                certificate = x509.load_pem_x509_certificate(block)
                # SPEC: an intermediate is never a trust anchor.
                is_root = certificate.subject == certificate.issuer
            except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
                raise VerificationError(f"{name[:60]!r} holds a certificate that cannot be read") from None
            (roots if is_root else intermediates).append(certificate.public_bytes(Encoding.DER))
    return tuple(roots), tuple(intermediates)
