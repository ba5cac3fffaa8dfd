#include "crawl/http_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/ascii.h"
#include "crawl/charset.h"
#include "crawl/http.h"
#include "crawl/xhtml.h"

namespace ftok {
namespace {

using Kind = ContentDecoded::Kind;

// Types that say nothing: servers send them when they do not know.
bool says_nothing(std::string_view type) {
  return type.empty() || type.find('/') == std::string_view::npos || type == "unknown/unknown" ||
         type == "application/unknown" || type == "application/octet-stream" || type == "*/*";
}

// The body out of its chunks: `body` then views `storage`. True when it was cut.
bool remove_chunks(const HttpHead& head, std::string_view& body, std::string& storage) {
  const bool declared = lower_ascii(head.field("Transfer-Encoding")).find("chunked") != std::string::npos;
  bool cut = false;
  // Twice, because some crawlers stored chunks inside chunks. A body no header declares as chunked is taken apart only
  // when it is so to its very last chunk.
  for (int layer = 0; layer < 2; ++layer) {
    std::string out;
    const Dechunked result = dechunk(body, out);
    const bool trusted = layer == 0 && declared;
    if (!result.chunked || (!result.complete && !trusted)) break;
    cut = !result.complete;
    storage = std::move(out);
    body = storage;
  }
  return cut;
}

// The coding to undo next: the body's own bytes decide where the header and they disagree. Empty: none.
std::string coding_of(std::string_view body, const std::vector<std::string>& announced) {
  if (const std::string_view shown = coding_by_magic(body); !shown.empty()) return std::string(shown);
  return announced.empty() ? std::string() : announced.back();
}

Verdict malformed(const Damage& damage) {
  return Verdict::drop("http.malformed", 0, 0, fmt::format("{} {}", damage.code.view(), damage.detail));
}

// Whether the body begins as a page does that is neither coded nor in chunks.
bool begins_as_page(std::string_view body) {
  return body.empty() || body[0] == '<' || is_ascii_space(body[0]) || body.starts_with("\xEF\xBB\xBF");
}

}  // namespace

bool HttpStage::is_html(std::string_view type) const {
  return type == "text/html" || (options_.xhtml && type == "application/xhtml+xml");
}

// Undoes the codings of a body: those announced, and one that its magic number shows. `body` then views `storage`.
Verdict HttpStage::decode(const std::vector<std::string>& announced, std::string_view& body, std::string& storage,
                          Document& document) const {
  const auto bytes_max = static_cast<size_t>(options_.body_bytes_max);
  const std::string coding = coding_of(body, announced);
  if (coding.empty()) return Verdict::keep();
  std::string decoded;
  const ContentDecoded result = decode_content(coding, body, bytes_max, decoded);
  switch (result.kind) {
    case Kind::kIdentity: return Verdict::keep();
    case Kind::kTruncated:
      if (document.truncated.empty()) document.truncated = "encoding";
      [[fallthrough]];
    case Kind::kDecoded: break;
    case Kind::kDamaged: return Verdict::drop("http.bad_encoding", 0, 0, coding + ": " + result.detail);
    case Kind::kTooLarge: {
      const double ratio = static_cast<double>(decoded.size()) / static_cast<double>(result.stored_bytes);
      if (ratio > options_.bomb_ratio) return Verdict::drop("http.bomb", ratio, options_.bomb_ratio, coding);
      return Verdict::drop("http.too_large", static_cast<double>(decoded.size()), static_cast<double>(bytes_max));
    }
  }
  const size_t layers = std::max<size_t>(announced.size(), coding_by_magic(decoded).empty() ? 1 : 2);
  if (layers > 1) return Verdict::drop("http.bad_encoding", static_cast<double>(layers), 1, "more than one layer");
  storage = std::move(decoded);
  body = storage;
  return Verdict::keep();
}

// The body without chunks and codings, neither too large nor empty.
Verdict HttpStage::open_body(const HttpHead& head, std::string_view payload, Document& document, Body& body) const {
  body.bytes = payload.substr(head.size);
  if (remove_chunks(head, body.bytes, body.chunks) && document.truncated.empty()) document.truncated = "chunked";
  const std::vector<std::string> announced = content_codings(head.field("Content-Encoding"));
  body.unannounced = announced.empty() && !coding_by_magic(body.bytes).empty();
  const Verdict verdict = decode(announced, body.bytes, body.decoded, document);
  if (!verdict.kept()) return verdict;
  if (body.bytes.size() > static_cast<size_t>(options_.body_bytes_max)) {
    return Verdict::drop("http.too_large", static_cast<double>(body.bytes.size()),
                         static_cast<double>(options_.body_bytes_max));
  }
  return trim(body.bytes).empty() ? Verdict::drop("http.empty") : Verdict::keep();
}

Verdict HttpStage::read_body(Document& document, const std::vector<std::string>& types, std::string& type,
                             std::string& body) const {
  type.clear();
  const Result<HttpHead> head = parse_http_head(document.payload);
  if (!head) return Verdict::keep();
  std::string named = media_type(document.identified_type.empty() ? head->content_type() : document.identified_type);
  if (says_nothing(named)) named = sniff_type(std::string_view(document.payload).substr(head->size));
  if (std::find(types.begin(), types.end(), named) == types.end()) return Verdict::keep();
  Body opened;
  const Verdict verdict = open_body(*head, document.payload, document, opened);
  type = std::move(named);
  body.assign(opened.bytes);
  return verdict;
}

Verdict HttpStage::read_body(Document& document, std::string& body) const {
  const Result<HttpHead> head = parse_http_head(document.payload);
  if (!head) return malformed(head.damage());
  Body opened;
  const Verdict verdict = open_body(*head, document.payload, document, opened);
  body.assign(opened.bytes);
  return verdict;
}

Verdict HttpStage::process(Document& document, Report*) const {
  if (document.payload.empty()) return Verdict::keep();
  std::string payload = std::exchange(document.payload, {});
  const Result<HttpHead> parsed = parse_http_head(payload);
  if (!parsed) return malformed(parsed.damage());
  const HttpHead& head = *parsed;
  if (options_.status == "ok" && (head.status < 200 || head.status > 299)) {
    return Verdict::skip("http_status", std::to_string(head.status));
  }

  const std::string content_type = head.content_type();
  std::string type = document.identified_type.empty() ? media_type(content_type) : media_type(document.identified_type);
  const bool sniffed = says_nothing(type);
  if (!sniffed && !is_html(type)) return Verdict::skip("not_html", type);

  Body opened;
  if (const Verdict verdict = open_body(head, payload, document, opened); !verdict.kept()) return verdict;
  const std::string_view body = opened.bytes;
  const bool unannounced = opened.unannounced;
  type = sniffed || unannounced ? sniff_type(body) : type;
  // An archive that was called a page and compressed is told from a page by its bytes.
  const bool may_be_html = is_html(type) || (unannounced && !sniffed && type.starts_with("text/"));
  if (!may_be_html) return Verdict::skip("not_html", type);
  const CharsetChoice charset = choose_charset(body, content_type);
  const bool has_zeros = charset.encoding.starts_with("UTF-16") || charset.encoding.starts_with("UTF-32");
  if (!sniffed && !unannounced && !has_zeros && is_no_page(body))
    return Verdict::skip("not_html", std::string(sniff_type(body)));
  document.charset = charset.encoding;
  std::string& storage = opened.bytes.data() == opened.decoded.data()  ? opened.decoded
                         : opened.bytes.data() == opened.chunks.data() ? opened.chunks
                                                                       : payload;
  document.replacements =
      decode_stored_text(charset.encoding, storage, storage.size() - body.size(), document.html, charset.is_valid_utf8);
  // What the server says, as browsers have it: crawlers call XHTML by its document type what was served as HTML.
  std::string html;
  if (media_type(content_type) == "application/xhtml+xml" && begins_as_xhtml(document.html) &&
      xhtml_to_html(document.html, html))
    document.html = std::move(html);
  return Verdict::keep();
}

uint64_t HttpStage::decoding_bytes(const Document& document) const {
  constexpr uint64_t kInflateRatioMax = 1032;  // of DEFLATE; brotli and zstd know no bound
  constexpr uint64_t kPageBytes = 3;           // of a page in UTF-8, for a byte of the body
  const Result<HttpHead> head = parse_http_head(document.payload);
  if (!head) return 0;
  const std::string_view body = std::string_view(document.payload).substr(head->size);
  const std::vector<std::string> announced = content_codings(head->field("Content-Encoding"));
  if (announced.empty() && begins_as_page(body)) return 0;
  const bool has_ratio = std::none_of(announced.begin(), announced.end(),
                                      [](const std::string& coding) { return coding == "br" || coding == "zstd"; }) &&
                         coding_by_magic(body) != "zstd";
  const auto bytes_max = static_cast<uint64_t>(options_.body_bytes_max);
  return (1 + kPageBytes) * (has_ratio ? std::min(bytes_max, kInflateRatioMax * body.size()) : bytes_max);
}

std::string HttpStage::summary(const Document& document) const {
  return fmt::format("charset {}, {} bytes of HTML, {} replaced characters", document.charset, document.html.size(),
                     document.replacements);
}

}  // namespace ftok
