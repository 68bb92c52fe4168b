"""What leaves for people and systems: signed webhooks, and the notices that an organisation finds in its inbox."""
