"""Timestamp tokens, good and forged, made by a CA and a TSA of the tests' own, and judged by us, by OpenSSL and by rfc3161-client."""
