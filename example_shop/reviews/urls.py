"""Reviews."""

from django.urls import path

from example_shop.reviews import views
from example_shop.reviews.feeds import ReviewFeed

app_name = "reviews"
urlpatterns = [
    path("products/<slug:slug>/review/", views.write, name="write"),
    path("products/<slug:slug>/reviews.atom", ReviewFeed(), name="product_feed"),
    path("reviews.atom", ReviewFeed(), name="feed"),
    path("account/reviews/", views.mine, name="mine"),
    path("account/reviews/<int:pk>/take-back/", views.take_back, name="take_back"),
]
