"""The live-call server: takes calls from Asterisk, runs dialogues, queues callers for agents."""
