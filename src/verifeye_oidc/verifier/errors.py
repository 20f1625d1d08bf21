"""What can be wrong with a request to the verification service. The texts are for the log."""


class LinkInvalid(Exception):
    """The verification URL was not made for this configuration, was changed, or lacks something (400)."""


class LinkGone(Exception):
    """The verification URL has expired, or another browser has used it already (410)."""


class NotYours(Exception):
    """There is no such session for this browser (403): whether there is one for another is not said."""
