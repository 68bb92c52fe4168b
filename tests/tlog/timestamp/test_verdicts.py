"""Every token of `cases_*.py`: our verdict and its reason, and beside it what OpenSSL and rfc3161-client say."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.tlog.timestamp.cases import POLICY, make
from tests.tlog.timestamp.catalogue import GOOD, HOSTILE
from tests.tlog.timestamp.disagreements import CLIENT, OPENSSL
from tests.tlog.timestamp.oracles import client_accepts, openssl_accepts
from tlog.timestamp import Reason, TimestampRefused, VerifiedTimestamp, verify_token


@pytest.mark.parametrize("title", GOOD)
def test_good_token_is_accepted_and_the_oracles_agree_or_are_listed(title: str, tmp_path: Path) -> None:
    case = make(GOOD[title])
    verified = verify_token(case.token, **case.told())
    assert isinstance(verified, VerifiedTimestamp)
    assert (verified.policy, verified.serial, verified.digest_algorithm) == (POLICY, 20261123, "sha256")
    assert openssl_accepts(case, tmp_path) is (title not in OPENSSL)
    assert case.crls or client_accepts(case) is (title not in CLIENT)


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_token_is_refused_for_its_reason_and_the_oracles_agree_or_are_listed(title: str, tmp_path: Path) -> None:
    reason, build = HOSTILE[title]
    case = make(build)
    with pytest.raises(TimestampRefused) as caught:
        verify_token(case.token, **case.told())
    assert caught.value.reason is reason, str(caught.value)
    assert str(caught.value).startswith(f"{reason}: ")
    assert openssl_accepts(case, tmp_path) is (title in OPENSSL)
    assert case.crls or client_accepts(case) is (title in CLIENT)


def test_every_listed_disagreement_is_about_a_case_and_has_a_reason() -> None:
    for table in (OPENSSL, CLIENT):
        assert table.keys() <= GOOD.keys() | HOSTILE.keys()
        assert all(len(reason) > 20 for reason in table.values())


def test_every_reason_has_a_token_that_is_refused_for_it() -> None:
    # Those of OCSP answers, which no token carries, are in `test_ocsp_answer`.
    assert {reason for reason, _ in HOSTILE.values()} == {reason for reason in Reason if not reason.startswith("ocsp-")}
    assert len(HOSTILE) >= 60
