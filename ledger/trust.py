"""The trust folder of formats A5: what a verifier needs besides a package, for convenience; it proves nothing by itself.

    policy.txt   receipt.vkey   tsa/<id>.pem          (policies/<end>.txt: none until a policy is replaced)
"""
import ssl

from django.conf import settings

from ledger.receipts import receipt_vkey
from ledger.selectors import log_state
from ledger.stamping import authorities


def policy_text() -> str:
    """The tlog-policy in force: the log's key and address; no witness yet, so no quorum."""
    return f"log {log_state().vkey} {settings.PUBLIC_URL}/log\nquorum none\n"


def vkeys_text() -> str:
    """The log's and the receipt's public keys, one a line."""
    return f"{log_state().vkey}\n{receipt_vkey()}\n"


def trust_files() -> dict[str, bytes]:
    """Path in the trust folder → bytes. Raises ImproperlyConfigured when the log is not set up, AuthoritiesMisconfigured."""
    files = {"policy.txt": policy_text().encode(), "receipt.vkey": f"{receipt_vkey()}\n".encode()}
    for authority in authorities():
        roots = dict.fromkeys(authority.roots)
        files[f"tsa/{authority.id}.pem"] = "".join(map(ssl.DER_cert_to_PEM_cert, roots)).encode()
    return files
