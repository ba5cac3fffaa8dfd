#!/usr/bin/env python3
"""The page of `ftok encode --page` in a real browser: the text is all there and stays text, hovering shows id, rank and bytes, nothing
is loaded and no script of the text runs.

  page_check.py FTOK

Needs chromium on the PATH; exit 77 (a skipped test) without it.
"""
import html, os, pathlib, re, shutil, subprocess, sys, tempfile

TEXT = 'The naïve café <script>document.title = "broken"</script> </b><img src=http://example.invalid/x onerror="document.title=\'broken\'"> \x00 end'
HOVER = """<script>
const of_nth = (n) => document.querySelectorAll('b[data-id]')[n];
of_nth(1).dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
of_nth(1).dispatchEvent(new MouseEvent('click', {bubbles: true}));
document.body.setAttribute('data-shown', document.getElementById('tip').textContent);
document.body.setAttribute('data-text', document.querySelector('.text').textContent);
document.body.setAttribute('data-loaded', performance.getEntriesByType('resource').length);
</script></body>"""


def main():
    browser = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    if browser is None:
        print("SKIPPED: no chromium")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "page.html"
        text = TEXT.replace("\x00", "")
        subprocess.run([sys.argv[1], "encode", "--vocab", "ftok-100k", "--page", str(page), text], check=True)
        content = page.read_text(encoding="utf-8")
        page.write_text(content.replace("</body>", HOVER), encoding="utf-8")
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()],
                              capture_output=True, text=True, timeout=120)
    dom = done.stdout
    value = lambda name: html.unescape(re.search(f'data-{name}="([^"]*)"', dom).group(1))
    ids = re.findall(r'data-id="(\d+)"', dom)
    expected = subprocess.run([sys.argv[1], "encode", "--vocab", "ftok-100k", "--ids", text], check=True, capture_output=True, text=True).stdout.split()
    assert ids == expected, (ids, expected)
    shown = value("shown").split("\n")
    assert shown[1] == f"id {ids[1]}   rank {ids[1]}", shown
    assert re.fullmatch(r"bytes( [0-9a-f]{2})+", shown[2]), shown
    assert value("text").replace("·", " ") == text, value("text")
    assert value("loaded") == "0", value("loaded")
    assert "<title>Tokens</title>" in dom and "<img" not in dom, "text became markup"
    print("the page holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
