"""Writes WARC records: a gzip member each, the same bytes on every machine with the same zlib."""
import base64
import hashlib
import uuid
import zlib

CRLF = b"\r\n"


def member(data):
    """One gzip member, without a time or a name."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    return (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + body + zlib.crc32(data).to_bytes(4, "little")
            + (len(data) & 0xFFFFFFFF).to_bytes(4, "little"))


def gzip_body(data):
    return member(data)


def deflate_body(data):
    return zlib.compress(data, 9)


def brotli_body(data):
    """A Brotli stream of uncompressed meta-blocks (RFC 7932, section 9.2): valid, and needs no Brotli encoder."""
    out, bits, count = bytearray(), 0, 0

    def put(value, width):
        nonlocal bits, count
        bits |= value << count
        count += width

    def align():
        nonlocal bits, count
        out.extend(bits.to_bytes((count + 7) // 8, "little"))
        bits = count = 0

    put(0, 1)  # a window of 16 bits
    for start in range(0, len(data), 65536):
        chunk = data[start:start + 65536]
        put(0, 1)  # not the last
        put(0, 2)  # four nibbles of length
        put(len(chunk) - 1, 16)
        put(1, 1)  # uncompressed
        align()
        out.extend(chunk)
    put(3, 2)  # last, empty
    align()
    return bytes(out)


def chunked(data, size=700):
    """HTTP/1.1 chunks, sizes varying a little, with an extension on the first."""
    out, at, n = [], 0, 0
    while at < len(data):
        piece = data[at:at + size + 37 * (n % 5)]
        out.append(b"%x%s\r\n%s\r\n" % (len(piece), b";first" if n == 0 else b"", piece))
        at, n = at + len(piece), n + 1
    return b"".join(out) + b"0\r\n\r\n"


def record_id(kind, url, n):
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {n} {url}')}>"


def digest(data):
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def record(kind, url, block, n, content_type, extra=(), length=None):
    """-> the bytes of one WARC record, not compressed. `length` lies about Content-Length."""
    minute, second = divmod(n, 60)
    fields = [("WARC-Type", kind), ("WARC-Date", f"2024-05-18T08:{minute % 60:02}:{second:02}Z"),
              ("WARC-Record-ID", record_id(kind, url, n)), ("Content-Length", str(len(block) if length is None else length)),
              ("Content-Type", content_type)]
    if url:
        fields.append(("WARC-Target-URI", url))
    fields += [("WARC-Block-Digest", digest(block)), *extra]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return b"WARC/1.0\r\n" + head.encode() + CRLF + block + CRLF + CRLF


def http_response(body, headers, status="200 OK"):
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body
