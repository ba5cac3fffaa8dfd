#include "tokenizer/pretokens/own_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "core/error.h"

namespace ftok {
namespace {

constexpr size_t kExpressionBytesMax = 1 << 16;
constexpr int64_t kMachineBytesMax = int64_t{64} << 20;  // of RE2's automata

RE2::Options options() {
  RE2::Options made;
  made.set_log_errors(false);
  made.set_max_mem(kMachineBytesMax);
  return made;
}

}  // namespace

struct OwnPattern::Machine {
  explicit Machine(const std::string& expression) : re2(expression, options()) {}
  RE2 re2;
};

OwnPattern::OwnPattern(const std::string& expression) {
  if (expression.size() > kExpressionBytesMax) {
    throw UsageError(
        fmt::format("pattern: an expression of {} bytes; {} at most", expression.size(), kExpressionBytesMax));
  }
  machine_ = std::make_unique<const Machine>(expression);
  if (!machine_->re2.ok()) {
    throw UsageError(fmt::format("pattern {}: RE2 cannot take it: {}", expression, machine_->re2.error()));
  }
}

OwnPattern::~OwnPattern() = default;

const std::string& OwnPattern::text() const { return machine_->re2.pattern(); }

const unsigned char* OwnPattern::next(const unsigned char* begin, const unsigned char* end) const {
  const re2::StringPiece text(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
  re2::StringPiece match;
  for (size_t from = 0; from <= text.size();) {
    if (!machine_->re2.Match(text, from, text.size(), RE2::UNANCHORED, &match, 1)) return end;
    const auto first = static_cast<size_t>(match.data() - text.data());
    if (!match.empty()) return begin + (first == 0 ? match.size() : first);
    from = first + 1;  // the search continues after the next character
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  }
  return end;
}

}  // namespace ftok
