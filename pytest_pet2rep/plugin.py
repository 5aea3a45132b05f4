"""The pytest11 entry point: thin hooks that import nothing but pytest until pet2rep is asked for."""
