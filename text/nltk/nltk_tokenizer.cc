// Each rule of the original rewrites the sentence (mostly by putting spaces in) and the words are what stands between
// spaces in the end. The same is done here, rule by rule, in two buffers that take turns; a rule whose characters do
// not occur in the sentence is skipped. The words found are then laid over the sentence again, so that they can be
// views into it.
#include "text/nltk/nltk_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "core/scratch.h"
#include "text/sentences.h"
#include "text/unicode.h"
#include "text/words.h"

namespace ftok::nltk {
namespace {

constexpr std::string_view kOpening = "``", kClosing = "''";

bool is_word_char(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  const Category category = category_of(c);
  return is_letter(category) || is_number(category);
}

bool word_char_at(std::string_view s, size_t at) {
  return at < s.size() && is_word_char(decode_utf8(s, at).code_point);
}

bool word_char_before(std::string_view s, size_t at) {
  if (at == 0) return false;
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(s[begin]) & 0xC0) == 0x80) --begin;
  return is_word_char(decode_utf8(s, begin).code_point);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_folded(std::string_view s, size_t at, std::string_view lower_case) {
  if (s.size() - at < lower_case.size()) return false;
  for (size_t i = 0; i < lower_case.size(); ++i) {
    if (lower(s[at + i]) != lower_case[i]) return false;
  }
  return true;
}

// A set of ASCII characters.
class CharSet {
 public:
  explicit constexpr CharSet(std::string_view chars) {
    for (const char c : chars) holds_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool operator()(char c) const { return holds_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> holds_{};
};

// The size of the white-space character at `at`, 0 when there is none.
size_t space_size(std::string_view s, size_t at) {
  const auto byte = static_cast<unsigned char>(s[at]);
  if (byte < 0x80) return is_python_space(byte) ? 1 : 0;
  if (byte < 0xC2 || byte > 0xE3) return 0;  // no white space starts so
  const Utf8Char c = decode_utf8(s, at);
  return is_python_space(c.code_point) ? c.size : 0;
}

constexpr CharSet kBeforeOpening(" ([{<"), kClosers("])}>\"'"), kClosersAndSpace("])}>\"' "), kApostropheOrSpace("' ");
constexpr CharSet kShortClitics("sSmMdD"), kContractionStarts("cdglmw");
constexpr CharSet kMarks(";@#$%&"), kEndMarks("?!"), kStar("*"), kBrackets("][(){}<>");

class Rewriter {
 public:
  void run(std::string_view sentence) {
    text_.assign(sentence);
    seen_.fill(false);
    wide_ = false;
    for (const char c : sentence) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) seen_[byte] = true;
      wide_ = wide_ || byte >= 0x80;
    }
    opening_quotes();
    punctuation();
    closing_quotes();
  }
  const std::string& text() const { return text_; }

 private:
  bool has(char c) const { return seen_[static_cast<unsigned char>(c)]; }

  // One rule: size(at) says how many bytes at `at` the rule takes, 0 for none; write(at, size) appends what they
  // become.
  template <typename Size, typename Write>
  void rewrite(const Size& size_at, const Write& write) {
    size_t at = 0, size = 0;
    while (at < text_.size() && (size = size_at(at)) == 0) ++at;
    if (at == text_.size()) return;
    out_.clear();
    for (size_t copied = 0;;) {
      out_.append(text_, copied, at - copied);
      write(at, size);
      at += size;
      copied = at;
      while (at < text_.size() && (size = size_at(at)) == 0) ++at;
      if (at < text_.size()) continue;
      out_.append(text_, copied);
      break;
    }
    text_.swap(out_);
  }

  // A space on either side of what size_at takes.
  template <typename Size>
  void pad(const Size& size_at) {
    rewrite(size_at, [&](size_t at, size_t size) { out_.append(" ").append(text_, at, size).append(" "); });
  }
  // The same for every character of a set.
  void pad_chars(const CharSet& set) {
    const auto count = static_cast<size_t>(std::count_if(text_.begin(), text_.end(), set));
    if (count == 0) return;
    out_.resize(text_.size() + 2 * count);
    char* next = out_.data();
    for (const char c : text_) {
      const bool padded = set(c);
      *next = ' ';
      next += padded ? 1 : 0;
      *next++ = c;
      if (padded) *next++ = ' ';
    }
    text_.swap(out_);
  }
  template <size_t N>
  size_t wide_size(size_t at, const std::array<std::string_view, N>& set) const {
    if (static_cast<unsigned char>(text_[at]) < 0x80) return 0;
    for (const std::string_view c : set) {
      if (text_.compare(at, c.size(), c) == 0) return c.size();
    }
    return 0;
  }
  size_t run_size(size_t at, char c) const {
    size_t size = 0;
    while (at + size < text_.size() && text_[at + size] == c) ++size;
    return size;
  }

  void opening_quotes() {
    static constexpr std::array<std::string_view, 4> kQuotes = {"\u00AB", "\u201C", "\u2018", "\u201E"};
    if (wide_ || has('`'))
      pad([&](size_t at) { return text_[at] == '`' ? run_size(at, '`') : wide_size(at, kQuotes); });
    if (!text_.empty() && text_[0] == '"') text_.replace(0, 1, kOpening);
    if (has('`') || has('"')) pad([&](size_t at) { return text_.compare(at, 2, kOpening) == 0 ? 2 : 0; });
    if (has('"') || has('\'')) {
      const auto size_at = [&](size_t at) -> size_t {
        if (!kBeforeOpening(text_[at]) || at + 1 == text_.size()) return 0;
        if (text_[at + 1] == '"') return 2;
        return text_.compare(at + 1, 2, kClosing) == 0 ? 3 : 0;
      };
      rewrite(size_at, [&](size_t at, size_t) { out_.append(1, text_[at]).append(" `` "); });
    }
    if (has('\'')) {
      const auto size_at = [&](size_t at) -> size_t { return text_[at] == '\'' && is_leading_apostrophe(at) ? 1 : 0; };
      rewrite(size_at, [&](size_t, size_t) { out_.append("' "); });
    }
  }

  // In front of a word that is not a clitic.
  bool is_leading_apostrophe(size_t at) const {
    if (!word_char_at(text_, at + 1) || word_char_before(text_, at)) return false;
    for (const std::string_view clitic : {"re", "ve", "ll", "m", "t", "s", "d", "n"}) {
      if (starts_with_folded(text_, at + 1, clitic) && !word_char_at(text_, at + 1 + clitic.size())) return false;
    }
    return true;
  }

  void punctuation() {
    if (has('.')) end_stop_before_quotes();
    commas();
    if (has('.')) pad([&](size_t at) { return text_[at] == '.' && run_size(at, '.') > 1 ? run_size(at, '.') : 0; });
    pad_chars(kMarks);
    if (wide_) {
      static constexpr std::array<std::string_view, 4> kDashes = {"\u2012", "\u2013", "\u2014", "\u2015"};
      pad([&](size_t at) { return wide_size(at, kDashes); });
    }
    if (has('.')) end_stop();
    pad_chars(kEndMarks);
    if (has('\'')) split_final_apostrophes();
    pad_chars(kStar);
    pad_chars(kBrackets);
    if (has('-')) pad([&](size_t at) { return text_.compare(at, 2, "--") == 0 ? 2 : 0; });
  }

  // The last ".", if it does not follow another.
  size_t last_stop() const {
    const size_t dot = text_.rfind('.');
    return dot == std::string::npos || dot == 0 || text_[dot - 1] == '.' ? std::string::npos : dot;
  }
  bool is_space_to_end(size_t at) const {
    while (at < text_.size()) {
      const size_t size = space_size(text_, at);
      if (size == 0) return false;
      at += size;
    }
    return true;
  }

  // A final stop before closing quotes, brackets and spaces.
  void end_stop_before_quotes() {
    static constexpr std::array<std::string_view, 3> kWide = {"\u00BB", "\u201D", "\u2019"};
    const size_t dot = last_stop();
    if (dot == std::string::npos) return;
    size_t at = dot + 1;
    while (at < text_.size()) {
      const size_t size = kClosersAndSpace(text_[at]) ? 1 : wide_size(at, kWide);
      if (size == 0) break;
      at += size;
    }
    if (!is_space_to_end(at)) return;
    out_.assign(text_, 0, dot).append(" . ").append(text_, dot + 1, at - dot - 1).append(" ");
    text_.swap(out_);
  }

  // The same before closing brackets and straight quotes, which stay with it.
  void end_stop() {
    const size_t dot = last_stop();
    if (dot == std::string::npos) return;
    size_t at = dot + 1;
    while (at < text_.size() && kClosers(text_[at])) ++at;
    if (!is_space_to_end(at)) return;
    out_.assign(text_, 0, dot).append(" ").append(text_, dot, at - dot).append(" ");
    text_.swap(out_);
  }

  void commas() {
    if (!has(':') && !has(',')) return;
    const auto size_at = [&](size_t at) -> size_t {
      if ((text_[at] != ':' && text_[at] != ',') || at + 1 == text_.size()) return 0;
      const Utf8Char next = decode_utf8(text_, at + 1);
      return category_of(next.code_point) == Category::kNd ? 0 : 1 + size_t{next.size};
    };
    rewrite(size_at, [&](size_t at, size_t size) {
      out_.append(" ").append(1, text_[at]).append(" ").append(text_, at + 1, size - 1);
    });
    if (!text_.empty() && (text_.back() == ':' || text_.back() == ',')) {
      text_.insert(text_.size() - 1, " ").append(" ");
    }
  }

  void split_final_apostrophes() {  // X'_ -> X '_
    const auto size_at = [&](size_t at) -> size_t {
      return text_[at] != '\'' && text_.compare(at + 1, 2, "' ") == 0 ? 3 : 0;
    };
    rewrite(size_at, [&](size_t at, size_t) { out_.append(1, text_[at]).append(" ' "); });
  }

  void closing_quotes() {
    text_.insert(0, " ").append(" ");
    if (wide_) {
      static constexpr std::array<std::string_view, 3> kQuotes = {"\u00BB", "\u201D", "\u2019"};
      pad([&](size_t at) { return wide_size(at, kQuotes); });
    }
    if (has('\'')) pad([&](size_t at) { return text_.compare(at, 2, kClosing) == 0 ? 2 : 0; });
    if (has('"')) {
      rewrite([&](size_t at) { return text_[at] == '"' ? 1 : 0; }, [&](size_t, size_t) { out_.append(" '' "); });
    }
    if (!has('\'') && !has('"')) return;
    single_spaces();
    const auto short_clitic = [&](size_t at) -> size_t {
      if (text_[at] != '\'' || at == 0 || kApostropheOrSpace(text_[at - 1]) || at + 1 == text_.size()) return 0;
      if (text_[at + 1] == ' ') return 2;
      return kShortClitics(text_[at + 1]) && at + 2 < text_.size() && text_[at + 2] == ' ' ? 3 : 0;
    };
    const auto split_off = [&](size_t at, size_t size) { out_.append(" ").append(text_, at, size); };
    rewrite(short_clitic, split_off);
    const auto long_clitic = [&](size_t at) -> size_t {
      if (at == 0 || kApostropheOrSpace(text_[at - 1])) return 0;
      for (const std::string_view clitic : {"'ll ", "'LL ", "'re ", "'RE ", "'ve ", "'VE ", "n't ", "N'T "}) {
        if (text_.compare(at, clitic.size(), clitic) == 0) return clitic.size();
      }
      return 0;
    };
    rewrite(long_clitic, split_off);
  }

  void single_spaces() {
    const auto size_at = [&](size_t at) -> size_t {
      size_t end = at;
      while (end < text_.size()) {
        const size_t size = space_size(text_, end);
        if (size == 0) break;
        end += size;
      }
      return end - at;
    };
    rewrite(size_at, [&](size_t, size_t) { out_.append(" "); });
  }

  std::string text_, out_;
  std::array<bool, 128> seen_{};
  bool wide_ = false;
};

struct Contraction {
  std::string_view whole;  // lower case
  size_t first_size;
  bool before_space;  // only when white space follows
};
constexpr Contraction kContractions[] = {{"cannot", 3, false}, {"d'ye", 1, false},  {"gimme", 3, false},
                                         {"gonna", 3, false},  {"gotta", 3, false}, {"lemme", 3, false},
                                         {"more'n", 4, false}, {"wanna", 3, true}};

const Contraction* contraction_at(std::string_view piece, size_t at) {
  if (!kContractionStarts(lower(piece[at]))) return nullptr;
  for (const Contraction& c : kContractions) {
    if (!starts_with_folded(piece, at, c.whole)) continue;
    const size_t end = at + c.whole.size();
    if (c.before_space ? end == piece.size() : !word_char_at(piece, end)) return &c;
  }
  return nullptr;
}

// Lays words over the sentence again.
class Overlay {
 public:
  Overlay(std::string_view sentence, std::vector<std::string_view>& words) : sentence_(sentence), words_(words) {}

  void add(std::string_view word) {
    while (next_ < sentence_.size()) {
      const size_t size = space_size(sentence_, next_);
      if (size == 0) break;
      next_ += size;
    }
    const bool quote = word == kOpening || word == kClosing;
    if (quote && sentence_.compare(next_, word.size(), word) != 0) {
      words_.push_back(word == kOpening ? kOpening : kClosing);
      next_ += sentence_.compare(next_, 1, "\"") == 0 ? 1 : 2;
      return;
    }
    words_.push_back(sentence_.substr(next_, word.size()));
    next_ += word.size();
  }

 private:
  std::string_view sentence_;
  std::vector<std::string_view>& words_;
  size_t next_ = 0;
};

// A piece between spaces is a word, or several where a contraction stands in it.
void add_piece(std::string_view piece, Overlay& overlay) {
  size_t begin = 0;
  if (piece.size() >= 4) {
    for (size_t at = 0; at < piece.size();) {
      const bool starts = at == 0 || !word_char_before(piece, at);
      const Contraction* const found = starts ? contraction_at(piece, at) : nullptr;
      if (found == nullptr) {
        ++at;
        continue;
      }
      if (at > begin) overlay.add(piece.substr(begin, at - begin));
      overlay.add(piece.substr(at, found->first_size));
      overlay.add(piece.substr(at + found->first_size, found->whole.size() - found->first_size));
      at += found->whole.size();
      begin = at;
    }
  }
  if (begin < piece.size()) overlay.add(piece.substr(begin));
}

}  // namespace

void tokenize_sentence(std::string_view sentence, std::vector<std::string_view>& words) {
  thread_local Rewriter rewriter;
  if (rewriter.text().capacity() > kScratchBytesMax) rewriter = Rewriter();  // the last sentence was very long
  rewriter.run(sentence);
  const std::string_view text = rewriter.text();
  Overlay overlay(sentence, words);
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t size = space_size(text, at);
    if (size == 0) {
      ++at;
      continue;
    }
    if (at > begin) add_piece(text.substr(begin, at - begin), overlay);
    at += size;
    begin = at;
  }
  if (begin < text.size()) add_piece(text.substr(begin), overlay);
}

void word_tokenize(std::string_view text, std::vector<std::string_view>& words) {
  thread_local std::vector<std::string_view> sentences;
  const ScratchTrim trim(sentences);
  words.clear();
  split_sentences(text, WordRules::kNltk, sentences);
  for (const std::string_view sentence : sentences) tokenize_sentence(sentence, words);
}

}  // namespace ftok::nltk
