"""The notebook: magics, display of handles, the live link. The only layer that names IPython, ipywidgets, anywidget."""
