"""Reads the sample's source files: pages as plain text with a one-line header each.

  === SLUG | TITLE | key=value key=value
  A paragraph; an empty line ends it.

  ## A heading
  - an item            1. a numbered item        > a quotation        | a | table |        ``` code ```

Keys: `expect` the outcome (default kept); `as` html (default) or text (a text/plain conversion record, body taken as it stands);
`charset` and `declared` (header, meta, http-equiv, bom, none); `layout`, `site`, `url`, `encoding`, `transfer`; anything else
is a note for tests.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Page:
    slug: str
    title: str
    body: str
    subject: str = ""
    keys: dict = field(default_factory=dict)

    @property
    def expect(self):
        return self.keys.get("expect", "kept")


def read_pages(path):
    """-> the pages of one source file, in order"""
    pages = []
    for part in re.split(r"^=== ", Path(path).read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        fields = [f.strip() for f in head.split("|")]
        keys = dict(pair.split("=", 1) for pair in " ".join(fields[2:]).split())
        pages.append(Page(fields[0], fields[1], body.strip("\n"), Path(path).stem, keys))
    return pages


def blocks_of(body):
    """-> [(kind, content)]: kind is p, h2, ul, ol, quote, table or code; content a string, or a list of strings or rows"""
    blocks = []
    for chunk in re.split(r"\n{2,}", body):
        lines = chunk.split("\n")
        first = lines[0]
        if first.startswith("```"):
            blocks.append(("code", "\n".join(line for line in lines if not line.startswith("```"))))
        elif first.startswith("## "):
            blocks.append(("h2", first[3:]))
        elif first.startswith("- "):
            blocks.append(("ul", [line[2:] for line in lines]))
        elif re.match(r"\d+\. ", first):
            blocks.append(("ol", [line.split(". ", 1)[1] for line in lines]))
        elif first.startswith("> "):
            blocks.append(("quote", " ".join(line[2:] for line in lines)))
        elif first.startswith("| "):
            blocks.append(("table", [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]))
        else:
            blocks.append(("p", " ".join(lines)))
    return blocks


def plain_text(body):
    """The text an ideal extractor would give: markup off, one block a line, blocks apart by an empty line."""
    out = []
    for kind, content in blocks_of(body):
        if kind in ("ul", "ol"):
            out.append("\n".join("- " + item for item in content))
        elif kind == "table":
            out.append("\n".join(" | ".join(row) for row in content))
        else:
            out.append(content)
    return "\n\n".join(out)
