"""A policy's quorum as a sentence: which witnesses must have cosigned. Pure."""
from django.utils.translation import gettext as _

from tlog.policy import NO_QUORUM, Group, Policy


def quorum_words(policy: Policy) -> str:
    """For example "notary 以及 (court-1、court-2 中的任意 1 个)"; "" for a policy without a quorum."""
    if policy.quorum == NO_QUORUM:
        return ""
    words = {witness.name: witness.name for witness in policy.witnesses}
    # A group stands after its members, so each member has its words already.
    for group in policy.groups:
        words[group.name] = _of_group(group, words)
    return words[policy.quorum]


def _of_group(group: Group, words: dict[str, str]) -> str:
    members = [f"({words[name]})" if words[name] != name else name for name in group.members]
    if len(members) == 1:
        return words[group.members[0]]
    if group.threshold == len(members):
        return _(" 以及 ").join(members)
    return _("%(members)s 中的任意 %(n)s 个") % {"members": _("、").join(members), "n": group.threshold}
