"""A TEST identity provider on loopback: OpenID Connect's code flow with PKCE, whoever one says one is, and wrong tokens on request.

It proves nothing about anybody; production never names one (plain http reaches opened networks only, and loopback is none there).
Source: OpenID Connect Core 1.0, Discovery 1.0; RFC 6749, 7636.
"""
