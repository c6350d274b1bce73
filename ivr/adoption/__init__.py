"""Goes on with what an earlier controller had begun: calls, their places and talks, agents."""
