"""Notices of originals that are in quarantine."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0009_numbers_are_confirmed'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['administrator-changed', 'administrator-proposed', 'administrator-waiting', 'application-checked', 'application-received', 'application-withdrawn', 'cases-assigned', 'cases-given', 'cases-granted', 'cases-ordered', 'cases-taken', 'cases-withdrawn', 'entrustment-ended', 'grant-revoked', 'grant-waiting', 'matter-accepted', 'matter-closed', 'matter-submitted', 'operator-changed', 'order-waiting', 'organisation-activated', 'organisation-reinstated', 'organisation-suspended', 'platform-fact-ending', 'record-quarantined', 'review-due', 'trial-begun', 'webhook-failing', 'webhook-gone'])), name='notice_kind_known'),
        ),
    ]
