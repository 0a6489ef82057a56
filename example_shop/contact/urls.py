"""The contact form."""

from django.urls import path

from example_shop.contact import views

app_name = "contact"
urlpatterns = [path("contact/", views.write, name="write")]
