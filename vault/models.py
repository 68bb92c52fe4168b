"""StoredObject: one original in the object store, under a fresh random name that is never shared and never used again."""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation


class StoredObject(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    name = models.CharField(max_length=80, help_text="存储名：机构/两位/128 位随机数")
    size_bytes = models.BigIntegerField(help_text="字节数")
    sha256_hmac = models.BinaryField(max_length=32, help_text="SHA-256 的机构级 HMAC，用于检索与完整性核对")
    stored_at = models.DateTimeField(help_text="落盘时间")

    objects: ClassVar[models.Manager["StoredObject"]] = models.Manager()

    class Meta:
        verbose_name = "原件"
        constraints = [
            models.UniqueConstraint(fields=["name"], name="stored_object_name_unique"),
            models.CheckConstraint(condition=models.Q(size_bytes__gte=0), name="stored_object_size_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name
