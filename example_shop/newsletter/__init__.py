"""Where the newsletter's form stands; the newsletter itself is the library's."""
