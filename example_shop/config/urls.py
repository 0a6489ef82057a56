"""The shop's pages by language; the library's, the admin's, the API's, the mailbox and the mail provider's without."""

from importlib.util import find_spec

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from example_shop.reviews.feeds import api

urlpatterns = [
    path("privacy/", include("django_rgpd.urls")),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    path("api/reviews/", api, name="api_reviews"),
    path("mailbox/", include("example_shop.mailbox.urls")),
    *i18n_patterns(
        path("", include("example_shop.theme.urls")),
        path("", include("example_shop.catalogue.urls")),
        path("", include("example_shop.basket.urls")),
        path("", include("example_shop.orders.urls")),
        path("", include("example_shop.invoices.urls")),
        path("", include("example_shop.accounts.urls")),
        path("", include("example_shop.reviews.urls")),
        path("", include("example_shop.wishes.urls")),
        path("", include("example_shop.contact.urls")),
    ),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]

if find_spec("anymail"):  # what the mail provider tells: complaints, bounces, clicks
    urlpatterns.insert(0, path("anymail/", include("anymail.urls")))
