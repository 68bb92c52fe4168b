"""Every table of `accounts`, under one name: organisations and people, and how organisations are let in."""
from accounts.models.letting_in import (
    AnnualReview,
    Application,
    ApplicationCheck,
    PlatformAgreement,
    Replacement,
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
    "PlatformAgreement",
    "Replacement",
    "SignInRules",
    "SignatureNonce",
    "SigningKey",
    "TrialStep",
]
