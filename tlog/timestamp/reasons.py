"""Why a timestamp token is refused: one stable word for every check, so that tests, pages and alarms can tell them apart.

The words are a closed list; a word is never re-used for another check. Source: formats.md A7, RFC 3161, RFC 5652, RFC 5035, RFC 5280,
RFC 6960.
"""
import enum

from tlog.errors import VerificationError


class Reason(enum.StrEnum):
    """The first word of every refusal."""

    # The bytes.
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    TRAILING_BYTES = "trailing-bytes"
    # The response and the signed data around the token.
    STATUS = "status"
    NOT_SIGNED_DATA = "not-signed-data"
    CONTENT_TYPE = "content-type"
    SIGNER_COUNT = "signer-count"
    SIGNER_IDENTIFIER = "signer-identifier"
    SIGNER_CERTIFICATE = "signer-certificate"
    ATTRIBUTES = "attributes"
    CONTENT_TYPE_ATTRIBUTE = "content-type-attribute"
    MESSAGE_DIGEST = "message-digest"
    ESS_CERT_ID = "ess-cert-id"
    SIGNATURE = "signature"
    # Algorithms and keys, wherever they stand.
    ALGORITHM = "algorithm"
    WEAK_DIGEST = "weak-digest"
    WEAK_KEY = "weak-key"
    # What the token says.
    VERSION = "version"
    IMPRINT_ALGORITHM = "imprint-algorithm"
    IMPRINT = "imprint"
    NONCE = "nonce"
    POLICY = "policy"
    TSA_NAME = "tsa-name"
    GEN_TIME = "gen-time"
    AHEAD_OF_CLOCK = "ahead-of-clock"
    TOO_EARLY = "too-early"
    # Certificates and the chain, judged at genTime.
    EXTENDED_KEY_USAGE = "extended-key-usage"
    KEY_USAGE = "key-usage"
    BASIC_CONSTRAINTS = "basic-constraints"
    PATH_LENGTH = "path-length"
    CRITICAL_EXTENSION = "critical-extension"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    CHAIN_SIGNATURE = "chain-signature"
    CHAIN = "chain"
    ROOTS = "roots"
    # Revocation.
    CRL_MALFORMED = "crl-malformed"
    CRL_SIGNATURE = "crl-signature"
    CRL_SCOPE = "crl-scope"
    CRL_STALE = "crl-stale"
    OCSP_MALFORMED = "ocsp-malformed"
    OCSP_STATUS = "ocsp-status"
    OCSP_CERTIFICATE = "ocsp-certificate"
    OCSP_SIGNATURE = "ocsp-signature"
    OCSP_RESPONDER = "ocsp-responder"
    OCSP_STALE = "ocsp-stale"
    OCSP_AHEAD = "ocsp-ahead"
    REVOKED = "revoked"
    KEY_COMPROMISE = "key-compromise"


class TimestampRefused(VerificationError):
    """A token that does not verify. `str(error)` is `<reason word>: <sentence>`; `reason` is the word alone."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
