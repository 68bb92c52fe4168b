"""Routes for people. django-allauth's views under our own addresses: those that we offer, and no other; its names are its own."""
from allauth.account import views as account_views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.webauthn import views as passkey_views
from django.urls import path
from django.views.decorators.cache import never_cache

from accounts.portal import (
    audit,
    invitations,
    keys,
    lock,
    members,
    organisation,
    organisations,
    provider_sign_in,
    security,
    sign_in_settings,
    workplace,
)

urlpatterns = [
    path("sign-in", account_views.login, name="account_login"),
    path("sign-in/second-factor", factor_views.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey", passkey_views.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/inactive", never_cache(account_views.account_inactive), name="account_inactive"),
    path("sign-in/at/<str:ref>", provider_sign_in.sign_in_at, name="sign-in-at"),
    path("sign-in/at/<str:ref>/go", provider_sign_in.ask_provider, name="sign-in-at-go"),
    path("sign-in/at/<str:ref>/callback", provider_sign_in.come_back, name="sign-in-at-callback"),
    path("sign-out", security.SignOutView.as_view(), name="account_logout"),
    path("invitations/<str:token>", invitations.InvitationView.as_view(), name="invitation"),
    path("account", members.account, name="account"),
    path("account/password", security.change_password, name="account_change_password"),
    path("account/second-factor", factor_views.index, name="mfa_index"),
    path("account/second-factor/app", security.TotpSetUpView.as_view(), name="mfa_activate_totp"),
    path("account/second-factor/app/remove", security.TotpRemovalView.as_view(), name="mfa_deactivate_totp"),
    path("account/second-factor/passkeys", security.list_passkeys, name="mfa_list_webauthn"),
    path("account/second-factor/passkeys/add", security.PasskeySetUpView.as_view(), name="mfa_add_webauthn"),
    path("account/second-factor/passkeys/<int:pk>/name", passkey_views.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/second-factor/passkeys/<int:pk>/remove", security.PasskeyRemovalView.as_view(), name="mfa_remove_webauthn"),
    path("account/second-factor/recovery-codes", recovery_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/recovery-codes/new", security.NewRecoveryCodesView.as_view(), name="mfa_generate_recovery_codes"),
    path("account/confirm", security.ShowAgainView.as_view(), name="mfa_reauthenticate"),
    path("account/confirm/passkey", security.ShowPasskeyAgainView.as_view(), name="mfa_reauthenticate_webauthn"),
    path("account/sessions", security.list_sessions, name="usersessions_list"),
    path("account/sessions/<int:session_id>/end", security.end_session, name="session-end"),
    path("account/lock", lock.idle_lock, name="idle-lock"),
    path("audit", audit.audit_log, name="audit"),
    path("audit/export", audit.audit_export, name="audit-export"),
    path("workplace", workplace.choose_workplace, name="workplace"),
    path("organisation", organisation.organisation, name="organisation"),
    path("organisations", organisations.organisations, name="organisations"),
    path("organisations/<str:ref>/review", organisations.review_organisation, name="organisation-review"),
    path("reviews", organisations.reviews, name="reviews"),
    path("organisations/<str:ref>/details", organisations.details, name="organisation-details"),
    path("organisations/<str:ref>/sign-in", sign_in_settings.sign_in_rules, name="organisation-sign-in"),
    path("organisations/<str:ref>/sign-in/provider", sign_in_settings.register_provider, name="organisation-provider"),
    path("organisations/<str:ref>/sign-in/provider/remove", sign_in_settings.forget_provider, name="organisation-provider-remove"),
    path(
        "organisations/<str:ref>/workstations/<int:key_id>/approve", sign_in_settings.approve_workstation, name="workstation-approve"),
    path("organisations/<str:ref>/workstations/<int:key_id>/revoke", sign_in_settings.revoke_workstation, name="workstation-revoke"),
    path("organisations/<str:ref>/members", members.members, name="organisation-members"),
    path("organisations/<str:ref>/keys", keys.keys, name="organisation-keys"),
    path("organisations/<str:ref>/keys/new", keys.new_key, name="organisation-new-key"),
    path("organisations/<str:ref>/keys/<int:key_id>/revoke", keys.revoke_key, name="organisation-revoke-key"),
    path("organisations/<str:ref>/signing-keys", keys.new_signing_key, name="organisation-new-signing-key"),
    path("organisations/<str:ref>/signing-keys/<int:key_id>/revoke", keys.revoke_public_key, name="organisation-revoke-signing-key"),
    path("organisations/<str:ref>/invitations", members.invite_member, name="organisation-invite"),
    path("organisations/<str:ref>/invitations/<int:invitation_id>/withdraw", members.withdraw, name="organisation-withdraw"),
    path("organisations/<str:ref>/members/<int:membership_id>/end", members.end_member, name="organisation-end-member"),
    path("organisations/<str:ref>/members/<int:membership_id>/renew", members.renew_sign_in, name="organisation-renew-sign-in"),
]
