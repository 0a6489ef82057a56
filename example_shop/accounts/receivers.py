"""What happens in the shop when somebody logs in, or an account is held."""

from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from django_rgpd.registry.people import by_uuid
from django_rgpd.signals import hold_placed
from example_shop.accounts.models import User
from example_shop.basket.contents import KEPT, take_over


@receiver(user_logged_in, dispatch_uid="example_shop.accounts.basket")
def bring_the_basket(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """What was put aside before logging in comes along."""
    if request is not None and hasattr(request, "session"):
        take_over(request.session.pop(KEPT, ""), user.pk)


@receiver(hold_placed, dispatch_uid="example_shop.accounts.held")
def nothing_held_is_forgotten(person: UUID | None, label: str, key: str, **kwargs: Any) -> None:
    """An account that is held waits for no confirmation any more: nobody clears it away, and no link opens it."""
    if label == User._meta.label:
        User.objects.filter(pk=key).update(pending_since=None)
    elif not label and person is not None and (known := by_uuid(person)) and known.user_key:
        User.objects.filter(pk=known.user_key).update(pending_since=None)
