"""The error of wrong input, as opposed to errors of the program."""


class InputError(ValueError):
    """Wrong input: the message says what came, what was expected and what to do.

    Command lines turn it into one line and exit status 2.
    """
