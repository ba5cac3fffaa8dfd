// PretokenPattern: what a training text is cut by: one of the known patterns, with its hand-written scanner, or a
// regular expression of the user's own (own_pattern.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/pretokens/own_pattern.h"
#include "tokenizer/pretokens/pattern.h"
#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {

// Const and thread-safe after construction; cheap to copy.
class PretokenPattern {
 public:
  PretokenPattern(Pattern pattern) : PretokenPattern(pattern, nullptr) {}  // NOLINT: implicit on purpose
  PretokenPattern(Pattern pattern, std::shared_ptr<const OwnPattern> own);

  // A known name ("cl100k"), the text of a known pattern, or a regular expression. Throws UsageError that says what RE2
  // cannot take, or that a plain word is neither.
  static PretokenPattern parse(const std::string& name_or_expression);

  Pattern pattern() const { return scanner_.pattern; }
  const std::shared_ptr<const OwnPattern>& own() const { return scanner_.own; }  // with Pattern::kOwn, else null
  std::string name() const { return std::string(pattern_name(pattern())); }
  std::string text() const;  // the expression

  // As find_cuts of pretoken_cuts.h.
  size_t find_cuts(const unsigned char* begin, const unsigned char* end, uint32_t* cuts, size_t cuts_max) const {
    return ftok::find_cuts(level_, scanner_, begin, end, cuts, cuts_max);
  }

  // Whether a long text may be cut at last_sure_cut() (pretokenize.h).
  bool has_sure_cuts() const { return pattern() != Pattern::kOwn; }

 private:
  CutScanner scanner_;
  VectorLevel level_;
};

}  // namespace ftok
