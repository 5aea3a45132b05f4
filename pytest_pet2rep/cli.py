"""The command line ``pet2rep``."""
