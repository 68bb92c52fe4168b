"""How passwords are kept: Argon2id, with parameters that many sign-ins at once cannot turn against the machine.

Django's own parameters take 100 MiB and eight threads for each attempt; sixteen web threads would take 1.6 GiB.
Source: OWASP Password Storage Cheat Sheet, Argon2id with 19 MiB, two passes, one thread; RFC 9106.
"""
from django.contrib.auth.hashers import Argon2PasswordHasher


class FrugalArgon2(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1
