"""Operators come by two: the first colleague of the only one apart, and a sign-in that is set up anew as a proposal."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_longer_details'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='replacement',
            name='replacement_role_is_an_administrators',
        ),
        migrations.AddField(
            model_name='invitation',
            name='alone',
            field=models.BooleanField(default=False, help_text='由唯一的运营人员一人发出；首位同事加入以后不再有'),
        ),
        migrations.AddField(
            model_name='replacement',
            name='resets',
            field=models.BooleanField(default=False, help_text='不终止，而是为该成员重设登录；仅限运营方'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('alone', True), ('withdrawn_at', None)), fields=('organisation',), name='invitation_alone_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('alone', False), models.Q(('organisation_kind', 'operator'), ('resets', False)), _connector='OR'), name='invitation_alone_by_operator'),
        ),
        migrations.AddConstraint(
            model_name='replacement',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['agency_supervisor', 'auditor', 'body_admin', 'court_admin', 'firm_admin', 'lender_admin', 'office_admin', 'operator'])), name='replacement_role_is_an_administrators'),
        ),
        migrations.AddConstraint(
            model_name='replacement',
            constraint=models.CheckConstraint(condition=models.Q(('resets', False), models.Q(('replaces__isnull', False), ('role', 'operator')), _connector='OR'), name='replacement_resets_an_operator'),
        ),
    ]
