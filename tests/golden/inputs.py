"""What the golden record is made from: the real pages of FTOK_TEST_DATA, WARC files of them, and a mix of texts."""
import gzip, io, json, re, subprocess, tarfile

# Page set -> which members of its archive are pages.
PAGE_SETS = {
    "aeb": r"/html/.*\.html\.gz$",
    "goose3": r"\.html$",
    "readability": r"/source\.html$",
    "trafilatura_eval": r"/(cache|eval)/.*\.html?$",
    "wcxb_dev": r"/html/.*\.html$",
}


def unpack(path):
    """the bytes of a zstd file"""
    return subprocess.run(["zstd", "-dcq", "--long=27", str(path)], capture_output=True, check=True).stdout


def members(path):
    """the files of a .tar.zst -> (name, bytes), in the archive's order"""
    with tarfile.open(fileobj=io.BytesIO(unpack(path))) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, tar.extractfile(member).read()


def page_key(name):
    """a page's key: its path without the set, the ending and what every path of the set has"""
    key = re.sub(r"(/source)?\.html?(\.gz)?$", "", name.split("/", 1)[1])
    key = re.sub(r"^(html|test-pages)/", "", key)
    return re.sub(r"[^\w.-]", "_", key[:16] if re.fullmatch(r"[0-9a-f]{64}", key) else key)


def pages(data, count=None):
    """-> {SET/KEY: HTML}, sorted; with `count`, that many of each set at equal distances"""
    chosen = {}
    for name, pattern in PAGE_SETS.items():
        files = members(data / "html" / f"{name}.tar.zst")
        found = {page_key(path): body for path, body in files if re.search(pattern, path)}
        keys = sorted(found)
        if count is not None:
            keys = [keys[i * len(keys) // count] for i in range(count)]
        for key in keys:
            body = found[key]
            chosen[f"{name}/{key}"] = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return chosen


def warc_record(kind, content_type, body, uri=None, name=None):
    """one WARC record, a gzip member of its own"""
    head = ["WARC/1.0", f"WARC-Type: {kind}", "WARC-Date: 2024-05-01T00:00:00Z", f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}"]
    if uri is not None:
        head += [f"WARC-Target-URI: {uri}", f"WARC-Record-ID: <urn:golden:{name}>"]
    return gzip.compress("\r\n".join(head).encode() + b"\r\n\r\n" + body + b"\r\n\r\n", 1, mtime=0)


def write_warc(path, named_pages):
    """a WARC file of {NAME: HTML}: what a crawler writes for each"""
    with open(path, "wb") as out:
        out.write(warc_record("warcinfo", "application/warc-fields", b"software: golden record\r\n"))
        for name, html in named_pages.items():
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html
            uri = f"https://pages.example/{name}"
            for kind, body in (("request", b"GET / HTTP/1.1\r\n\r\n"), ("response", http)):
                out.write(warc_record(kind, f"application/http; msgtype={kind}", body, uri, name))


def sample_texts(path):
    """the texts the sample was made from, in the order of their files"""
    return "\n".join(file.read_text("utf-8") for file in sorted(path.rglob("*.txt")))


def mixed_text(data, sample, bytes_max=1 << 20):
    """about 1 MB of text: English books, web documents, sentences of 75 languages and the sample's texts"""
    share = bytes_max // 4
    books = [json.loads(line)["text"] for line in unpack(data / "text" / "books.jsonl.zst").splitlines()[::24]]
    web = [json.loads(line)["text"] for line in unpack(data / "text" / "c4_1000.jsonl.zst").splitlines()[::7]]
    languages = dict(sorted(members(data / "lid" / "lingua_sentences.tar.zst")))
    sentences = [text.decode("utf-8")[:4000] for name, text in languages.items() if name.endswith(".txt")]
    piece = share // len(books)
    english = "".join(book[10000:10000 + piece] for book in books)
    parts = [english, "\n".join(web), "\n".join(sentences), sample_texts(sample)]
    return "\n".join(part.encode("utf-8")[:share].decode("utf-8", "ignore") for part in parts)


def chunks_of(text, size=1 << 16):
    """the text in chunks of at most `size` bytes, cut between characters"""
    data = text.encode("utf-8")
    begin = 0
    while begin < len(data):
        end = min(begin + size, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[begin:end].decode("utf-8")
        begin = end
