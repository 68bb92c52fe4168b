"""Which passkeys count as a workstation's. Whoever works by workstation alone keeps what he has for 14 days; then it takes an approval.

Nobody is locked out by the upgrade itself: what such a person had set up counts at each of his organisations until the supervisor has
approved it, or the days are over. Apps are kept in the same way, and are nothing that could be approved afterwards.
"""
from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

BY_WORKSTATION, KEPT, DAYS = "collection_agent", ("webauthn", "totp"), 14


def keep_for_a_while(apps: Any, _schema_editor: Any) -> None:
    memberships, now = apps.get_model("accounts", "Membership").objects.filter(until=None), timezone.now()
    factors = apps.get_model("accounts", "WorkstationFactor").objects
    otherwise = memberships.exclude(role=BY_WORKSTATION).values("person_id")
    places: dict[int, set[int]] = {}
    held = memberships.filter(role=BY_WORKSTATION).exclude(person_id__in=otherwise)
    for person, organisation in held.values_list("person_id", "organisation_id"):
        places.setdefault(person, set()).add(organisation)
    made = apps.get_model("mfa", "Authenticator").objects.filter(type__in=KEPT).values_list("pk", "user_id", "created_at")
    factors.bulk_create((
        factors.model(authenticator_id=pk, organisation_id=place, registered_at=at, until=now + timedelta(days=DAYS))
        for pk, person, at in made.order_by("pk").iterator() for place in sorted(places.get(person, ()))), batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_operators_by_two'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkstationFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('registered_at', models.DateTimeField(help_text='登记时间')),
                ('until', models.DateTimeField(help_text='升级前已有的因素未经批准可用至此时', null=True)),
                ('approved_at', models.DateTimeField(help_text='批准时间；此前不能用以进入', null=True)),
                ('approved_by', models.ForeignKey(help_text='批准人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('authenticator', models.ForeignKey(db_index=False, help_text='第二因素', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mfa.authenticator')),
                ('organisation', models.ForeignKey(help_text='机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
            options={
                'verbose_name': '工作站因素',
                'constraints': [models.UniqueConstraint(fields=('authenticator', 'organisation'), name='workstation_factor_registered_once'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', None)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='workstation_factor_approved_by_somebody')],
            },
        ),
        migrations.RunPython(keep_for_a_while, migrations.RunPython.noop),
    ]
