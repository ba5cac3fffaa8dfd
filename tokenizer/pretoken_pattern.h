// PretokenPattern: what a training text is cut by: one of the known patterns, with its hand-written scanner, or a regular
// expression of the user's own in RE2's syntax.
//
// A user's expression is matched again and again from where the last match ended, leftmost first; what lies between two
// matches is a pretoken too, so that nothing of a text is lost (Hugging Face's "Isolated" split). Empty matches cut nothing.
// It sees nothing of the text before the pretoken it is at: `^` and `\b` hold there. So for these as for the known patterns
// where a pretoken ends depends only on the text from its beginning on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/pattern.h"
#include "tokenizer/pretoken_cuts.h"

namespace ftok {

// Const and thread-safe after construction; cheap to copy.
class PretokenPattern {
 public:
  PretokenPattern(Pattern pattern);  // NOLINT: implicit on purpose

  // A known name ("cl100k"), the text of a known pattern, or a regular expression. Throws UsageError that says what RE2
  // cannot take, or that a plain word is neither.
  static PretokenPattern parse(const std::string& name_or_expression);

  static constexpr char kOwnName[] = "own";

  bool is_own() const { return own_ != nullptr; }
  Pattern pattern() const { return scanner_.pattern; }  // means nothing where is_own()
  std::string name() const;                             // kOwnName where is_own()
  std::string text() const;                             // the expression

  // Writes the ends of the pretokens from `begin`, a cut, on: as distances from `begin`, until the text ends or fewer than 64
  // places of the cuts_max >= 128 are left; returns how many, at least one. begin < end, end - begin < 2^32.
  size_t find_cuts(const unsigned char* begin, const unsigned char* end, uint32_t* cuts, size_t cuts_max) const;

  // Whether a long text may be cut at last_sure_cut() (pretokenize.h).
  bool has_sure_cuts() const { return !is_own(); }

 private:
  struct Own;
  CutScanner scanner_;
  VectorLevel level_;
  std::shared_ptr<const Own> own_;
};

}  // namespace ftok
