// OwnPattern: a pre-tokenisation pattern of the user's own, a regular expression in RE2's syntax.
//
// It is matched again and again from where the last match ended, leftmost first; what lies between two matches is a
// pretoken too, so that nothing of a text is lost (Hugging Face's "Isolated" split). Empty matches cut nothing. It sees
// nothing of the text before the pretoken it is at: `^` and `\b` hold there. So for these as for the known patterns
// where a pretoken ends depends only on the text from its beginning on.
#pragma once

#include <memory>
#include <string>

namespace ftok {

// Const and thread-safe.
class OwnPattern {
 public:
  // Throws UsageError that says what RE2 cannot take.
  explicit OwnPattern(const std::string& expression);
  ~OwnPattern();

  const std::string& text() const;

  // Where the pretoken at `begin` < `end` ends. Time is linear in what is looked at, which may be all up to `end`.
  const unsigned char* next(const unsigned char* begin, const unsigned char* end) const;

 private:
  struct Machine;
  std::unique_ptr<const Machine> machine_;
};

}  // namespace ftok
