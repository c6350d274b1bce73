"""Who is let in: decided before a call gets a session, so that a flood, a nuisance or a full house is answered politely
and costs little. `deciding.py` is pure, `gate.py` holds what is remembered, `refusal.py` is what the refused hear."""
