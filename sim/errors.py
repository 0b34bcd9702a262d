"""The error type that the simulation's commands show to the user."""


class SimError(Exception):
    """An error whose message is complete: it is printed as it is, without a traceback."""
