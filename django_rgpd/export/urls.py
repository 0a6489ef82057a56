"""The export's pages, under ``export/``."""

from django.urls import path

from django_rgpd.export import views

urlpatterns = [
    path("", views.exports, name="export"),
    path("<uuid:uuid>/", views.collect, name="export_collect"),
]
