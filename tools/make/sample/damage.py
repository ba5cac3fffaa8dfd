"""Pages and records that go wrong on purpose. Each function yields (kind, url, outcome, stored bytes): what becomes of the record
is said beside it; `n` numbers the record."""
import zlib

import records

HTML = [("Content-Type", "text/html; charset=utf-8"), ("Server", "sample")]
HTTP = "application/http; msgtype=response"
HOST = "https://damaged.example/"


def response(n, name, block, **keys):
    return records.record("response", HOST + name, block, n, HTTP, **keys)


def html_page(text):
    return f"<!DOCTYPE html>\n<html><head><title>{text}</title></head>\n<body><p>{text}</p></body></html>\n".encode()


def http_records(n):
    """Responses whose HTTP message or page is the trouble."""
    def good(name, outcome, block):
        return ("response", HOST + name, outcome, records.member(response(n, name, block)))

    def encoded(name, outcome, coding, body, extra=()):
        headers = [*HTML, *extra, ("Content-Encoding", coding), ("Content-Length", str(len(body)))]
        return good(name, outcome, records.http_response(body, headers))

    yield good("no-status-line", "http.malformed", b"this is no HTTP message\r\n\r\n" + html_page("A page without a head."))
    packed = records.gzip_body(html_page("Words that were lost when the stream broke. " * 40))
    broken = packed[:40] + bytes(b ^ 0xFF for b in packed[40:60]) + packed[60:]
    yield encoded("gzip-broken", "http.bad_encoding", "gzip", broken)
    twice = records.gzip_body(records.deflate_body(html_page("Packed twice.")))
    yield encoded("two-layers", "http.bad_encoding", "deflate, gzip", twice)
    yield encoded("bomb", "http.bomb", "gzip", records.gzip_body(b"<p>" + bytes(66 << 20)))
    yield encoded("too-large", "http.too_large", "deflate", slow_to_pack(66 << 20))
    yield good("moved", "http.empty", records.http_response(b"", [*HTML, ("Location", HOST + "elsewhere")], "301 Moved Permanently"))
    menu = "".join(f'<li><a href="/{i}">Chapter {i}</a></li>' for i in range(12))
    nothing = f"<html><head><title>Menu</title></head><body><nav><ul>{menu}</ul></nav><script>start()</script></body></html>"
    yield good("only-a-menu", "extract.no_text", records.http_response(nothing.encode(), HTML))
    deep = "<html><body>" + "<div>" * 700 + "<p>Down here nobody will ever read a word.</p></body></html>"
    yield good("too-deep", "extract.too_complex", records.http_response(deep.encode(), HTML))
    attributes = "<html><body><p " + " ".join(f"a{i}=1" for i in range(500)) + ">One tag with five hundred attributes.</p></body></html>"
    yield good("too-many-attributes", "extract.too_complex", records.http_response(attributes.encode(), HTML))
    vast = b"<html><body>" + b"<p>The same line.</p>\n" * (9 << 16) + b"</body></html>"
    yield encoded("too-vast", "extract.too_large", "gzip", records.gzip_body(vast))


def slow_to_pack(size):
    """`size` bytes as a zlib stream that stays below the ratio that makes it a bomb, and packs well a second time."""
    packer = zlib.compressobj(9)
    block = b"".join(b"%d<br>" % i + b"-" * 170 for i in range(64))
    out = [packer.compress(block) for _ in range(size // len(block) + 1)]
    return b"".join(out) + packer.flush()


def warc_records(n):
    """Records whose container is the trouble."""
    page = records.http_response(html_page("A sound page in a damaged record. " * 20), HTML)

    def damaged(name, stored):
        return ("response", HOST + name, "warc.damaged", stored)

    yield damaged("length-too-long", records.member(response(n, "length-too-long", page, length=len(page) + 5000)))
    yield damaged("length-no-number", records.member(response(n + 1, "length-no-number", page, length="many")))
    flipped = bytearray(records.member(response(n + 2, "check-wrong", page)))
    flipped[-6] ^= 0x10
    yield damaged("check-wrong", bytes(flipped))
    whole = records.member(response(n + 3, "cut-member", page))
    yield damaged("cut-member", whole[:len(whole) * 2 // 3])
    huge = response(n + 4, "too-large", records.http_response(b"<p>", HTML) + bytes(65 << 20))
    yield ("response", HOST + "too-large", "warc.too_large", records.member(huge))


GARBAGE = b"\x00garbage between two members, of no use to anybody\xff\xfe\r\n"  # belongs to no record


def skipped_records(n):
    """Records that are no pages, one of every kind."""
    def one(kind, outcome, name, block, content_type, extra=()):
        return (kind, HOST + name, outcome, records.member(records.record(kind, HOST + name, block, n, content_type, extra)))

    def picture(name, content_type, body):
        return one("response", "skip.not_html", name, records.http_response(body, [("Content-Type", content_type)]), HTTP)

    pdf = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
           b"trailer<</Root 1 0 R>>\n%%EOF\n")
    yield picture("leaflet.pdf", "application/pdf", pdf)
    yield picture("unlabelled", "application/octet-stream", pdf)
    yield picture("dot.gif", "image/gif", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
    yield picture("feed.json", "application/json", b'{"title": "No page", "items": []}')
    yield picture("robots.txt", "text/plain", b"User-agent: *\nDisallow: /private/\n")
    yield one("response", "skip.not_http", "dns", b"20240518080000\ndamaged.example. 300 IN A 93.184.216.34\n", "text/dns")
    yield one("revisit", "skip.revisit", "seen-before", records.http_response(b"", HTML), HTTP,
              [("WARC-Profile", "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest")])
    yield one("resource", "skip.resource", "style.css", b"p { margin: 0 }\n", "text/css")
    yield one("conversion", "skip.conversion", "leaflet.xml", b"<page/>", "text/xml")
    yield one("continuation", "skip.continuation", "part-two", b"the second segment of something", HTTP, [("WARC-Segment-Number", "2")])
    yield one("screenshot", "skip.unknown_type", "picture-of-page", b"\x89PNG\r\n", "image/png")
