"""Where processors tell what people did there."""

from django.urls import path

from django_rgpd.processors import mailchimp_webhook

urlpatterns = [
    path("mailchimp/<str:secret>/", mailchimp_webhook.webhook, name="mailchimp_webhook"),
]
