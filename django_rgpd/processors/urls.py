"""The addresses at which processors tell us of what happened there."""

from django.urls import path

from django_rgpd.processors import mailchimp_webhook, views

urlpatterns = [
    path("mailchimp/<str:secret>/", mailchimp_webhook.webhook, name="mailchimp_webhook"),
    path("stripe/", views.stripe_webhook, name="stripe_webhook"),
]
