"""What an administrator watches the hotline by: metrics, health, readiness. No personal data and no id of a call is in
any of it; labels are of bounded sets."""
