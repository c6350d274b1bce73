"""Scenarios as real calls: a hotline of our own on a private Asterisk, telephones, voices, a web server.

`plan` says whether a scenario can be placed at all and what it needs, `variant` makes the folder and the settings of
the hotline that it needs, `house` runs it; `people` are the telephones, `service` the web services, `voices` what is
said, `following` the call as its journal tells it, `acting` a scenario's turns, `sound` what was really heard.
"""
