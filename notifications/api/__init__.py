"""Webhooks and notices over HTTP, for an organisation's machines."""
