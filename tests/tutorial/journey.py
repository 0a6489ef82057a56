# What the tutorial has its reader do in a browser, done in the shell of the project that it makes.
import io
import json
import re
import zipfile

from django.core.management import call_command
from django.test import Client
from shop.models import Customer, Invoice, Order

from django_rgpd.export.models import ExportRequest

browser = Client(headers={"host": "127.0.0.1"})
login = browser.post("/accounts/login/", {"username": "marie", "password": "a long password"})
assert (login.status_code, login["Location"]) == (302, "/privacy/"), login
assert browser.get("/privacy/").status_code == 200

assert browser.post("/privacy/export/", {"document": "access"}).status_code == 302
call_command("rgpd_run")
url = f"/privacy/export/{ExportRequest.objects.get().uuid}/"
password = {"way": "password", "password": "a long password"}
assert browser.post("/privacy/prove/", {**password, "next": url}).status_code == 302
file = browser.post(url)
assert file.status_code == 200, file
content = b"".join(file.streaming_content)
if content.startswith(b"PK"):
    content = zipfile.ZipFile(io.BytesIO(content)).read("export.json")
text = json.dumps(json.loads(content), ensure_ascii=False)
assert "marie@example.com" in text
assert "The door code is 1234." in text
assert "2026-1" in text

page = browser.get("/privacy/delete/").content.decode()
assert "Invoices and accounts" in page or "invoices" in page.lower(), page
assert "2036" in page, page
plan = re.search(r'name="plan" value="([0-9a-f]+)"', page)[1]
gone = browser.post("/privacy/delete/", {"plan": plan})
assert (gone.status_code, gone["Location"]) == (302, "/privacy/deleted/"), gone

assert not Customer.objects.exists()
order = Order.objects.get()
assert (order.customer_id, order.name, order.street, order.delivery_note) == (None, "", "", "")
assert (order.number, str(order.total)) == ("A1", "42.00")
invoice = Invoice.objects.get()
assert (invoice.name, invoice.street) == ("Marie Dupont", "1 rue des Lilas")
print("journey done")
