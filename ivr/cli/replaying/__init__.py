"""What `ivr replay` is made of beside the replay itself: where its calls come from, what it writes."""
