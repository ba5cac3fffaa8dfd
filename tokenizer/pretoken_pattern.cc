#include "tokenizer/pretoken_pattern.h"

#include <fmt/format.h>

#include "core/error.h"
#include "tokenizer/pretokens/own_pattern.h"
#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {

PretokenPattern::PretokenPattern(Pattern pattern, std::shared_ptr<const OwnPattern> own)
    : scanner_(std::make_shared<const CutScanner>(pattern, std::move(own))), level_(vector_level()) {}

PretokenPattern PretokenPattern::parse(const std::string& name_or_expression) {
  if (const std::optional<Pattern> known = pattern_of_name(name_or_expression)) return *known;
  if (const std::optional<Pattern> known = pattern_of_text(name_or_expression)) return *known;
  if (name_or_expression.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos) {
    throw UsageError(fmt::format("pattern {}: expected one of {}, or a regular expression", name_or_expression,
                                 fmt::join(pattern_names(), ", ")));
  }
  return {Pattern::kOwn, std::make_shared<const OwnPattern>(name_or_expression)};
}

Pattern PretokenPattern::pattern() const { return scanner_->pattern; }

const std::shared_ptr<const OwnPattern>& PretokenPattern::own() const { return scanner_->own; }

size_t PretokenPattern::find_cuts(const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                                  size_t cuts_max) const {
  return ftok::find_cuts(level_, *scanner_, begin, end, cuts, cuts_max);
}

std::string PretokenPattern::text() const {
  return own() != nullptr ? own()->text() : std::string(pattern_text(pattern()));
}

}  // namespace ftok
