"""Sign-in by an organisation's own identity provider: an OpenID Connect client of the authorization code flow, and who its answer is.

`id_token` judges what a provider signed, `provider` talks to it, `linking` says which member that is, `sealing` keeps the client's secret.
Why no library's: docs/adr/0017-sign-in.md. Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE), RFC 9700.
"""
