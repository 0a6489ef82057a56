"""The customer's page and what leads on from it, at the root of the library's pages."""

from django.urls import path

from django_rgpd.centre.views import addresses, choosing, deleting, entering, overview, proving

urlpatterns = [
    path("", overview.centre, name="centre"),
    path("enter/", entering.enter, name="centre_enter"),
    path("enter/sent/", entering.sent, name="centre_sent"),
    path("open/<str:token>/", entering.open_link, name="centre_open"),
    path("leave/", entering.leave, name="centre_leave"),
    path("prove/", proving.prove, name="centre_prove"),
    path("choices/", choosing.choices, name="centre_choices"),
    path("addresses/", addresses.addresses, name="centre_addresses"),
    path("addresses/sent/", addresses.sent, name="centre_address_sent"),
    path("addresses/<str:token>/", addresses.prove, name="centre_address"),
    path("delete/", deleting.delete, name="centre_delete"),
    path("deleted/", deleting.deleted, name="centre_deleted"),
]
