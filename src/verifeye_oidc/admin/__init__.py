"""Administration: use cases, and the command line that only calls them."""
