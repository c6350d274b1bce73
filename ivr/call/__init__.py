"""One citizen's call: session, legs, registry."""
