"""Customers, their addresses, and the people whose birthdays they want to be reminded of."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from example_shop.accounts.names import one_line


class Country(models.TextChoices):
    """Where the shop delivers."""

    FRANCE = "FR", _("France")
    BELGIUM = "BE", _("Belgium")
    LUXEMBOURG = "LU", _("Luxembourg")
    GERMANY = "DE", _("Germany")
    ITALY = "IT", _("Italy")
    SPAIN = "ES", _("Spain")
    IRELAND = "IE", _("Ireland")


class UserManager(BaseUserManager["User"]):
    """Makes accounts that log in by their address, written in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account; without a password it can log in by a reset only."""
        if not email:
            raise ValueError("An account needs an email address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account that may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """The account of an address, however it is capitalised."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A customer, or somebody who works for the shop."""

    email = models.EmailField(_("email address"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80, blank=True, validators=[one_line])
    last_name = models.CharField(_("last name"), max_length=80, blank=True, validators=[one_line])
    phone = models.CharField(_("phone number"), max_length=30, blank=True, validators=[one_line])
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    language = models.CharField(
        _("language"), max_length=5, default="en", choices=[("en", _("English")), ("fr", _("French"))]
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("works for the shop"), default=False)
    date_joined = models.DateTimeField(_("customer since"), default=timezone.now)
    pending_since = models.DateTimeField(
        _("waiting for confirmation since"), null=True, blank=True, editable=False
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_lower")]

    def __str__(self) -> str:
        return f"customer {self.pk}"

    def clean(self) -> None:
        """Addresses are written in lower case, so that nobody has two accounts by a capital."""
        super().clean()
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        """What the pages call the customer."""
        return self.first_name or self.email


class Address(models.Model):
    """Where a customer has things sent to."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("customer")
    )
    name = models.CharField(_("name"), max_length=120, validators=[one_line])
    street = models.CharField(_("street"), max_length=200, validators=[one_line])
    postcode = models.CharField(_("postcode"), max_length=16, validators=[one_line])
    city = models.CharField(_("city"), max_length=100, validators=[one_line])
    country = models.CharField(_("country"), max_length=2, choices=Country.choices, default=Country.FRANCE)
    phone = models.CharField(_("phone number"), max_length=30, blank=True, validators=[one_line])

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return f"address {self.pk}"


class RelativeBirthday(models.Model):
    """A birthday of somebody else that a customer wants to be reminded of."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="birthdays", verbose_name=_("customer")
    )
    name = models.CharField(_("whose birthday"), max_length=80, validators=[one_line])
    date = models.DateField(_("birthday"))

    class Meta:
        verbose_name = _("relative's birthday")
        verbose_name_plural = _("relatives' birthdays")

    def __str__(self) -> str:
        return f"birthday {self.pk}"
