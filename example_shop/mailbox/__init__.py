"""The mails of the demonstration, to be read and clicked in the browser."""
