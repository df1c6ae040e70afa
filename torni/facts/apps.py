"""The record room as a Django app: the only one with tables."""

from django.apps import AppConfig


class Facts(AppConfig):
    name = "torni.facts"
    label = "facts"
    default_auto_field = "django.db.models.BigAutoField"
