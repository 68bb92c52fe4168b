"""Personal data as pages show it to those who need not know all of it. Pure.

What it does not do: decide who sees which; and it is no anonymisation.
"""
from cases.facts import ContactFacts, ContactKind, PartyFacts, PartyKind

SHOWN = 4


def masked_name(name: str) -> str:
    """The first character of a person's name.

    >>> masked_name("张三"), masked_name("欧阳小红"), masked_name("王")
    ('张*', '欧***', '*')
    """
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"


def masked_identity(number: str) -> str:
    """Four characters at either end; a short number shows two at its end.

    >>> masked_identity("110105194912310021"), masked_identity("E1234567")
    ('1101**********0021', '******67')
    """
    if len(number) <= 2 * SHOWN + 2:
        return "*" * max(len(number) - 2, 0) + number[-2:] if len(number) > 2 else "*"
    return number[:SHOWN] + "*" * (len(number) - 2 * SHOWN) + number[-SHOWN:]


def masked_contact(kind: ContactKind, value: str) -> str:
    """
    >>> masked_contact(ContactKind.MOBILE, "13800138000"), masked_contact(ContactKind.EMAIL, "zhang@example.cn")
    ('138****8000', 'z****@example.cn')
    >>> masked_contact(ContactKind.ADDRESS, "北京市朝阳区某路 1 号 2 单元"), masked_contact(ContactKind.WECHAT, "zhangsan88")
    ('北京市朝阳区***', 'z*********')
    """
    if kind is ContactKind.ADDRESS:
        return value[:6] + "***" if len(value) > 8 else "***"
    if kind is ContactKind.EMAIL:
        local, _, domain = value.partition("@")
        return f"{local[:1]}{'*' * (len(local) - 1)}@{domain}" if domain else "*"
    if kind is ContactKind.WECHAT:
        return masked_name(value)
    return value[:3] + "****" + value[-SHOWN:] if len(value) > 2 + SHOWN + SHOWN else "*" * max(len(value) - 2, 1) + value[-2:]


def masked_party(party: PartyFacts) -> PartyFacts:
    """The party with every personal value masked; an organisation's name is public. What was erased stays None."""
    return PartyFacts(
        party.reference, party.role, party.kind,
        party.name if party.name is None or party.kind is PartyKind.ORGANISATION else masked_name(party.name),
        None if party.identity_number is None else masked_identity(party.identity_number),
        tuple(_masked(contact) for contact in party.contact_points), party.consents)


def _masked(contact: ContactFacts) -> ContactFacts:
    value = None if contact.value is None else masked_contact(contact.kind, contact.value)
    return ContactFacts(contact.kind, value, contact.basis, contact.confirmed, contact.last_active_at)
