"""The mailbox."""

from django.urls import path

from example_shop.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.mails, name="list"),
    path("<slug:name>/", views.mail, name="mail"),
]
