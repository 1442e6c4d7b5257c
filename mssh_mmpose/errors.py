"""Errors whose message is all that a user needs, as opposed to errors of the program."""


class InputError(ValueError):
    """Wrong input: the message says what came, what was expected and what to do.

    Command lines turn it into one line and exit status 2.
    """


class RunError(RuntimeError):
    """A run that cannot go on: the message says what happened and what to do.

    Command lines turn it into one line and exit status 1.
    """
