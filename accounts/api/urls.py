"""The token endpoint for machines; everything else that they ask lies below /api/v1/."""
from django.urls import path

from accounts.api import tokens

urlpatterns = [path("token", tokens.token)]
