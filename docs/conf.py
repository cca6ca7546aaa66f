"""Sphinx: the pages of this folder as HTML. `make docs` builds them into docs/_build, where warnings are errors."""

from __future__ import annotations

project = "unpool"
author = "The unpool developers"

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = "unpool"
html_show_copyright = False
