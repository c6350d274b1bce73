"""People who talk with each other: what an agent and a supervisor do with a call, and what is recorded of it."""
