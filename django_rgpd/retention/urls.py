"""The page on which a person keeps her account."""

from django.urls import path

from django_rgpd.retention import views

urlpatterns = [path("keep/<str:token>/", views.keep_account, name="keep_account")]
