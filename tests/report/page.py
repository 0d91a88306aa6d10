"""A page as an HTML parser sees it, which is the judge of what a hostile name can do."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}


class Page(HTMLParser):
    """All elements, attributes, texts and scripts of one page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.broken: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def tags(self) -> Counter[str]:
        return Counter(tag for tag, _ in self.elements)

    @property
    def shapes(self) -> set[tuple[str, str]]:
        """Every attribute by the element that carries it."""
        return {(tag, name) for tag, attributes in self.elements for name in attributes}

    def values(self, name: str) -> list[str]:
        """All values of one attribute."""
        return [a[name] or "" for _, a in self.elements if name in a]

    def inside(self, tag: str) -> list[str]:
        """All texts directly inside elements of one tag."""
        return [text for parent, text in self.texts if parent == tag]
