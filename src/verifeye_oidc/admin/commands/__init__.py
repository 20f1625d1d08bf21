"""The commands, a file for each group. They parse, call a use case and print; nothing is decided in here.

What is slow to import is imported when a command runs, so that asking for help does not wait for it.
"""
