#include "tokenizer/pretoken_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "core/error.h"

namespace ftok {
namespace {

constexpr size_t kExpressionBytesMax = 1 << 16;
constexpr int64_t kMachineBytesMax = int64_t{64} << 20;  // of RE2's automata

}  // namespace

struct PretokenPattern::Own {
  Own(const std::string& expression, const RE2::Options& options) : machine(expression, options) {}
  RE2 machine;
};

PretokenPattern::PretokenPattern(Pattern pattern) : scanner_(pattern), level_(vector_level()) {}

PretokenPattern PretokenPattern::parse(const std::string& name_or_expression) {
  if (const std::optional<Pattern> known = pattern_of_name(name_or_expression)) return *known;
  if (const std::optional<Pattern> known = pattern_of_text(name_or_expression)) return *known;
  if (name_or_expression.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos) {
    throw UsageError(fmt::format("--pattern {}: expected one of {}, or a regular expression", name_or_expression,
                                 fmt::join(pattern_names(), ", ")));
  }
  if (name_or_expression.size() > kExpressionBytesMax) {
    throw UsageError(fmt::format("--pattern: an expression of {} bytes; {} at most", name_or_expression.size(), kExpressionBytesMax));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMachineBytesMax);
  PretokenPattern pattern(Pattern::kCl100k);
  const auto own = std::make_shared<const Own>(name_or_expression, options);
  if (!own->machine.ok()) {
    throw UsageError(fmt::format("--pattern {}: RE2 cannot take it: {}", name_or_expression, own->machine.error()));
  }
  pattern.own_ = own;
  return pattern;
}

std::string PretokenPattern::name() const { return is_own() ? std::string(kOwnName) : std::string(pattern_name(pattern())); }

std::string PretokenPattern::text() const { return is_own() ? own_->machine.pattern() : std::string(pattern_text(pattern())); }

size_t PretokenPattern::find_cuts(const unsigned char* begin, const unsigned char* end, uint32_t* cuts, size_t cuts_max) const {
  if (!is_own()) return ftok::find_cuts(level_, scanner_, begin, end, cuts, cuts_max);
  const std::string_view text(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
  size_t count = 0;
  for (size_t at = 0; at < text.size() && count + 64 <= cuts_max;) {
    const re2::StringPiece rest(text.data() + at, text.size() - at);
    re2::StringPiece match;
    size_t from = 0;
    while (from <= rest.size() && own_->machine.Match(rest, from, rest.size(), RE2::UNANCHORED, &match, 1) && match.empty()) {
      from = static_cast<size_t>(match.data() - rest.data()) + 1;  // the search goes on behind the next character
      while (from < rest.size() && (static_cast<unsigned char>(rest[from]) & 0xC0) == 0x80) ++from;
    }
    if (match.empty()) {
      at = text.size();
    } else {
      const auto first = static_cast<size_t>(match.data() - text.data());
      if (first > at) cuts[count++] = static_cast<uint32_t>(first);
      at = first + match.size();
    }
    cuts[count++] = static_cast<uint32_t>(at);
  }
  return count;
}

}  // namespace ftok
