"""The shop's pages by language; the library's, the admin's and the API's without."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("privacy/", include("django_rgpd.urls")),
    path("admin/", admin.site.urls),
]
