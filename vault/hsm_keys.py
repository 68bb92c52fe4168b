"""The organisations' keys in a PKCS#11 token: the KeyProvider of production. They are made there and never leave it.

    label `cunzheng/vault/<organisation>/<n>`, n from 1, the highest wraps; CKA_ID: the 8 random bytes by which a wrapped key names it

Wrapping is CKM_AES_GCM in the token, in the same form as with files. The token is asked in one session by one thread at a time; a process
that was forked opens its own. What this does not do: make the token or its PIN. Source: PKCS #11 v2.40 2.12.3.
"""
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pkcs11
from pkcs11.exceptions import PKCS11Error

from vault.errors import KeyUnavailable
from vault.sealing import SealBroken
from vault.wrapping import HEAD_BYTES, ID_BYTES, NONCE_BYTES, PURPOSE, TAG_BYTES, VERSION, id_in

KEY_BITS = 256
Key = Any
"""A secret key of the token, which can encrypt and decrypt: the library mixes that in where its types do not show it."""
_sessions: dict[tuple[int, str, str], pkcs11.Session] = {}
_lock = threading.RLock()


class HsmKeyProvider:
    """Keys in the token with this label, by the module's shared library."""

    def __init__(self, module: str, token: str, pin: Callable[[], str]) -> None:
        self.module = module
        self.token = token
        self._pin = pin

    def wrap(self, organisation_ref: str, keys: Sequence[tuple[bytes, str]]) -> list[bytes]:
        with self._session() as session:
            present = self._present(session, organisation_ref) or self._make(session, organisation_ref, 1)
            head = VERSION + bytes(present.id)
            wrapped = []
            for key, belongs_to in keys:
                nonce = secrets.token_bytes(NONCE_BYTES)
                wrapped.append(head + nonce + present.encrypt(key, **_gcm(nonce, belongs_to)))
            return wrapped

    def unwrap(self, wrapped: bytes, belongs_to: str) -> bytes:
        if len(wrapped) < HEAD_BYTES or wrapped[:1] != VERSION:
            raise SealBroken
        with self._session() as session:
            key = next(_found(session, {pkcs11.Attribute.ID: id_in(wrapped)}), None)
            if key is None:
                raise KeyUnavailable
            try:
                return bytes(key.decrypt(wrapped[HEAD_BYTES:], **_gcm(wrapped[1 + ID_BYTES : HEAD_BYTES], belongs_to)))
            except PKCS11Error:
                if _refused_by_tag(key):
                    raise SealBroken from None
                raise

    def rotate(self, organisation_ref: str) -> bytes:
        with self._session() as session:
            return bytes(self._make(session, organisation_ref, self._highest(session, organisation_ref) + 1).id)

    def present_id(self, organisation_ref: str) -> bytes | None:
        with self._session() as session:
            present = self._present(session, organisation_ref)
            return None if present is None else bytes(present.id)

    def destroy(self, key_id: bytes) -> None:
        with self._session() as session:
            for key in list(_found(session, {pkcs11.Attribute.ID: key_id})):
                key.destroy()

    def _present(self, session: pkcs11.Session, organisation_ref: str) -> Key | None:
        highest = self._highest(session, organisation_ref)
        # Two processes may have made a first key at once; all choose the same of them, and the other one still unwraps.
        same = _found(session, {pkcs11.Attribute.LABEL: _label(organisation_ref, highest)}) if highest else iter(())
        return min(same, key=lambda key: bytes(key.id), default=None)

    @staticmethod
    def _highest(session: pkcs11.Session, organisation_ref: str) -> int:
        # Every label is read: an older key that was destroyed leaves a gap, and the present one stands behind it.
        beginning = _label(organisation_ref, "")
        labels = (str(key.label) for key in _found(session, {}))
        numbers = (label.removeprefix(beginning) for label in labels if label.startswith(beginning))
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    @staticmethod
    def _make(session: pkcs11.Session, organisation_ref: str, number: int) -> Key:
        return session.generate_key(
            pkcs11.KeyType.AES, KEY_BITS, id=secrets.token_bytes(ID_BYTES), label=_label(organisation_ref, number), store=True,
            template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False})

    @contextmanager
    def _session(self) -> Iterator[pkcs11.Session]:
        """The one session of this process. A token that fails is asked from the start the next time. Raises KeyUnavailable."""
        place = (os.getpid(), self.module, self.token)
        with _lock:
            try:
                if place not in _sessions:
                    _sessions[place] = self._opened()
                yield _sessions[place]
            except (PKCS11Error, OSError) as wrong:
                _close(_sessions.pop(place, None))
                raise KeyUnavailable from wrong

    def _opened(self) -> pkcs11.Session:
        library = pkcs11.lib(self.module)
        if _sessions:
            # This process was forked from one that used the token: the standard wants the library to be begun anew.
            _sessions.clear()
            library.reinitialize()
        return library.get_token(token_label=self.token).open(rw=True, user_pin=self._pin())


def _refused_by_tag(key: Key) -> bool:
    """Whether the token works, after it refused to decrypt: SoftHSM has one word for a wrong tag and for everything else."""
    nonce, probe = secrets.token_bytes(NONCE_BYTES), secrets.token_bytes(32)
    try:
        return bytes(key.decrypt(key.encrypt(probe, **_gcm(nonce, "probe")), **_gcm(nonce, "probe"))) == probe
    except PKCS11Error:
        return False


def _gcm(nonce: bytes, belongs_to: str) -> dict[str, Any]:
    parameters = pkcs11.GCMParams(nonce, PURPOSE + belongs_to.encode(), TAG_BYTES * 8)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}


def _label(organisation_ref: str, number: int | str) -> str:
    return f"cunzheng/vault/{organisation_ref}/{number}"


def _found(session: pkcs11.Session, attributes: dict[pkcs11.Attribute, Any]) -> Iterator[Key]:
    # Read to the end: a search that is left open would refuse the next one.
    return iter(list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY, **attributes})))


def _close(session: pkcs11.Session | None) -> None:
    if session is not None:
        with suppress(PKCS11Error):
            session.close()
