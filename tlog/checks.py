"""The closed list of checks that the examination of an evidence package makes.

What it is for: every finding carries one of these names, in this order, whoever examines (the command line, the API, the
page in the browser), so that two reports of one package can be laid side by side. A check that concerns several parts
(records, log folders, files) gives one finding for each, and the finding's reason begins with the part's name.

What it does not do: check anything. Names are part of what others rely on: they are never renamed or re-used, new ones
come with a version of the formats.

Source: formats of this project, A6 (the order) and A7 (timestamps, renewals).

>>> NAMES[0], NAMES[-1]
('container', 'offline page')
>>> MEANING[LEAF]
'the hash of the record as it stands in the log'
"""

from typing import Final

CONTAINER: Final = "container"
MEMBERS: Final = "members"
DESCRIPTION: Final = "package description"
EXCEPTIONS: Final = "exceptions"
MANIFEST: Final = "manifest"
FILE_DIGESTS: Final = "file digests"
ORIGINALS: Final = "originals"
TRUST: Final = "trust"
CLAIMS: Final = "claims"
STATEMENT: Final = "statement"
ENTRY: Final = "entry"
LEAF: Final = "leaf"
INCLUSION: Final = "inclusion"
LOG_FOLDERS: Final = "log folders"
POLICY: Final = "policy in force"
CHECKPOINT_SIGNATURE: Final = "checkpoint signature"
WITNESS_QUORUM: Final = "witness quorum"
TIMESTAMPS: Final = "timestamps"
RECEIVED_AT: Final = "received before stamped"
RENEWALS: Final = "renewals"
CUSTODY_CHAIN: Final = "custody chain"
CASE_CHAIN: Final = "case chain"
CASE_COMPLETE: Final = "case complete"
CERTIFICATE_BINDING: Final = "certificate binding"
CATALOGUE: Final = "catalogue"
OFFLINE_PAGE: Final = "offline page"

MEANING: Final[dict[str, str]] = {
    CONTAINER: "one plain zip file in the shape of ASiC-E, without links, doubles, unsafe names or hidden bytes",
    MEMBERS: "only members that a package may have; what is missing is excused by a row of exceptions.csv",
    DESCRIPTION: "package.json says which records are here, and in what order",
    EXCEPTIONS: "exceptions.csv has a row for what is absent, and for nothing else",
    MANIFEST: "META-INF/ASiCManifest.xml lists every member with its digest",
    FILE_DIGESTS: "SHA256SUMS lists every file with its digest",
    ORIGINALS: "each original file is the one that was deposited, and none is here that was not",
    TRUST: "keys, policies and roots are well formed, and were obtained elsewhere",
    CLAIMS: "each disclosed claim and its salt give the two digests in the statement",
    STATEMENT: "the statement is of this record and well formed",
    ENTRY: "the log entry commits to the statement",
    LEAF: "the hash of the record as it stands in the log",
    INCLUSION: "the leaf is in the tree of the first stamped checkpoint that covers it",
    LOG_FOLDERS: "one folder for each checkpoint that a proof carries, in ascending order",
    POLICY: "the log's keys, witnesses and quorum at the checkpoint's earliest verified time",
    CHECKPOINT_SIGNATURE: "the log signed the checkpoint",
    WITNESS_QUORUM: "enough independent witnesses cosigned the checkpoint",
    TIMESTAMPS: "each token is of a trusted authority, over these very bytes",
    RECEIVED_AT: "the stated time of receipt is not later than the earliest verified time",
    RENEWALS: "each renewal covers all older signatures and is itself stamped, and each was made while they held",
    CUSTODY_CHAIN: "the rows of who did what are chained by their digests",
    CASE_CHAIN: "each record of a case names the one before it",
    CASE_COMPLETE: "all records of the case are here, up to the service's signed head",
    CERTIFICATE_BINDING: "the certificate is sealed as a whole and carries this package's proofs",
    CATALOGUE: "catalogue.csv describes the files that are here",
    OFFLINE_PAGE: "verify.html loads nothing from outside",
}
"""What it means that a check passed, in one line."""

NAMES: Final = tuple(MEANING)
"""All names, in the order of a report."""
