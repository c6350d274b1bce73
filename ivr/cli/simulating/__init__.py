"""`ivr simulate`: a talk with a flow, in lines of text.

`lines` makes of a line what is done (`help` says which lines there are), `talk` does it to a simulated call and can go
back, `showing` says where the call stands, `saving` writes the talk as a scenario, `terminal` joins them.
"""
