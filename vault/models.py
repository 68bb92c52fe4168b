"""StoredObject: one original in the object store, under a fresh random name that is never used again.

Records of one organisation with equal files share one after the deposit (docs/adr/0021); the name is still of nobody's file.
"""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation


class Cipher(models.TextChoices):
    """How an object's bytes are kept. A closed list: what is not on it nobody can read."""

    PLAIN = "plain", "明文（加密之前入库）"
    TINK = "tink-aes256-gcm-hkdf-1mb", "Tink 流式认证加密"


class StoredObject(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    name = models.CharField(max_length=80, help_text="存储名：机构/两位/128 位随机数")
    cipher = models.CharField(max_length=32, choices=Cipher.choices, default=Cipher.PLAIN, help_text="存储方式")
    clear_name = models.CharField(max_length=80, null=True, help_text="已加密、尚待删除的明文原件的存储名；没有则为空")
    size_bytes = models.BigIntegerField(help_text="原件字节数，不是密文的")
    sha256_hmac = models.BinaryField(max_length=32, help_text="SHA-256 的机构级 HMAC，用于检索与完整性核对")
    stored_at = models.DateTimeField(null=True, help_text="落盘时间；几份存证共用时为空，以各自的受理时间为准")
    copied_at = models.DateTimeField(null=True, help_text="第二副本核对无误并落盘的时间；没有则为空")
    compared_at = models.DateTimeField(null=True, help_text="与本机构其他原件比较过内容的时间；尚未比较则为空")
    mending_since = models.DateTimeField(null=True, help_text="开始以第二副本修复的时间；没有或已修复则为空")

    objects: ClassVar[models.Manager["StoredObject"]] = models.Manager()

    class Meta:
        verbose_name = "原件"
        constraints = [
            models.UniqueConstraint(fields=["name"], name="stored_object_name_unique"),
            models.CheckConstraint(condition=models.Q(cipher__in=Cipher.values), name="stored_object_cipher_known"),
            models.CheckConstraint(condition=models.Q(size_bytes__gte=0), name="stored_object_size_not_negative"),
        ]
        indexes = [
            # What waits for its second copy, or to be compared: nearly nothing of a long table.
            models.Index(fields=["id"], condition=models.Q(copied_at=None), name="stored_object_not_copied"),
            models.Index(fields=["id"], condition=models.Q(compared_at=None), name="stored_object_not_compared"),
            # What is from before encryption, and what of it was encrypted and not removed yet: nothing, once `encrypt_vault` has run.
            models.Index(fields=["id"], condition=models.Q(cipher=Cipher.PLAIN), name="stored_object_in_the_clear"),
            models.Index(fields=["id"], condition=models.Q(clear_name__isnull=False), name="stored_object_clear_left"),
        ]

    def __str__(self) -> str:
        return self.name
