"""The shop's policy, with a newsletter service that gets data for all that goes out by email."""

from dataclasses import replace

from example_shop.config.policy import policy as shops

policy = replace(
    shops,
    recipients=[
        replace(one, purposes=["newsletter", "offers", "surveys"]) if one.key == "mailchimp" else one
        for one in shops.recipients
    ],
)
