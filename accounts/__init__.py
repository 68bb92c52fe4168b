"""Organisations and the credentials of their machines. People, roles and sign-in come with the console."""
