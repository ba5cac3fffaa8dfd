// HTTP responses as archives store them: the head, chunked bodies, content encodings (RFC 9110, 9112).
//
// Tolerant: crawlers keep a head and store the body decoded, or the other way round, so the body's own bytes decide.
// Lines may end in LF alone, the reason may be missing, fields may be folded. Pure functions; views point into their
// argument.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace ftok {

struct HttpHead {
  std::string_view version;  // "HTTP/1.1"
  int status = 0;            // 100..999
  std::string_view reason;   // may be empty
  std::vector<std::pair<std::string_view, std::string_view>>
      fields;       // in order, values trimmed; line ends of a folded one stand in it, as white space
  size_t size = 0;  // bytes of the head, the empty line and interim heads before it included: where the body starts

  // The first field of that name (letters in any case), or empty.
  std::string_view field(std::string_view name) const;

  // The Content-Type that counts, as "type/subtype" or "type/subtype; charset=label" (Fetch, "extract a MIME type"):
  // the last valid one of all values of all such fields, with the charset of one before it that named the same type
  // where it names none. Empty where none is valid.
  std::string content_type() const;
};

// Damage codes: "no_status_line" (the block does not start with one), "head_too_long" (no empty line within
// `head_bytes_max` bytes while there is more). Interim responses (1xx) before another head are passed over. A head that
// the block's end cuts is taken as it is, with an empty body.
Result<HttpHead> parse_http_head(std::string_view block, size_t head_bytes_max = 256 << 10);

struct Dechunked {
  bool chunked = false;   // false: the body is not in chunks; nothing was written
  bool complete = false;  // the last chunk (size 0) was there
};

// Takes a chunked body apart, into `out` (replaced). A body whose first line is not a chunk size is not chunked. One
// that breaks later gives the chunks before the break, and what there is of the one it breaks in.
Dechunked dechunk(std::string_view body, std::string& out);

// What became of a content-encoded body.
struct ContentDecoded {
  enum class Kind : uint8_t {
    kIdentity,   // not encoded (as its own bytes show); nothing was written
    kDecoded,    // whole
    kTruncated,  // the encoded body ends early; `out` holds what came before
    kDamaged,    // the encoded bytes are wrong
    kTooLarge,   // more than `bytes_max` decoded bytes
  };
  Kind kind = Kind::kIdentity;
  std::string detail;
  size_t stored_bytes = 0;  // of the body that were read when decoding stopped at `bytes_max`
  // Bytes of `out` that were made, each as often as it was: never more than twice what was decoded and a step of 64
  // KiB, however many members there are. For tests.
  uint64_t prepared_bytes = 0;
};

// Undoes one layer of Content-Encoding: gzip, x-gzip, deflate (zlib-wrapped or raw), br, zstd; "identity" and unknown
// names are kIdentity. The body's bytes decide where the header and they disagree: "gzip" without a gzip magic is
// identity, as is a "br" or "deflate" body that does not decode and looks like text. Writes at most `bytes_max` bytes
// to `out` (replaced).
ContentDecoded decode_content(std::string_view encoding, std::string_view body, size_t bytes_max, std::string& out);

// The codings of a Content-Encoding value, lower case, without "identity" and empty ones.
std::vector<std::string> content_codings(std::string_view value);

// The coding whose magic number the body begins with, "gzip", "zstd" or zlib's "deflate"; else empty. No page begins
// so.
std::string_view coding_by_magic(std::string_view body);

// The media type of a Content-Type value in lower case, parameters dropped: "text/html".
std::string media_type(std::string_view content_type);

// What the first bytes of a body say (WHATWG MIME Sniffing, section 7.1, cut to what matters here): "text/html",
// "application/xhtml+xml", "text/xml", "text/plain", "application/pdf", ... or "application/octet-stream".
std::string_view sniff_type(std::string_view body);

// Whether what is called a page is something else: a magic number or binary bytes at its beginning, and no tag of a
// page there. Not to be asked of UTF-16, where every other byte is binary.
bool is_no_page(std::string_view body);

}  // namespace ftok
