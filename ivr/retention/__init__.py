"""How long what is kept, by class, and what is erased because a person wishes it. One home for all of it."""
