// HttpStage ("http"): Document::payload, an HTTP response as stored, becomes Document::html, the page in UTF-8.
//
// In order: the head is parsed; a response that is not HTML is skipped as "not_html" (by WARC-Identified-Payload-Type
// where the crawler gave one, else by Content-Type, else by its first bytes); the body is taken out of its chunks and
// of one layer of Content-Encoding, announced or shown by its magic number; the charset is chosen (charset.h) and
// decoded; XHTML that is served as such becomes HTML (xhtml.h). Fills html, charset and replacements, sets `truncated`
// where the body ends early and the record did not say so ("chunked", "encoding"), and empties payload. A document
// whose payload is empty (text inputs) passes untouched.
//
// Skips: not_html, http_status (only with `status` = "ok").
// Drops: http.malformed (no status line, a head without end), http.bad_encoding (wrong bytes, or more than one layer),
//        http.too_large (body), http.bomb (decodes to more than body_bytes_max at more than bomb_ratio), http.empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "document/stage.h"

namespace ftok {

struct HttpHead;

struct HttpOptions {
  int64_t body_bytes_max = int64_t{16} << 20;
  double bomb_ratio = 250;
  std::string status = "any";
  bool xhtml = true;

  void visit(OptionVisitor& visitor) {
    visitor.field("body_bytes_max", body_bytes_max,
                  "largest body after decoding, in bytes (Common Crawl stores at most 5 MiB)");
    visitor.field("bomb_ratio", bomb_ratio,
                  "a body that passes body_bytes_max at more than this many bytes per stored byte is a bomb");
    visitor.choice("status", status, {"any", "ok"},
                   "which responses are read: any, as datatrove does, or ok: status 200 to 299");
    visitor.field("xhtml", xhtml, "read application/xhtml+xml as a page too (datatrove does)");
  }
};

class HttpStage : public Stage {
 public:
  explicit HttpStage(HttpOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "http"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override;
  // The most bytes that process() takes where the body may be coded: what it may decode to, and that as a page. 0 where
  // the document's size says what it takes.
  uint64_t decoding_bytes(const Document& document) const;
  std::string summary(const Document& document) const override;

  // The body of the response in document.payload, out of its chunks and codings, into `body`, and its media type into
  // `type`, where that is one of `types`; else keeps, with an empty `type`. Drops as process() does; leaves the
  // payload.
  Verdict read_body(Document& document, const std::vector<std::string>& types, std::string& type,
                    std::string& body) const;
  // The same of a response of any type.
  Verdict read_body(Document& document, std::string& body) const;

 private:
  // A body as it lies in a payload, and the storage of what was undone.
  struct Body {
    std::string_view bytes;
    std::string chunks, decoded;
    bool unannounced = false;  // a coding that no header names
  };

  Verdict open_body(const HttpHead& head, std::string_view payload, Document& document, Body& body) const;
  bool is_html(std::string_view type) const;
  Verdict decode(const std::vector<std::string>& announced, std::string_view& body, std::string& storage,
                 Document& document) const;

  HttpOptions options_;
};

}  // namespace ftok
