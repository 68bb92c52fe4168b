"""Every table of `accounts`, under one name: organisations and people, and how organisations are let in."""
from accounts.models.letting_in import (
    Agreement,
    AnnualReview,
    Application,
    ApplicationCheck,
    TrialStep,
)
from accounts.models.people import (
    ApiKey,
    AuditEntry,
    AuditHead,
    IdentityProvider,
    Invitation,
    LinkedIdentity,
    Membership,
    Organisation,
    Person,
    SignatureNonce,
    SigningKey,
    SignInRules,
)

__all__ = [
    "Agreement",
    "AnnualReview",
    "ApiKey",
    "Application",
    "ApplicationCheck",
    "AuditEntry",
    "AuditHead",
    "IdentityProvider",
    "Invitation",
    "LinkedIdentity",
    "Membership",
    "Organisation",
    "Person",
    "SignInRules",
    "SignatureNonce",
    "SigningKey",
    "TrialStep",
]
