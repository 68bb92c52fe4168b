"""Tokens that are right: every algorithm, every shape that public authorities send."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from sandbox.tsa import der, signing
from sandbox.tsa.signing import ID_SIGNING_CERTIFICATE_V2
from tests.tlog.timestamp.cases import Case, good
from tests.tlog.timestamp.factory import (
    ID_SIGNING_CERTIFICATE,
    RSA_ENCRYPTION,
    RSA_PSS,
    Recipe,
    ess_v1,
    ess_v2,
    gen_time_text,
    issuer_serial_of,
    pss_parameters,
    signed_by,
    signing_certificate,
)
from tests.tlog.timestamp.indefinite import indefinite, long_lengths
from tests.tlog.timestamp.pki import (
    CERTIFIES,
    PKI,
    STAMPED_AT,
    TIME_STAMPING,
    Extra,
    authority_extensions,
    issue,
    key_usage,
    name,
    resign,
    rsa_key,
    spoil_signature,
    tsa_extensions,
)
from tlog.timestamp import ber


def rsa_case(**parts: object) -> Case:
    recipe = Recipe(signer=PKI.rsa_tsa, certificates=(PKI.rsa_tsa.der,))
    return Case(token=recipe.but(**parts).token(), roots=(PKI.rsa_root.der,))


# Algorithms


@good
def ecdsa_p256_with_sha256() -> bytes:
    return Recipe().token()


@good
def ecdsa_p384_with_sha384() -> Case:
    tsa = issue("P-384 TSA", PKI.intermediate, key=ec.generate_private_key(ec.SECP384R1()), extensions=tsa_extensions())
    return signed_by(tsa, PKI.intermediate, digest="sha384")


@good
def ecdsa_p521_with_sha512() -> Case:
    tsa = issue("P-521 TSA", PKI.intermediate, key=ec.generate_private_key(ec.SECP521R1()), extensions=tsa_extensions())
    return signed_by(tsa, PKI.intermediate, digest="sha512")


@good
def rsa_with_sha256() -> Case:
    return rsa_case()


@good
def rsa_with_sha512() -> Case:
    return rsa_case(digest="sha512")


@good
def rsa_named_only_rsa_encryption() -> Case:
    return rsa_case(algorithm=der.algorithm(RSA_ENCRYPTION, der.NULL), digest="sha384")


@good
def rsa_pss_with_sha256() -> Case:
    return rsa_case(algorithm=der.algorithm(RSA_PSS, pss_parameters()), pss=padding.PSS(padding.MGF1(hashes.SHA256()), 32))


@good
def rsa_pss_with_sha512_and_another_mask_digest() -> Case:
    parameters = pss_parameters(digest="sha512", mask="sha256", salt=20)
    return rsa_case(digest="sha512", algorithm=der.algorithm(RSA_PSS, parameters), pss=padding.PSS(padding.MGF1(hashes.SHA256()), 20))


@good
def rsa_pss_all_the_way_up() -> Case:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    root = issue("PSS Root", None, key=rsa_key("pss root"), extensions=authority_extensions(), pss=pss)
    tsa = issue("PSS TSA", root, key=rsa_key("pss tsa"), extensions=tsa_extensions(), pss=pss)
    return signed_by(tsa, roots=(root,), algorithm=der.algorithm(RSA_PSS, pss_parameters()), pss=pss)


@good
def digest_algorithms_with_null_parameters() -> bytes:
    with_null = der.algorithm("2.16.840.1.101.3.4.2.1", der.NULL)
    return Recipe(raw_digest=with_null, imprint=signing.imprint(Recipe().imprint[-32:], with_null)).token()


# The envelope


@good
def whole_response() -> bytes:
    return signing.granted(Recipe().token())


@good
def whole_response_granted_with_modifications() -> bytes:
    return der.sequence(der.sequence(der.integer(1), der.sequence(der.utf8("accuracy left out"))), Recipe().token())


@good
def indefinite_lengths_and_pieces_outside_the_attributes() -> bytes:
    return indefinite(Recipe().token(), attributes=False)


@good
def indefinite_lengths_and_pieces_in_the_attributes_too() -> bytes:
    return indefinite(Recipe().token(), attributes=True)


@good
def response_in_indefinite_lengths() -> bytes:
    return indefinite(signing.granted(Recipe().token()), attributes=False)


@good
def lengths_longer_than_needed() -> bytes:
    return long_lengths(Recipe().token())


@good
def unsorted_certificates() -> bytes:
    return Recipe(certificates=tuple(reversed(Recipe().bag()))).token()


@good
def certificates_twice_and_unrelated_ones_besides() -> bytes:
    return Recipe(certificates=tuple(sorted((PKI.tsa.der, PKI.tsa.der, PKI.rsa_tsa.der, PKI.intermediate.der, PKI.root.der)))).token()


@good
def unreadable_things_among_the_certificates() -> bytes:
    attribute_certificate = der.explicit(1, der.integer(1))
    return Recipe(certificates=(attribute_certificate, der.sequence(der.integer(7)), PKI.tsa.der, PKI.intermediate.der)).token()


@good
def intermediates_missing_and_given() -> Case:
    return Case(token=Recipe(certificates=(PKI.tsa.der,)).token(), intermediates=(PKI.intermediate.der,))


@good
def no_certificates_at_all_and_all_given() -> Case:
    return Case(token=Recipe(certificates=()).token(), intermediates=(PKI.tsa.der, PKI.intermediate.der))


@good
def intermediate_among_the_pinned_certificates() -> Case:
    return Case(token=Recipe(certificates=(PKI.tsa.der,)).token(), roots=(PKI.intermediate.der, PKI.root.der))


@good
def unsigned_attributes_that_nobody_reads() -> bytes:
    recipe = Recipe()
    fields = [ber.encode(field) for field in ber.parse(recipe.signer_info()).children]
    unsigned = der.explicit(1, signing.attribute("1.2.3", der.NULL))
    return recipe.but(signers=(der.sequence(*fields, unsigned),)).token()


# Signed attributes


@good
def ess_cert_id_of_version_1() -> bytes:
    return Recipe(ess=(signing_certificate(ID_SIGNING_CERTIFICATE, ess_v1(PKI.tsa)),)).token()


@good
def ess_cert_id_of_both_versions() -> bytes:
    both = signing_certificate(ID_SIGNING_CERTIFICATE, ess_v1(PKI.tsa)), signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(PKI.tsa))
    return Recipe(ess=both).token()


@good
def ess_cert_id_with_issuer_and_serial_and_another_digest() -> bytes:
    identifier = ess_v2(PKI.tsa, "sha512", issuer_serial_of(PKI.tsa))
    return Recipe(ess=(signing_certificate(ID_SIGNING_CERTIFICATE_V2, identifier),)).token()


@good
def ess_cert_ids_of_the_whole_chain() -> bytes:
    chain = ess_v2(PKI.tsa), ess_v2(PKI.intermediate), ess_v2(PKI.root)
    return Recipe(ess=(signing_certificate(ID_SIGNING_CERTIFICATE_V2, *chain),)).token()


@good
def ess_cert_id_list_that_also_names_a_stranger() -> bytes:
    return Recipe(ess=(signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(PKI.tsa), ess_v2(PKI.rsa_root)),)).token()


@good
def attributes_sent_unsorted_but_signed_as_der() -> bytes:
    recipe = Recipe()
    return recipe.but(attributes=tuple(reversed(recipe.signed_attributes()))).token()


@good
def an_attribute_that_is_not_known_here() -> bytes:
    recipe = Recipe()
    more = signing.attribute("1.2.840.113549.1.9.5", der.element(0x17, b"261123080000Z"))
    return recipe.but(attributes=tuple(sorted((*recipe.signed_attributes(), more)))).token()


# TSTInfo


@good
def fraction_of_a_second() -> bytes:
    return Recipe(time=gen_time_text("20261123080000.123456789Z")).token()


@good
def accuracy_and_ordering_written_out() -> bytes:
    accuracy = der.sequence(der.integer(1), der.element(0x80, b"\x01"), der.element(0x81, b"\x02"))
    return Recipe(accuracy=accuracy, ordering=der.boolean(False)).token()


@good
def no_name_of_the_authority() -> bytes:
    return Recipe(tsa=b"").token()


@good
def name_of_the_authority_among_the_alternative_names() -> Case:
    alternative = x509.SubjectAlternativeName([x509.DNSName("tsa.example"), x509.DirectoryName(name("Known Elsewhere As"))])
    tsa = issue("TSA with other names", PKI.intermediate, extensions=(*tsa_extensions(), Extra(alternative)))
    return signed_by(tsa, PKI.intermediate, tsa=der.explicit(4, name("Known Elsewhere As").public_bytes()))


@good
def host_name_of_the_authority_among_the_alternative_names() -> Case:
    alternative = x509.SubjectAlternativeName([x509.DNSName("tsa.example")])
    tsa = issue("TSA with a host name", PKI.intermediate, extensions=(*tsa_extensions(), Extra(alternative)))
    return signed_by(tsa, PKI.intermediate, tsa=der.element(0x82, b"tsa.example"))


@good
def extension_that_is_not_critical() -> bytes:
    return Recipe(extensions=der.explicit(1, der.sequence(der.oid("1.2.3"), der.octets(b"")))).token()


@good
def nothing_asked_and_nothing_given() -> Case:
    return Case(token=Recipe(nonce=b"").token(), nonce=None, policy=None, now=None, not_before=None)


@good
def genuine_time_at_both_edges_of_the_skew() -> Case:
    skew = timedelta(seconds=300)
    return Case(token=Recipe().token(), now=STAMPED_AT - skew, not_before=STAMPED_AT + skew)


# The chain


@good
def stamped_on_the_last_second_of_the_certificate() -> Case:
    tsa = issue("Short TSA", PKI.intermediate, valid=(STAMPED_AT - timedelta(days=1), STAMPED_AT), extensions=tsa_extensions())
    return signed_by(tsa, PKI.intermediate)


@good
def chain_that_has_expired_since() -> Case:
    return replace(Case(token=Recipe().token()), now=datetime(2046, 1, 1, tzinfo=UTC))


@good
def signer_without_key_usage() -> Case:
    tsa = issue("TSA without key usage", PKI.intermediate, extensions=[Extra(x509.ExtendedKeyUsage(TIME_STAMPING), critical=True)])
    return signed_by(tsa, PKI.intermediate)


@good
def signer_with_digital_signature_only() -> Case:
    tsa = issue("Plain TSA", PKI.intermediate, extensions=tsa_extensions(usage=key_usage("digital_signature")))
    return signed_by(tsa, PKI.intermediate)


@good
def critical_certificate_policies() -> Case:
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)])
    tsa = issue("TSA with policies", PKI.intermediate, extensions=(*tsa_extensions(), Extra(policies, critical=True)))
    return signed_by(tsa, PKI.intermediate)


@good
def authority_restricted_to_timestamps() -> Case:
    restricted = Extra(x509.ExtendedKeyUsage(TIME_STAMPING))
    between = issue("Timestamping Intermediate", PKI.root, extensions=(*authority_extensions(0), restricted))
    return signed_by(issue("Restricted TSA", between, extensions=tsa_extensions()), between)


@good
def authority_without_key_usage() -> Case:
    constraints = Extra(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    between = issue("Silent Intermediate", PKI.root, extensions=[constraints])
    return signed_by(issue("Silent TSA", between, extensions=tsa_extensions()), between)


@good
def path_length_used_up_exactly() -> Case:
    root = issue("Root of length 1", None, extensions=authority_extensions(1))
    between = issue("Only Intermediate", root, extensions=authority_extensions(0))
    return signed_by(issue("Deepest TSA", between, extensions=tsa_extensions()), between, roots=(root,))


@good
def self_issued_certificate_does_not_count_for_the_path_length() -> Case:
    root = issue("Rolling Root", None, extensions=authority_extensions(0))
    rolled = issue("Rolling Root", root, key=rsa_key("rolled"), extensions=authority_extensions(0))
    return signed_by(issue("Rolled TSA", rolled, extensions=tsa_extensions()), rolled, roots=(root,))


@good
def root_whose_own_signature_is_sha_1() -> Case:
    key = rsa_key("old root")
    root = resign(issue("Old Root", None, key=key, extensions=authority_extensions()), key, OLD_ALGORITHM, hashes.SHA1())
    return signed_by(issue("TSA under an old root", root, extensions=tsa_extensions()), roots=(root,))


@good
def root_whose_own_signature_is_broken() -> Case:
    root = spoil_signature(issue("Spoilt Root", None, extensions=authority_extensions()))
    return signed_by(issue("TSA under a spoilt root", root, extensions=tsa_extensions()), roots=(root,))


@good
def a_second_path_where_the_first_has_expired() -> Case:
    expired = (STAMPED_AT - timedelta(days=9), STAMPED_AT - timedelta(days=1))
    between = issue("Cross Intermediate", PKI.root, extensions=authority_extensions())
    old = issue("Cross Intermediate", PKI.root, key=between.key, valid=expired, extensions=authority_extensions())
    tsa = issue("Cross TSA", between, extensions=tsa_extensions())
    return signed_by(tsa, old, between)


@good
def a_stranger_of_the_same_name_among_the_roots() -> Case:
    stranger = issue("Test Root", None, key=rsa_key("stranger"), extensions=authority_extensions(usage=CERTIFIES))
    return Case(token=Recipe().token(), roots=(stranger.der, PKI.root.der))


OLD_ALGORITHM = der.algorithm("1.2.840.113549.1.1.5", der.NULL)
