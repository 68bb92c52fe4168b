"""A timestamping authority for development and tests: a real RFC 3161 server on loopback with its own CA, and faults on request.

Nothing that it signs proves anything: every certificate says "TEST authority 测试机构". Run it with `python -m sandbox.tsa`.
"""
