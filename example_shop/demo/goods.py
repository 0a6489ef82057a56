"""What the demonstration sells."""

from decimal import Decimal

from example_shop.catalogue.models import Category, Product

SHELVES = {
    "Balloons": [
        ("Twelve gold balloons", "7.90", "Natural rubber, with ribbon. They float for a day with helium."),
        ("Balloon arch kit", "24.50", "Eighty balloons, a strip and a good hour's fun."),
        ("Number balloon", "5.20", "Foil, 80 cm, from 0 to 9. Say which one in the note for the carrier."),
    ],
    "Candles": [
        ("Beeswax birthday candles", "9.40", "Ten thin candles that smell of summer."),
        ("Sparkling fountain", "4.60", "Forty seconds of applause."),
    ],
    "Garlands": [
        ("Paper lantern", "12.90", "Folds flat, glows warm. Made of mulberry paper in Lyon."),
        ("Bunting, five metres", "14.00", "Cotton flags in nine colours, washable, for many parties."),
        ("Fairy lights, battery", "18.30", "Thirty warm lights on a copper wire."),
    ],
    "Gifts": [
        ("Box of tiny wonders", "29.00", "Seven small presents for seven small guests."),
        ("Wooden music box", "34.00", "Plays one tune. You will know it by heart."),
    ],
    "Tableware": [
        ("Dotted paper plates", "6.50", "Twelve, strong enough for second helpings."),
        ("Striped napkins", "4.20", "Twenty of them, because one is never enough."),
    ],
}


def stock() -> list[Product]:
    """Put everything on its shelf; what is there already stays as it is."""
    products = []
    for shelf, goods in SHELVES.items():
        category, _new = Category.objects.get_or_create(slug=_slug(shelf), defaults={"name": shelf})
        for name, price, text in goods:
            values = {"name": name, "price": Decimal(price), "description": text, "category": category}
            products.append(Product.objects.get_or_create(slug=_slug(name), defaults=values)[0])
    return products


def _slug(name: str) -> str:
    return name.lower().replace(",", "").replace("'", "").replace(" ", "-")
