"""Notices of grants whose consent was withdrawn."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_workstation_factors'),
        ('notifications', '0014_webhooks_behind_the_second_gate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['administrator-changed', 'administrator-proposed', 'administrator-waiting', 'application-checked', 'application-received', 'application-withdrawn', 'cases-assigned', 'cases-given', 'cases-granted', 'cases-ordered', 'cases-taken', 'cases-withdrawn', 'consent-lost', 'entrustment-ended', 'entrustment-lapsed', 'given-grant-lapsed', 'grant-lapsed', 'grant-revoked', 'grant-waiting', 'key-revoked', 'matter-accepted', 'matter-closed', 'matter-submitted', 'operator-changed', 'order-waiting', 'organisation-activated', 'organisation-reinstated', 'organisation-suspended', 'platform-fact-ending', 'record-quarantined', 'record-released', 'release-failed', 'release-waiting', 'review-due', 'trial-begun', 'webhook-failing', 'webhook-gone'])), name='notice_kind_known'),
        ),
    ]
