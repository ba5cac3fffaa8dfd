// Any bytes as a page's tokens, from any state: the tokenizer ends, reads every byte once, gives at most a token a byte
// and no attribute twice; the scans of every instruction set agree. Links ftok::extract.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "extract/html/html_tokenizer.h"
#include "extract/html/scan.h"

namespace {

namespace html = ftok::html;

void expect(bool truth) {
  if (!truth) std::abort();
}

void scans_agree(std::string_view page) {
  const char* const end = page.data() + page.size();
  const html::ScanKernels& plain = html::kernels_of(ftok::VectorLevel::kPlain);
  const html::ScanKernels& best = html::scan_kernels();
  for (const char* p = page.data(); p < end; ++p) {
    html::Seen a, b, c, d, e;
    const char* const stop = plain.to(p, end, '<', a);
    expect(best.to(p, end, '<', b) == stop && html::scan_to(best, p, end, '<', c) == stop);
    expect(a.ampersand == b.ampersand && a.nul == b.nul && a.ampersand == c.ampersand && a.nul == c.nul);
    expect(plain.to_pair(p, end, '-', '-', d) == best.to_pair(p, end, '-', '-', e) && d.ampersand == e.ampersand &&
           d.nul == e.nul);
    const char* const either = plain.to_either(p, end, '&', '\0');
    expect(either == best.to_either(p, end, '&', '\0'));
    p = either > p ? either - 1 : p;
    if (p + 1 < stop && either == end) p = stop - 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view raw(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (raw.size() < 2000) scans_agree(raw);
  html::Dom dom;
  const std::string_view page = html::normalize_newlines(raw, dom.arena());
  html::Tokenizer tokenizer(page, {}, dom);
  static constexpr html::TextState kStates[] = {html::TextState::kData, html::TextState::kRcdata,
                                                html::TextState::kRawText, html::TextState::kScript,
                                                html::TextState::kPlaintext};
  static constexpr std::string_view kNames[] = {"", "title", "style", "script", ""};
  const size_t first = data[0] % 5;
  tokenizer.set_state(kStates[first], kNames[first]);
  tokenizer.set_cdata_allowed((data[0] & 8) != 0);
  html::Token token;
  for (size_t tokens = 0;; ++tokens) {
    expect(tokens <= page.size() + 1);
    token = html::Token();
    const uint64_t before = tokenizer.bytes_read();
    tokenizer.next(token);
    if (token.kind == html::TokenKind::kEof) break;
    expect(tokenizer.bytes_read() > before);
    if (token.kind == html::TokenKind::kText) expect(!token.text.empty());
    if (token.kind != html::TokenKind::kStart) continue;
    expect(token.attribute_count <= 401);
    for (uint32_t i = 0; i < token.attribute_count; ++i) {
      for (uint32_t k = 0; k < i && i < 40; ++k) {
        expect(dom.attribute(token.attribute_begin + i).name() != dom.attribute(token.attribute_begin + k).name());
      }
    }
    if ((data[0] & 16) == 0) continue;  // what the tree builder would do behind such a tag
    if (token.name == "script") tokenizer.set_state(html::TextState::kScript, "script");
    if (token.name == "title") tokenizer.set_state(html::TextState::kRcdata, "title");
    if (token.name == "style") tokenizer.set_state(html::TextState::kRawText, "style");
  }
  expect(tokenizer.status() != html::ParseStatus::kDone || tokenizer.bytes_read() == page.size());
  return 0;
}
