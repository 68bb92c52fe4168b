"""Where an oracle's verdict differs from ours, and why: a reason, and the cases it explains.

A case of `cases_good.py` or `cases_revocation.py` that is right is refused by the oracle; a hostile one is accepted by it. A difference
that is not listed fails the test, and so does a listed one that is gone. Most of the hostile ones would have passed as evidence if either
oracle had been the verdict.
"""
from __future__ import annotations

_BOTH: dict[str, tuple[str, ...]] = {
    "Both verify through OpenSSL's PKCS #7, which knows RSA only as PKCS #1 v1.5: a right PSS signature fails there.": (
        "rsa pss with sha256",
        "rsa pss with sha512 and another mask digest",
        "rsa pss all the way up",
    ),
    "They verify over the attributes in the order and encoding received, RFC 5652 5.4 over their DER encoding.": (
        "indefinite lengths and pieces in the attributes too",
        "attributes sent unsorted but signed as der",
    ),
    "They read every member of the certificate set, and fail when one is no certificate.": (
        "unreadable things among the certificates",
    ),
    "RFC 5280 4.1.2.5 includes notAfter; OpenSSL, which both are, excludes that very second.": (
        "stamped on the last second of the certificate",
    ),
    "RFC 3161 2.3 asks for one purpose; both look for the right one among all, or count bits.": (
        "signer with the purpose twice",
    ),
    "RFC 5280 lets an authority's extended key usage pass; we take it as a restriction, as browsers do.": (
        "authority restricted to TLS servers",
    ),
    "RFC 3161 2.3 reserves the key for timestamps; neither asks whether the certificate is an authority's.": (
        "signer that is an authority too",
    ),
    "OpenSSL takes keyCertSign as enough for a root without basicConstraints.": (
        "root that does not say it is an authority",
    ),
    "They process name and policy constraints, or let them pass; we do not process them and refuse what is critical.": (
        "critical name constraints in the intermediate",
        "critical policy constraints in the intermediate",
    ),
    "Neither judges strength by default: SHA-1, MD5, SHA-224, SHA-3, RSA of 1,024 bits and any curve pass.": (
        "signer's certificate signed with SHA-1",
        "signer's certificate signed with MD5",
        "intermediate signed with SHA-1",
        "signer's certificate signed with a PSS mask by SHA-1",
        "signer's certificate signed with SHA-224",
        "intermediate with RSA of 1,024 bits",
        "root with RSA of 1,024 bits",
        "signers certificate signed with sha3",
        "version 2 identifier by SHA-1",
        "version 2 identifier by MD5",
        "version 2 identifier by sha 224",
        "signer's digest SHA-1",
        "signer's digest MD5",
        "RSA signature named SHA-1",
        "ECDSA signature named SHA-1",
        "key on P-224",
        "key on a Koblitz curve",
        "RSA key of 1,024 bits",
    ),
    "OpenSSL ends a chain at a pinned self-signed certificate of any kind; ours ends at authorities only.": (
        "signer that signed itself, pinned",
    ),
    "The limit of eight certificates in a chain is ours.": (
        "nine certificates",
    ),
    "The bound is ours: RFC 3161 2.4.2 asks readers to take serial numbers of 160 bits, and we take no more.": (
        "a number of ten thousand octets",
        "a serial number of 161 bits",
    ),
    "Attributes that occur twice or have several values are not counted.": (
        "content type twice",
        "message digest twice, the first one right",
        "an attribute twice that is not known here",
        "content type attribute with two values",
        "content type attribute without a value",
        "two certificate identifier attributes in one",
    ),
    "The content type attribute, RFC 5652 11.1, is not asked for.": (
        "no content type attribute",
        "content type attribute of plain data",
    ),
    "They take the digest from the digest algorithm and the scheme from the key; the signature algorithm is not read.": (
        "PKCS #1 signature checked as PSS",
        "signature algorithm unknown",
        "RSA algorithm for an ECDSA key",
        "ECDSA algorithm for an RSA key",
        "ECDSA with another digest than the signer's",
        "RSA with another digest than the signer's",
    ),
    "Nobody can tell them our clock, nor when the stamped text was made.": (
        "time a second beyond the skew ahead of our clock",
        "time ten years ahead of our clock",
        "time a second beyond the skew before what it stamps",
    ),
    "Extensions of the TSTInfo are not looked at.": (
        "critical extension in the tst info",
    ),
}

_OPENSSL: dict[str, tuple[str, ...]] = {
    "Every certificate identifier has to be in the chain; RFC 5035 3 says that only the first names the signer.": (
        "ess cert id list that also names a stranger",
    ),
    "A list made after the time of judgement is not valid yet; for us it is the better witness. And any entry revokes, whenever.": (
        "clean list made a day later",
        "signer superseded later",
        "signer closed later and said so in time",
        "signers authority revoked later without a reason",
    ),
    "What follows the structure that was read is ignored.": (
        "a byte after the token",
        "a second token after the token",
        "bytes after the end of an indefinite length",
        "bytes in the signed content after the TSTInfo",
    ),
    "One usable list of the signer's issuer satisfies it; other lists and the rest of the chain are not asked.": (
        "signer on the second of two lists",
        "list of changes only",
        "one authority's list is fresh, the other's is not",
    ),
    "A list that is no PEM certificate list never reaches it; we refuse what we are given and cannot use.": (
        "list that cannot be read",
        "list in PEM",
        "list with two names for its signature's algorithm",
        "list of more than 32 mib",
    ),
    "SHA-1 under a list passes at its default security level.": (
        "list signed with sha 1",
    ),
    "They verify over the attributes in the order and encoding received, RFC 5652 5.4 over their DER encoding.": (
        "signature over attributes in an order that is not DER",
    ),
    "They take the digest from the digest algorithm and the scheme from the key; the signature algorithm is not read.": (
        "signer's digest with parameters",
    ),
    "genTime is not read at all by the verdict.": (
        "time without Z",
        "time with an offset",
        "time with an offset of zero",
        "time in month 13",
        "time in month 0",
        "time on 30 February",
        "time at 24 hours",
        "time at minute 60",
        "time in a leap second",
        "time in year 0",
        "time without seconds",
        "time without minutes",
        "time with a year of two digits",
        "time with a fraction that ends in zero",
        "time with a fraction of zero",
        "time with a point and no fraction",
        "time with a comma",
        "time with a space",
        "time with a line feed",
        "time with a zero byte",
        "time that is empty",
        "time in another script's digits",
        "time in year 9999",
        "time in year 1",
    ),
    "The ranges of the accuracy are not judged.": (
        "an accuracy of a thousand milliseconds",
    ),
}

_CLIENT: dict[str, tuple[str, ...]] = {
    "It takes status granted alone; RFC 3161 2.4.2 has grantedWithMods carry a token too.": (
        "whole response granted with modifications",
    ),
    "It reads DER only: no indefinite or long lengths, no unsorted set, no default written out.": (
        "indefinite lengths and pieces outside the attributes",
        "response in indefinite lengths",
        "lengths longer than needed",
        "unsorted certificates",
        "accuracy and ordering written out",
    ),
    "It takes the signer's certificate from the token or from a setting of its own, not from the intermediates.": (
        "no certificates at all and all given",
    ),
    "Its intermediates are put into the store of trusted certificates: a root among them is an anchor.": (
        "root given as an intermediate only",
    ),
    "It does not ask for signed attributes, and takes a signature over the content.": (
        "no signed attributes",
    ),
    "It does not look at ESSCertID or ESSCertIDv2.": (
        "no certificate identifier",
        "certificate identifier of the intermediate",
        "certificate identifier of another certificate of the same key",
        "the right certificate identifier second",
        "version 1 identifier of another certificate",
        "version 1 right and version 2 wrong",
        "version 1 wrong and version 2 right",
        "no identifier in the attribute",
        "certificate identifier with another serial number",
        "certificate identifier with another issuer",
        "certificate identifier with two issuers",
        "certificate identifier with a host name for issuer",
        "version 1 identifier with another serial number",
        "certificate identifier cut short",
        "certificate identifier that is a number",
        "certificate identifier with an unreadable issuer",
        "signer named is a neighbour with the same key",
        "signer exchanged for a certificate with the same issuer and serial number",
        "signer is a twin of the same issuer and serial number with another key",
    ),
    "It does not look at the TSTInfo's version.": (
        "version 0",
        "version 2",
    ),
    "Told a digest, it compares the bytes and leaves the algorithm to the caller.": (
        "our bytes under the name of SHA-512",
        "our bytes under the name of SHA-384",
        "our bytes under the name of SHA-224",
        "our bytes under the name of an unknown digest",
    ),
    "It does not compare the tsa field with the signer's names.": (
        "name of another authority",
        "name of the issuer",
        "empty name",
        "host name that the certificate does not have",
    ),
}


def _by_case(*tables: dict[str, tuple[str, ...]]) -> dict[str, str]:
    pairs = [(title, reason) for table in tables for reason, titles in table.items() for title in titles]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


OPENSSL = _by_case(_BOTH, _OPENSSL)
CLIENT = _by_case(_BOTH, _CLIENT)
