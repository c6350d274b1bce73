"""The ledger of missed calls: whoever could not talk to us is owed a call, until somebody has made it good."""
