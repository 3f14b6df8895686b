"""One ext_proc stream is one HTTP exchange: a state machine, given events, returning commands.

It does no I/O and knows no clock. What must wait leaves as a command and comes back as an event.
"""
