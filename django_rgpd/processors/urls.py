"""The addresses at which processors tell us of what happened there."""

from django.urls import path

from django_rgpd.processors import views

urlpatterns = [path("stripe/", views.stripe_webhook, name="stripe_webhook")]
