# ruff: noqa: DJ008
"""Accounts by UUID, by a code, and in two tables; without a user name, without names, with the address as login."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Manager(BaseUserManager["AbstractBaseUser"]):
    """Makes accounts."""

    def create_user(self, email: str, **fields: object) -> AbstractBaseUser:
        """One account."""
        user = self.model(email=email, **fields)
        user.set_password("x")
        user.save()
        return user


class UuidUser(AbstractBaseUser):
    """Known by a UUID; active by a date, staff by nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = Manager()


class CodeUser(AbstractBaseUser):
    """Known by a code, which is its key; its address is called otherwise."""

    code = models.CharField(max_length=12, primary_key=True)
    mail_address = models.EmailField(unique=True)
    USERNAME_FIELD = "mail_address"
    EMAIL_FIELD = "mail_address"
    REQUIRED_FIELDS = []
    objects = BaseUserManager()


class Party(models.Model):
    """Somebody the shop has to do with: the first table of an account."""

    display_name = models.CharField(max_length=100)


class InheritedUser(Party, AbstractBaseUser):
    """An account in two tables."""

    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = Manager()


class Card(models.Model):
    """What is known of somebody before she has an account."""

    number = models.CharField(max_length=20)
    display_name = models.CharField(max_length=100)


class CardUser(AbstractBaseUser):
    """The account's key is its card's key."""

    card = models.OneToOneField(Card, primary_key=True, on_delete=models.CASCADE)
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = Manager()
