"""What the dialplan's fallback did while no controller was there, taken into the records: calls, messages, debts."""
