"""A real browser in front of the example shop, driven by what a person reads: labels, links and buttons."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

from django_rgpd.core import clock
from django_rgpd.outbox.deliver import run_due
from example_shop.accounts.models import User
from example_shop.accounts.proof import address_clicked
from example_shop.factories import PASSWORD, make_customer

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SECONDS = 30
"""How long a page, or a file, may take."""

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-features=PasswordLeakDetection,OptimizationHints,MediaRouter,Translate",
    "--lang=en",
    "--window-size=1200,900",
)
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}


class Visit:
    """Somebody in front of the browser."""

    end = "body > footer"
    """What ends each page of the shop."""

    def __init__(self, driver: webdriver.Chrome, url: str, downloads: Path) -> None:
        self.driver = driver
        self.url = url
        self.downloads = downloads

    @property
    def text(self) -> str:
        """What the page's main part says."""
        return self.find(By.TAG_NAME, "main").text

    @property
    def path(self) -> str:
        """Which page it is."""
        return self.driver.current_url.removeprefix(self.url)

    def open(self, path: str) -> Visit:
        """Open a page of the shop, by its path or by the whole link of a mail."""
        self.driver.get(path if path.startswith("http") else f"{self.url}{path}")
        return self

    def fill(self, label: str, text: str) -> Visit:
        """Write into the field of a label."""
        field = self.field(label)
        field.clear()
        field.send_keys(text)
        return self

    def tick(self, label: str) -> Visit:
        """Click the box or button of a label."""
        self.into_view(self.field(label)).click()
        return self

    def field(self, label: str) -> WebElement:
        """The field of the label that says ``label``."""
        found = self.find(By.XPATH, f"//label[contains(normalize-space(.), '{label}')]")
        return self.find(By.ID, str(found.get_attribute("for")))

    def button(self, text: str, where: str = "main") -> WebElement:
        """The button that says ``text``."""
        return self.find(By.XPATH, f"//{where}//button[contains(normalize-space(.), '{text}')]")

    def press(self, text: str, where: str = "main") -> Visit:
        """Press a button and wait for the page that follows."""
        return self.goes(lambda: self.into_view(self.button(text, where)).click())

    def follow(self, text: str) -> Visit:
        """Click a link and wait for the page that follows."""
        link = self.find(By.PARTIAL_LINK_TEXT, text)
        return self.goes(self.into_view(link).click)

    def goes(self, act: Callable[[], object]) -> Visit:
        """Do what leads to another page, and wait until it is there."""
        before = self.find(By.TAG_NAME, "html")
        act()
        self._wait.until(lambda _driver: _is_gone(before))
        self.find(By.CSS_SELECTOR, "main h1")
        self.find(By.CSS_SELECTOR, self.end)
        return self

    def find(self, by: str, what: str) -> WebElement:
        """What is on the page, or will be in a moment."""
        return self._wait.until(expected_conditions.presence_of_element_located((by, what)))

    @property
    def _wait(self) -> WebDriverWait[webdriver.Chrome]:
        # Between two pages the driver may answer with an error of its own instead of "not yet".
        return WebDriverWait(self.driver, SECONDS, 0.1, ignored_exceptions=[WebDriverException])

    def into_view(self, element: WebElement) -> WebElement:
        """Scroll as a person would."""
        webdriver.ActionChains(self.driver).scroll_to_element(element).perform()
        return element

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, reached: Callable[[WebElement], bool], most: int = 120) -> WebElement:
        """Press the tabulator until the focus is where it should be."""
        for _ in range(most):
            self.keys(Keys.TAB)
            focused = self.driver.switch_to.active_element
            if reached(focused):
                return focused
        raise AssertionError(f"The keyboard does not reach it on {self.path}.")

    def log_in(self, user: User) -> Visit:
        """By the shop's login page."""
        self.open("/en/login/").fill("Email address", user.email).fill("Password", PASSWORD)
        return self.press("Log in")

    def prove(self) -> Visit:
        """Give the password, where the page asks once more."""
        assert self.path.startswith("/privacy/prove/"), self.path
        return self.fill("Your password", PASSWORD).press("Continue")

    def phone(self) -> Visit:
        """Hold the page in one hand from now on."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        return self

    def without_scripts(self) -> Visit:
        """Have the browser run none from now on."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        return self

    def width(self) -> tuple[float, float]:
        """How wide the page is, and how wide the window."""
        measured = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        return measured["cssContentSize"]["width"], measured["cssLayoutViewport"]["clientWidth"]

    def downloaded(self) -> Path:
        """The file that was just handed over."""
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            found = [one for one in self.downloads.iterdir() if one.suffix in {".json", ".zip"}]
            if found:
                return found[0]
            time.sleep(0.1)
        raise AssertionError("No file was handed over.")


@pytest.fixture
def visit(live_server, settings, tmp_path: Path) -> Iterator[Visit]:
    """A browser of its own for each test; without one installed the test is left out."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromium-driver")
    settings.RGPD = {**settings.RGPD, "BASE_URL": live_server.url}
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(argument)
    options.add_experimental_option(
        "prefs",
        {
            "intl.accept_languages": "en",
            "download.default_directory": str(downloads),
            "credentials_enable_service": False,
            "profile.password_manager_leak_detection": False,
        },
    )
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(60)
    try:
        yield Visit(driver, live_server.url, downloads)
    finally:
        driver.quit()


@pytest.fixture
def customer(transactional_db: None) -> User:
    """Somebody with everything that the shop can know of a customer."""
    return make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont")


@pytest.fixture
def known(customer: User) -> User:
    """A customer who has proven her address, as whoever signs up in the shop has."""
    address_clicked(customer)
    return customer


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except WebDriverException:  # stale, or of a document that is being taken away
        return True
    return False


def mails() -> list[mail.EmailMessage]:
    """Send what waits; every mail that has left, the latest last."""
    run_due(now=clock.now() + timedelta(seconds=1))
    return list(mail.outbox)


def mail_about(subject: str) -> mail.EmailMessage:
    """The latest mail with this subject."""
    found = [one for one in mails() if subject in one.subject]
    assert found, [one.subject for one in mail.outbox]
    return found[-1]


def link_in(message: mail.EmailMessage, part: str = "") -> str:
    """The first link of a mail that holds ``part``."""
    words = str(message.body).split()
    return next(word for word in words if word.startswith("http") and part in word)
