"""What happens in the shop when somebody logs in."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from example_shop.accounts.models import User
from example_shop.basket.contents import KEPT, take_over


@receiver(user_logged_in, dispatch_uid="example_shop.accounts.basket")
def bring_the_basket(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """What was put aside before logging in comes along."""
    if request is not None and hasattr(request, "session"):
        take_over(request.session.pop(KEPT, ""), user.pk)
