"""Makes handouts, slides, a site and copies from the notebooks: `python -m tools.publish`."""
