"""What every page of the shop knows."""

from django.http import HttpRequest

SHOP = "Ribambelle"


def shop(request: HttpRequest) -> dict[str, object]:
    """The shop's name."""
    return {"shop": SHOP}
