"""Signing up, logging in, and a customer's own pages."""

from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

from example_shop.accounts import views
from example_shop.accounts.forms import LoginForm, ResetForm

app_name = "accounts"
urlpatterns = [
    path("sign-up/", views.sign_up, name="sign_up"),
    path("sign-up/asked/", views.sign_up_asked, name="sign_up_asked"),
    path("sign-up/<uid>/<token>/", views.confirm, name="confirm"),
    path(
        "login/",
        auth.LoginView.as_view(
            template_name="accounts/login.html",
            authentication_form=LoginForm,
            redirect_authenticated_user=False,
        ),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(
            template_name="accounts/password.html", success_url=reverse_lazy("accounts:password_done")
        ),
        name="password",
    ),
    path(
        "password/changed/",
        auth.PasswordChangeDoneView.as_view(template_name="accounts/password_done.html"),
        name="password_done",
    ),
    path(
        "password/forgotten/",
        auth.PasswordResetView.as_view(
            template_name="accounts/password_reset.html",
            form_class=ResetForm,
            email_template_name="accounts/mail/password_reset.txt",
            subject_template_name="accounts/mail/password_reset_subject.txt",
            success_url=reverse_lazy("accounts:password_reset_asked"),
        ),
        name="password_reset",
    ),
    path(
        "password/forgotten/asked/",
        auth.PasswordResetDoneView.as_view(template_name="accounts/sign_up_asked.html"),
        name="password_reset_asked",
    ),
    path(
        "password/new/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(
            template_name="accounts/password_new.html",
            success_url=reverse_lazy("accounts:login"),
        ),
        name="password_reset_confirm",
    ),
    path("account/", views.account, name="account"),
    path("account/profile/", views.profile, name="profile"),
    path("account/addresses/", views.addresses, name="addresses"),
    path("account/addresses/new/", views.address, name="address_new"),
    path("account/addresses/<int:pk>/", views.address, name="address"),
    path("account/addresses/<int:pk>/forget/", views.forget_address, name="address_forget"),
    path("account/birthdays/", views.birthdays, name="birthdays"),
    path("account/birthdays/new/", views.birthday, name="birthday_new"),
    path("account/birthdays/<int:pk>/", views.birthday, name="birthday"),
    path("account/birthdays/<int:pk>/forget/", views.forget_birthday, name="birthday_forget"),
]
