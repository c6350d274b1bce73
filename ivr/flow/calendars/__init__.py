"""Calendars: open or closed at a moment, why, and until when. Pure; `now` is passed in.

what an author wrote (`calendar_model`) -> `reading`, with `hours`, `dates`, `zones` -> a `Calendar` (`calendar`), which
asks `holiday_rules` on the way, and these the two packages that know the world's holidays (`holiday_data`).
"""
