"""A case, the fields of a record by digest with its number and its case, and one table for bare JSON."""
from django.db import models


class Case(models.Model):
    reference = models.CharField(max_length=128, unique=True)


class Record(models.Model):
    number = models.CharField(max_length=25, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=500)
    metadata = models.JSONField()
    provenance = models.JSONField()
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    received_at = models.DateTimeField(auto_now_add=True)


class Row(models.Model):
    body = models.JSONField()
