"""What a proxy may keep of a record: a statement never changes, a proof and a state do until the record is stamped."""
from collections.abc import Callable

from django.test import Client

from tests.depositing import Post, document


def test_what_changes_until_a_record_is_stamped_is_kept_by_nobody(
    post_deposit: Post, publish: Callable[[], None], client: Client, key: str
) -> None:
    record = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    publish()
    for path in (f"/api/v1/records/{record}", f"/api/v1/evidence/{record}"):
        for page in (path, f"{path}/proof", f"{path}/timestamps"):
            answer = client.get(page, headers={"Authorization": f"Bearer {key}"})
            assert (page, answer.status_code, answer.headers["Cache-Control"]) == (page, 200, "no-store")
    statement = client.get(f"/api/v1/records/{record}/statement")
    assert statement.headers["Cache-Control"] == "public, max-age=31536000, immutable"
