# SPDX-License-Identifier: MIT
"""links.py FOLDER: every link of the HTML files in it leads to a file and a place in it, and every file can be reached."""

import sys
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "href":
                self.links.append(value)
            elif name == "id":
                if value in self.places:
                    raise ValueError(f"two places are called {value}")
                self.places.add(value)


def main(folder):
    pages = {path.name: Page(path.read_text()) for path in Path(folder).glob("*.html")}
    dead, reached, count = [], set(), 0
    for name, page in pages.items():
        for link in page.links:
            file, _, place = link.partition("#")
            count += 1
            reached.add(file)
            if file not in pages or (place and place not in pages[file].places):
                dead.append(f"{name}: {link}")
    dead += [f"nothing leads to {name}" for name in pages if name not in reached]
    print(*dead, f"{len(pages)} pages, {count} links", sep="\n")
    return 1 if dead or count < 1000 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
