"""The one kind of error that the simulation's commands show."""


class SimError(Exception):
    """Something the simulation cannot do, said in full: it is printed as it is, without a traceback."""
