"""Ordering, and one's orders."""

from django.urls import path

from example_shop.orders import views

app_name = "orders"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/<slug:number>/thanks/", views.placed, name="placed"),
    path("account/orders/", views.mine, name="list"),
    path("account/orders/<slug:number>/", views.order, name="order"),
]
