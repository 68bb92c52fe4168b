"""The commands by which a reader checks a record without our software: curl, sha256sum, python3, openssl. Pure."""
from evidence.portal.record_page import RecordPage

# What is stamped is the checkpoint's text: all before the last empty line (C2SP signed-note).
EXTRACT = (
    """import base64,json,sys; d=json.load(sys.stdin); """
    """open("checkpoint.txt","w").write(d["checkpoint"].rpartition("\\n\\n")[0]+"\\n"); """
    """open("tsa.tst","wb").write(base64.b64decode(d["timestamps"][0]["token"]))"""
)


def verify_commands(page: RecordPage, url: str) -> list[str]:
    """Lines for a shell: the statement's digest; once stamped, the timestamp with a root that the reader has from elsewhere.

    `url` is the service's base, without a slash at the end.
    """
    address = f"{url}/api/v1/records/{page.record}"
    lines = [f"curl -s {address}/statement | sha256sum"]
    if page.place is not None and page.place.stamps:
        lines.append(f"curl -s {address}/timestamps | python3 -c '{EXTRACT}'")
        lines.append("openssl ts -verify -in tsa.tst -token_in -data checkpoint.txt -CAfile ROOT.pem")
    return lines
