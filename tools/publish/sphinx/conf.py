"""Sphinx's settings for the site. Nothing is executed: the outputs come from the notebooks."""

from sphinx.application import Sphinx

from softmax_lessons.translation import translated
from tools.publish import linked_data

project = "softmax_lessons"
author = "the softmax_lessons maintainers"
project_copyright = "2026 the softmax_lessons maintainers"
language = "en"

extensions = ["myst_nb", "sphinx_copybutton"]
exclude_patterns = ["docs/sample_submissions"]  # they are for the grader, and aren't pages
myst_enable_extensions = ["amsmath", "dollarmath", "html_image"]
myst_heading_anchors = 3
highlight_language = "text"  # unless a block of code says otherwise
nb_execution_mode = "off"
nb_merge_streams = True
nb_number_source_lines = False
nb_code_prompt_show = translated("Show the solution")
nb_code_prompt_hide = translated("Hide the solution")
# a figure's HTML carries its alt text, and a verdict's its colours
nb_mime_priority_overrides = [("html", "text/html", 0)]

html_theme = "sphinx_book_theme"
html_title = "Softmax in PyTorch"
html_theme_options = {
    "use_download_button": False,  # each lesson links its own forms
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # one search button is enough
    "footer_content_items": ["copyright", "extra-footer"],
    "extra_footer": (
        'Prose and figures: <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. '
        "Code: MIT licence."
    ),
}
html_context = {"default_mode": "auto"}
html_static_path = [
    "../node_modules/mathjax/es5/tex-svg-full.js",
    "../../../softmax_lessons/explorers",
    "../questions.js",
    "../questions.css",
    "site.css",
    "search.js",
    "steps.js",
]
html_css_files = ["site.css", "questions.css"]
html_js_files = ["search.js", "steps.js", "questions.js"]
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which a page from a disk may not do
html_show_sphinx = False
html_use_index = False
mathjax_path = "tex-svg-full.js"
mathjax3_config = {"options": {"enableMenu": False}}


def setup(app: Sphinx) -> None:
    """Let each page say what it is about."""
    app.connect("html-page-context", linked_data.add_to_page)
