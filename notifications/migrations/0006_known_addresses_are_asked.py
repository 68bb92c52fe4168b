"""E-mail addresses from before they were confirmed: each gets a letter that asks, for notices go there no more until somebody says yes."""
import secrets

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

SEND_LETTER = 'notifications.send-letter'


def ask(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    now = timezone.now()
    Channel, Letter, Job = (
        apps.get_model(room, name) for room, name in (('notifications', 'Channel'), ('notifications', 'AddressLetter'), ('common', 'Job')))
    for channel in Channel.objects.filter(kind='email', confirmed_at=None).order_by('id').iterator():
        # Sealed for the same person and channel, so the bytes are good as they are.
        letter = Letter.objects.create(
            ref=secrets.token_hex(16), kind='confirm', person_id=channel.person_id, sealed_address=bytes(channel.sealed_address),
            language=channel.language, created_at=now, next_attempt_at=now)
        Job.objects.create(kind=SEND_LETTER, subject_id=letter.pk, next_attempt_at=now)


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0001_initial'),
        ('notifications', '0005_notices_of_standing_and_confirmed_addresses'),
    ]

    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
