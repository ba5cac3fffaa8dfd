// Reason: the stable name of why something was dropped, skipped or found damaged ("c4.curly_bracket", "gzip.bad_crc").
//
// A Reason is a pointer to a string that is never freed, so it is copied like a number. A string literal becomes one
// by storing its address, at compile time; a name that the program learns while it runs is interned:
//
//   if (judge.below("gopher_quality.too_short", words, 50)) ...           // costs nothing
//   const std::optional<Reason> named = Reason::intern(name + ".below");   // once per stage, not per document
//
// Interned names are kept until the program ends, so their number is bounded: outside input that makes up a new name
// for every document is refused, it cannot fill the memory.
#pragma once

#include <cstddef>
#include <cstring>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace ftok {

class Reason {
 public:
  static constexpr size_t kInternedMax = 4096;  // different interned names in one process
  static constexpr size_t kBytesMax = 120;      // of an interned name

  constexpr Reason() = default;  // "": no reason

  // A literal. (`consteval`: what is not a constant does not compile.)
  template <size_t N>
  consteval Reason(const char (&literal)[N]) : text_(literal) {}  // NOLINT: implicit on purpose

  // A string that the caller never frees nor changes.
  static constexpr Reason of_static(const char* text) {
    Reason reason;
    reason.text_ = text;
    return reason;
  }

  // The reason of that name: printable ASCII without spaces, 1 to kBytesMax bytes. Nothing for another text, and
  // nothing for a new name when kInternedMax are interned; the caller says what that means. Thread-safe.
  static std::optional<Reason> intern(std::string_view name);

  constexpr const char* c_str() const { return text_; }
  constexpr std::string_view view() const { return text_; }
  constexpr operator std::string_view() const { return text_; }  // NOLINT: implicit on purpose
  constexpr bool empty() const { return *text_ == '\0'; }

  // By content: two reasons of one name are equal wherever their strings lie.
  friend bool operator==(Reason a, Reason b) { return a.text_ == b.text_ || std::strcmp(a.text_, b.text_) == 0; }
  friend bool operator==(Reason a, const char* b) { return std::strcmp(a.text_, b) == 0; }
  friend bool operator==(Reason a, std::string_view b) { return a.view() == b; }
  friend std::ostream& operator<<(std::ostream& out, Reason reason);

 private:
  const char* text_ = "";
};

}  // namespace ftok
