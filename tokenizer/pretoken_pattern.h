// PretokenPattern: what a training text is cut by: one of the known patterns, with its hand-written scanner, or a
// regular expression of the user's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/vector_level.h"
#include "tokenizer/pattern.h"

namespace ftok {

struct CutScanner;
class OwnPattern;

// Const and thread-safe after construction; cheap to copy.
class PretokenPattern {
 public:
  PretokenPattern(Pattern pattern) : PretokenPattern(pattern, nullptr) {}  // NOLINT: implicit on purpose
  PretokenPattern(Pattern pattern, std::shared_ptr<const OwnPattern> own);

  // A known name ("cl100k"), the text of a known pattern, or a regular expression. Throws UsageError that says what RE2
  // cannot take, or that a plain word is neither.
  static PretokenPattern parse(const std::string& name_or_expression);

  Pattern pattern() const;
  const std::shared_ptr<const OwnPattern>& own() const;  // with Pattern::kOwn, else null
  std::string name() const { return std::string(pattern_name(pattern())); }
  std::string text() const;  // the expression

  // Writes the ends of the pretokens from `begin` on, as distances from `begin`, until the text ends or fewer than 64
  // places of the `cuts_max` >= 128 are left; returns how many. `begin` is a cut, `end` the end of the text; end -
  // begin < 2^32. `cuts` is used as scratch up to cuts_max.
  size_t find_cuts(const unsigned char* begin, const unsigned char* end, uint32_t* cuts, size_t cuts_max) const;

  // Whether a long text may be cut at last_sure_cut() (pretokenize.h).
  bool has_sure_cuts() const { return pattern() != Pattern::kOwn; }

 private:
  std::shared_ptr<const CutScanner> scanner_;
  VectorLevel level_;
};

}  // namespace ftok
