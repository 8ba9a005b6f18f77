"""What a browser sees: Jinja2 templates, one module a page.

shell       what every page has around its own content; pages are rendered through it
assets      style sheet, scripts and icon, cacheable for good
admin/      pages for administrators
templates/  one template a page, `layout.html` around them, `gadgets/` for what a dashboard refreshes by itself
"""
