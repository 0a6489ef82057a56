"""The pages that belong to no other app."""

from django.urls import path

from example_shop.theme import views

app_name = "theme"
urlpatterns = [
    path("", views.home, name="home"),
    path("terms/", views.terms, name="terms"),
]
