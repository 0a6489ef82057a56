"""The marketing pages; every one is reached without logging in."""

from django.urls import path

from django_rgpd.marketing import views

urlpatterns = [
    path("newsletter/", views.newsletter, name="newsletter"),
    path("newsletter/asked/", views.newsletter_asked, name="newsletter_asked"),
    path("newsletter/confirm/<str:token>/", views.confirm, name="confirm"),
    path("leave/<str:purpose>/<str:channel>/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("go-on/<str:token>/", views.go_on, name="go_on"),
    path("undo/<str:token>/", views.undo, name="undo"),
    path("preferences/<str:token>/", views.preferences_by_link, name="preferences_by_link"),
]
