"""The verbs: one for each command.

Terminal, Python and page call the same functions. Every verb reports to a `Progress` and returns the JSON object of its
command.
"""
