"""The log watched from outside: what a stranger sees at the front door is verified round by round, and what differs is an incident.

    front_door     the public address, asked over HTTP within limits
    memory         what was seen and verified before: the thing that an operator who rewrites history cannot reach back into
    examination    the checks of one round        growth    every new entry and tile
    contradiction  two histories: both notes are kept, with the proof where there is one
    slices         what higher rooms add, a part of it in each round (originals)
    rounds         one round: incidents, the alarm for a front door that does not answer

What it does not do: replace the witnesses. It runs in the operator's house, and is believed by the operator alone.
Source: threats of this project, 1.1 ("probe through the real front door"; an always-on self monitor) and T28.
"""
