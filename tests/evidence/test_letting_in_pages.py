"""The pages of the letting-in and of the operator: sound markup, the strict policy, both languages complete."""
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Role
from evidence.agreements import accept_and_deposit
from evidence.models import PlatformFact
from evidence.own_deposits import OwnFile
from evidence.platform_facts import FactTold, record_fact
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.accounts.test_people_pages import LANGUAGES, assert_sound
from tests.evidence.letting_in import PDF, apply_now, decision, operators


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_letting_in_are_sound(language: str, service: str) -> None:
    cache.clear()
    first, second = map(signed_in, (one := operators()))
    where, application = apply_now()
    assert_sound(Client(), "/apply", language)
    assert_sound(Client(), where, language)
    decision(first, application)
    for path in ("/applications", f"/applications/{application.reference}"):
        assert_sound(first, path, language)
        assert_sound(second, path, language)
    refused, other = apply_now()
    decision(first, other, to="refuse", reason="授权书未盖章", letter_sealed="")
    assert_sound(Client(), refused, language)
    assert_sound(second, f"/applications/{other.reference}", language)
    today = timezone.now().date()
    told = FactTold(PlatformFact.Kind.MANUAL, "操作手册", today, today + timedelta(days=20), "0" * 32, name="手册")
    record_fact(told, OwnFile("document.pdf", "application/pdf", PDF), by=one[0], now=timezone.now())
    assert_sound(Client(), "/platform-facts", language)
    Organisation.objects.filter(pk=make_organisation().pk).update(review_due_at=timezone.now())
    for path in ("/platform-facts", "/platform-facts/new", "/reviews", "/operations"):
        assert_sound(first, path, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_an_organisation_on_its_way_are_sound(language: str, service: str) -> None:
    operator = signed_in(operators()[0])
    lender = make_organisation()
    Organisation.objects.filter(pk=lender.pk).update(status="checked", review_due_at=None)
    person = make_person("admin", Role.LENDER_ADMIN, lender)
    admin = signed_in(person)
    for path in ("/account", "/agreement"):
        assert_sound(admin, path, language)
    accept_and_deposit(lender, version="2026-11", by=person, now=timezone.now())
    for path in ("/organisation", "/practice"):
        assert_sound(admin, path, language)
    for path in (f"/organisations/{lender.ref}/details", "/organisations", "/operations"):
        assert_sound(operator, path, language)
