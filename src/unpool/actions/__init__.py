"""The verbs: what each command does, for the terminal, Python and the page alike.

Every verb takes plain arguments, tells its progress to a `Progress`, and returns the JSON object of its command.
"""
