"""What was said in calls, for people: shown, searched, corrected, written out, and erased when its time is over.

`service.TranscriptService` is the way in, for the command line and for the web. What is personal is hidden in whatever
it gives unless it is told not to (`storage/personal`); the tables are in `storage/transcripts.py`.
"""
