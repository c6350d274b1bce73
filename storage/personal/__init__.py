"""What in a text is personal, found by class, and hidden: `mask.mask`. Pure; it needs the Chinese dictionary once."""
