"""Invoices."""

from django.urls import path

from example_shop.invoices import views

app_name = "invoices"
urlpatterns = [path("account/invoices/<slug:number>.pdf", views.download, name="download")]
