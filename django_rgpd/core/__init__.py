"""What every room uses and what uses no room: settings, clock, keys, links, addresses, limits, pages."""
