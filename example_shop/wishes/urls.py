"""Wish lists."""

from django.urls import path

from example_shop.wishes import views

app_name = "wishes"
urlpatterns = [
    path("account/wishes/", views.mine, name="list"),
    path("account/wishes/add/<slug:slug>/", views.add, name="add"),
    path("account/wishes/<int:pk>/", views.note, name="note"),
    path("account/wishes/<int:pk>/forget/", views.forget, name="forget"),
]
