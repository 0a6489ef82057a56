"""Bringing a list of consents along that were given elsewhere: read, judged, shown, confirmed, taken."""
