"""Organisation and ApiKey. Nothing here can be turned back into a usable key."""
from datetime import datetime
from typing import ClassVar

from django.db import models


class Organisation(models.Model):
    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    name = models.CharField(max_length=200, help_text="机构名称")
    created_at = models.DateTimeField(help_text="建立时间")

    objects: ClassVar[models.Manager["Organisation"]] = models.Manager()

    class Meta:
        verbose_name = "机构"
        constraints = [models.UniqueConstraint(fields=["ref"], name="organisation_ref_unique")]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_keys", help_text="所属机构")
    prefix = models.CharField(max_length=12, help_text="密钥前缀，可展示")
    secret_sha256 = models.BinaryField(max_length=32, help_text="密钥的 SHA-256；密钥本身不保存")
    label = models.CharField(max_length=100, help_text="用途说明")
    created_at = models.DateTimeField(help_text="签发时间")
    expires_at = models.DateTimeField(help_text="失效时间")
    revoked_at = models.DateTimeField(null=True, help_text="撤销时间")
    last_used_at = models.DateTimeField(null=True, help_text="最近使用时间，按分钟记录")

    objects: ClassVar[models.Manager["ApiKey"]] = models.Manager()

    class Meta:
        verbose_name = "接口密钥"
        constraints = [
            models.UniqueConstraint(fields=["prefix"], name="api_key_prefix_unique"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("created_at")), name="api_key_expires_after_creation"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"

    def usable_at(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
