"""Credentials of machines get scopes, and may be OAuth clients; public keys that requests are signed with, and the nonces they used up.

Keys that there are may do what keys could do until now, as far as the kind of their organisation may hold it.
"""
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

POWERS_UNTIL_NOW = 'evidence:write evidence:read packages:fetch webhooks:manage notices:read'


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_and_kinds'),
        ('oauth2_provider', '0022_refreshtoken_token_family_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='scopes',
            field=models.CharField(default=POWERS_UNTIL_NOW, help_text='权限范围，以空格分隔，签发后不变', max_length=200),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='apikey',
            name='must_sign',
            field=models.BooleanField(default=False, help_text='每个请求必须按 RFC 9421 签名'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='application',
            field=models.ForeignKey(help_text='OAuth 客户端；为空则是接口密钥', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
        ),
        migrations.AddField(
            model_name='apikey',
            name='created_by',
            field=models.ForeignKey(help_text='签发人；由命令签发的没有', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='apikey',
            name='revoked_by',
            field=models.ForeignKey(help_text='撤销人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.UniqueConstraint(fields=('application',), name='api_key_application_unique'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='api_key_revoked_at_a_time'),
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thumbprint', models.CharField(help_text='RFC 7638 指纹，即签名中的 keyid', max_length=43)),
                ('algorithm', models.CharField(help_text='签名算法', max_length=20)),
                ('spki', models.BinaryField(help_text='公钥，DER 编码的 SubjectPublicKeyInfo', max_length=200)),
                ('label', models.CharField(help_text='用途说明', max_length=100)),
                ('created_at', models.DateTimeField(help_text='登记时间')),
                ('revoked_at', models.DateTimeField(help_text='撤销时间', null=True)),
                ('created_by', models.ForeignKey(help_text='登记人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(help_text='所属机构', on_delete=django.db.models.deletion.PROTECT, related_name='signing_keys', to='accounts.organisation')),
                ('revoked_by', models.ForeignKey(help_text='撤销人', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '签名公钥',
                'constraints': [
                    models.UniqueConstraint(fields=('organisation', 'thumbprint'), name='signing_key_registered_once'),
                    models.CheckConstraint(condition=models.Q(('algorithm__in', ['ed25519', 'ecdsa-p256-sha256'])), name='signing_key_algorithm_known'),
                    models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='signing_key_revoked_at_a_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SignatureNonce',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nonce', models.CharField(help_text='签名中的一次性随机数', max_length=128)),
                ('expires_at', models.DateTimeField(db_index=True, help_text='此后可清除')),
                ('signing_key', models.ForeignKey(db_index=False, help_text='签名公钥', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.signingkey')),
            ],
            options={
                'verbose_name': '已用随机数',
                'constraints': [
                    models.UniqueConstraint(fields=('signing_key', 'nonce'), name='signature_nonce_used_once'),
                ],
            },
        ),
    ]
