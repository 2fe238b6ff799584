"""What a page holds, read as a browser reads it, without running anything."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


@dataclass
class Form:
    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        return self.attributes["action"]


class Document(HTMLParser):
    """Elements in order with the text inside them, and forms with their fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute twice: {attrs}"
        element = Element(tag, attributes)
        self.elements.append(element)
        if tag == "form":
            self.forms.append(Form(attributes))
        if tag == "input" and not self._is_left_out(attributes):
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
        select = next((one for one in reversed(self._open) if one.tag == "select"), None)
        if (
            tag == "option"
            and select is not None
            and ("selected" in attributes or self._is_first_option())
        ):
            self.forms[-1].fields[select["name"]] = attributes.get("value", "")
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        assert element.tag == tag
        if tag == "textarea":
            # HTML drops the line break after the start tag.
            self.forms[-1].fields[element["name"]] = element.text.removeprefix("\n")

    @staticmethod
    def _is_left_out(attributes: dict[str, str]) -> bool:
        """What a browser does not send: boxes without a mark, files that nobody chose."""
        kind = attributes.get("type")
        return kind == "file" or (kind in ("checkbox", "radio") and "checked" not in attributes)

    def _is_first_option(self) -> bool:
        last = next(one for one in reversed(self.elements[:-1]) if one.tag in ("select", "option"))
        return last.tag == "select"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def only(self, tag: str) -> Element:
        (element,) = self.all(tag)
        return element

    def by_id(self, name: str) -> Element:
        (element,) = [one for one in self.elements if one.attributes.get("id") == name]
        return element

    def has(self, name: str) -> bool:
        return any(one.attributes.get("id") == name for one in self.elements)

    @property
    def form(self) -> Form:
        (form,) = self.forms
        return form

    def form_of(self, **fields: str) -> Form:
        """The only form that holds these fields."""
        (form,) = [one for one in self.forms if fields.items() <= one.fields.items()]
        return form

    @property
    def title(self) -> str:
        return self.only("title").text

    @property
    def text(self) -> str:
        return " ".join(self.only("body").text.split())
