"""Shelves and products."""

from django.urls import path

from example_shop.catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("shelves/<slug:slug>/", views.category, name="category"),
    path("products/<slug:slug>/", views.product, name="product"),
]
