"""The one way in which a use case says no."""


class Refused(Exception):
    """The use case was not carried out. The message names the field, the reason and the way out."""
