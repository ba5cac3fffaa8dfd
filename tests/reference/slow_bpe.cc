#include "tests/reference/slow_bpe.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "text/unicode.h"

namespace ftok::reference {
namespace {

struct Symbol {
  char32_t c;
  size_t begin, end;
  bool valid;
};

using Text = std::vector<Symbol>;

Text decode(std::string_view text) {
  Text out;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const size_t size = c.valid ? c.size : 1;
    out.push_back({c.valid ? c.code_point : 0xFFFD, i, i + size, c.valid});
    i += size;
  }
  return out;
}

using Class = std::function<bool(const Symbol&)>;

bool letter(const Symbol& s) { return s.valid && is_letter(category_of(s.c)); }
bool number(const Symbol& s) { return s.valid && is_number(category_of(s.c)); }
bool white(const Symbol& s) { return s.valid && is_white_space(s.c); }
bool newline(const Symbol& s) { return s.c == '\r' || s.c == '\n'; }
bool space(const Symbol& s) { return s.c == ' '; }
bool other(const Symbol& s) { return !letter(s) && !number(s) && !white(s); }
bool prefix(const Symbol& s) { return !newline(s) && !letter(s) && !number(s); }
bool upperish(const Symbol& s) {
  const Category c = category_of(s.c);
  return s.valid &&
         (c == Category::kLu || c == Category::kLt || c == Category::kLm || c == Category::kLo || is_mark(c));
}
bool lowerish(const Symbol& s) {
  const Category c = category_of(s.c);
  return s.valid && (c == Category::kLl || c == Category::kLm || c == Category::kLo || is_mark(c));
}

// A tiny backtracking matcher: an item is a class with a least and a most number of repetitions, greedy.
struct SlowItem {
  Class is;
  size_t least, most;
};
constexpr size_t kMany = SIZE_MAX;

// All ends that `items` can match from `at` on, in the order a backtracking engine tries them; the first one for which
// `accept` holds.
std::optional<size_t> match(const Text& text, size_t at, const std::vector<SlowItem>& items, size_t item,
                            const std::function<bool(size_t)>& accept) {
  if (item == items.size()) return accept(at) ? std::optional<size_t>(at) : std::nullopt;
  size_t n = 0;
  while (n < items[item].most && at + n < text.size() && items[item].is(text[at + n])) ++n;
  for (;; --n) {
    if (n < items[item].least) return std::nullopt;
    if (const auto end = match(text, at + n, items, item + 1, accept)) return end;
    if (n == 0) return std::nullopt;
  }
}

char32_t fold(char32_t c) {
  if (c == 0x17F) return 's';
  return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

std::optional<size_t> contraction(const Text& text, size_t at, bool any_case) {
  for (const char* form : {"s", "d", "m", "t", "ll", "ve", "re"}) {
    const std::string_view letters(form);
    if (at + 1 + letters.size() > text.size() || text[at].c != '\'') continue;
    bool same = true;
    for (size_t i = 0; i < letters.size(); ++i) {
      const char32_t c = text[at + 1 + i].c;
      same = same && (any_case ? fold(c) : c) == static_cast<char32_t>(letters[i]);
    }
    if (same) return at + 1 + letters.size();
  }
  return std::nullopt;
}

// `end` is one past the last character of the match.
size_t next_cut(Pattern pattern, const Text& text, size_t at) {
  if (pattern == Pattern::kSmollm) {
    if (number(text[at])) return at + 1;
    const auto next_number = std::find_if(text.begin() + static_cast<ptrdiff_t>(at), text.end(), number);
    return next_cut(Pattern::kGpt2Original, Text(text.begin(), next_number), at);
  }
  const auto any = [](size_t) { return true; };
  const auto at_end = [&](size_t end) { return end == text.size(); };
  const auto not_before_black = [&](size_t end) { return end == text.size() || white(text[end]); };
  const auto try_items = [&](const std::vector<SlowItem>& items, const std::function<bool(size_t)>& accept) {
    return match(text, at, items, 0, accept);
  };
  const bool is_gpt2 = pattern == Pattern::kGpt2 || pattern == Pattern::kGpt2Original;
  const auto slash_or_newline = [](const Symbol& s) { return newline(s) || s.c == '/'; };
  const bool is_o200k = pattern == Pattern::kO200k || pattern == Pattern::kTekken;
  if (!is_o200k) {
    if (const auto end = contraction(text, at, !is_gpt2)) return *end;
  }
  std::vector<std::pair<std::vector<SlowItem>, std::function<bool(size_t)>>> alternatives;
  if (is_gpt2) {
    alternatives = {{{{space, 0, 1}, {letter, 1, kMany}}, any},
                    {{{space, 0, 1}, {number, 1, kMany}}, any},
                    {{{space, 0, 1}, {other, 1, kMany}}, any}};
    if (pattern == Pattern::kGpt2) alternatives.push_back({{{white, 1, kMany}}, at_end});
    alternatives.push_back({{{white, 1, kMany}}, not_before_black});
    alternatives.push_back({{{white, 1, pattern == Pattern::kGpt2 ? 1 : kMany}}, any});
  } else {
    if (is_o200k) {
      for (const std::pair<size_t, size_t>& least : {std::pair<size_t, size_t>{0, 1}, {1, 0}}) {
        const std::vector<SlowItem> word = {
            {prefix, 0, 1}, {upperish, least.first, kMany}, {lowerish, least.second, kMany}};
        const auto end = try_items(word, any);
        if (end && pattern == Pattern::kTekken) return *end;
        if (end) return contraction(text, *end, true).value_or(*end);
      }
      alternatives = {{{{number, 1, pattern == Pattern::kTekken ? 1u : 3u}}, any},
                      {{{space, 0, 1}, {other, 1, kMany}, {slash_or_newline, 0, kMany}}, any}};
    } else {
      alternatives = {{{{prefix, 0, 1}, {letter, 1, kMany}}, any},
                      {{{number, 1, pattern == Pattern::kQwen2 ? 1u : 3u}}, any},
                      {{{space, 0, 1}, {other, 1, kMany}, {newline, 0, kMany}}, any}};
    }
    if (pattern == Pattern::kCl100k) {
      alternatives.push_back({{{white, 1, kMany}}, at_end});
      alternatives.push_back({{{white, 0, kMany}, {newline, 1, 1}}, any});
    } else {
      alternatives.push_back({{{white, 0, kMany}, {newline, 1, kMany}}, any});
    }
    alternatives.push_back({{{white, 1, kMany}}, not_before_black});
    alternatives.push_back({{{white, 1, pattern == Pattern::kCl100k ? 1 : kMany}}, any});
  }
  for (const auto& [items, accept] : alternatives) {
    if (const auto end = try_items(items, accept)) return *end;
  }
  return at + 1;
}

}  // namespace

std::vector<size_t> slow_cuts(Pattern pattern, std::string_view text) {
  const Text decoded = decode(text);
  std::vector<size_t> cuts;
  for (size_t at = 0; at < decoded.size();) {
    at = next_cut(pattern, decoded, at);
    cuts.push_back(decoded[at - 1].end);
  }
  return cuts;
}

std::vector<uint32_t> slow_merge(const Vocabulary& vocabulary, std::string_view piece) {
  static thread_local std::map<const Vocabulary*, std::map<std::string, uint32_t, std::less<>>> all_ranks;
  auto& ranks = all_ranks[&vocabulary];
  if (ranks.empty()) {
    for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
      if (!vocabulary.token(id).empty()) ranks.emplace(vocabulary.token(id), id);
    }
  }
  if (const auto whole = ranks.find(piece); whole != ranks.end()) return {whole->second};
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  while (true) {
    uint32_t best = UINT32_MAX;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + parts[i + 1]);
      if (found != ranks.end() && found->second < best) {
        best = found->second;
        at = i;
      }
    }
    if (best == UINT32_MAX) break;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
  std::vector<uint32_t> ids;
  for (const std::string& part : parts) ids.push_back(ranks.at(part));
  return ids;
}

std::vector<uint32_t> slow_encode(const Vocabulary& vocabulary, std::string_view text) {
  std::vector<uint32_t> ids;
  size_t begin = 0;
  for (const size_t end : slow_cuts(vocabulary.pattern, text)) {
    const std::vector<uint32_t> piece = slow_merge(vocabulary, text.substr(begin, end - begin));
    ids.insert(ids.end(), piece.begin(), piece.end());
    begin = end;
  }
  return ids;
}

}  // namespace ftok::reference
