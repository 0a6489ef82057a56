"""The basket."""

from django.urls import path

from example_shop.basket import views

app_name = "basket"
urlpatterns = [
    path("basket/", views.basket, name="basket"),
    path("basket/add/<slug:slug>/", views.add, name="add"),
    path("basket/change/<slug:slug>/", views.change, name="change"),
]
