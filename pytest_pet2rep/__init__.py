"""pytest-pet2rep: score the PET/CT reports that vision-language models write.

The package imports nothing by itself: the plugin is loaded in every pytest run
of every project where it is installed.  ``score``, ``load_run`` and the other public
functions are resolved on first use.
"""

__version__ = "0.1.0"
