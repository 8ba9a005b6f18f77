"""What stands in an HTML file, for tests that look at one without a browser."""

from html.parser import HTMLParser
from pathlib import Path

FETCHING = ("src", "srcset", "data", "poster", "action", "formaction", "background")
BLOCKS = ("p", "li", "div", "td", "th", "tr", "dt", "dd", "caption", "h1", "h2", "h3", "h4", "summary", "section")


class HtmlPage(HTMLParser):
    """`elements` are (tag, attributes) in their order; `text` is what is not inside a script or a style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(html)
        self.close()

    @classmethod
    def read(cls, path: Path) -> "HtmlPage":
        return cls(path.read_text(encoding="utf-8"))

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if attributes.get("id")]

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in (attributes.get("class") or "").split()]

    @property
    def links(self) -> list[str]:
        found = [attributes.get("href") or attributes.get("xlink:href") for _, attributes in self.elements]
        return [link for link in found if link is not None]

    @property
    def fetched(self) -> list[str]:
        """Everything that would make a browser ask somebody for something."""
        return [value for _, attributes in self.elements for name, value in attributes.items() if name in FETCHING]

    def handle_starttag(self, tag, attrs):
        if tag in BLOCKS:
            self.text += "\n"
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.text += data
