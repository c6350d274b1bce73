"""The private Asterisk on this machine: found, configured, started, stopped."""
