"""Case: a client's case reference, our opaque one, and the head of its chain of deposits."""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation


class Case(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    ref = models.CharField(max_length=32, help_text="本服务的案件编号：16 字节随机数，十六进制")
    client_reference = models.CharField(max_length=128, help_text="客户自己的案件编号，不写入日志与网址")
    sequence = models.BigIntegerField(default=0, help_text="已存证份数")
    head_sha256 = models.BinaryField(max_length=32, null=True, help_text="最后一份证据声明的 SHA-256")
    created_at = models.DateTimeField(help_text="建立时间")

    objects: ClassVar[models.Manager["Case"]] = models.Manager()

    class Meta:
        verbose_name = "案件"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="case_ref_unique"),
            models.UniqueConstraint(fields=["organisation", "client_reference"], name="case_reference_unique_in_organisation"),
            models.CheckConstraint(
                condition=models.Q(sequence=0, head_sha256=None) | models.Q(sequence__gt=0, head_sha256__isnull=False),
                name="case_head_matches_sequence",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def head(self) -> bytes | None:
        """SHA-256 of the last statement, 32 bytes; None while the case is empty."""
        return None if self.head_sha256 is None else bytes(self.head_sha256)
