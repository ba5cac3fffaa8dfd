// Three ideas make it fast. (1) A chunk of ASCII letters is one token unless it is an exception, and two bit masks by
// first and last byte rule most chunks out before anything is hashed. (2) Every rule looks at a bounded number of
// characters at an end of the chunk (spacy_affixes.cc), so taking affixes off is linear. (3) The last pass starts only
// at tokens that a many-token exception can start with, next to a token that is not a word.
#include "text/spacy/spacy_tokenizer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <string>

#include "text/spacy/spacy_affixes.h"
#include "text/words.h"

namespace ftok::spacy {
namespace {

using Tokens = std::vector<std::string_view>;

uint64_t hash_of(std::string_view s, uint64_t seed = 0) {
  uint64_t h = seed ^ (s.size() * 0x9E3779B97F4A7C15u);
  for (const char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x9FB21C651E98DF25u;
  return h ^ (h >> 29);
}

// Bit `size` of masks by first and last byte: whether any key of that size starts or ends so.
class KeyMasks {
 public:
  void add(std::string_view key) {
    assert(key.size() < 32);
    first_[static_cast<unsigned char>(key.front())] |= uint32_t{1} << key.size();
    last_[static_cast<unsigned char>(key.back())] |= uint32_t{1} << key.size();
  }
  bool may_hold(std::string_view s) const {
    return s.size() - 1 < 31 &&
           ((first_[static_cast<unsigned char>(s.front())] & last_[static_cast<unsigned char>(s.back())]) >> s.size() &
            1) != 0;
  }

 private:
  std::array<uint32_t, 256> first_{}, last_{};
};

struct Exception {
  std::string_view chunk;
  std::vector<uint8_t> sizes;  // of its pieces, in bytes
};

class Exceptions {
 public:
  Exceptions() {
    chunks_.reserve(kExceptionCount);
    for (size_t i = 0; i < kExceptionCount; ++i) add(kExceptions[i]);
    for (uint32_t i = 0; i < exceptions_.size(); ++i) {
      size_t slot = hash_of(exceptions_[i].chunk) % kSlots;
      while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
      slots_[slot] = i + 1;
      masks_.add(exceptions_[i].chunk);
    }
  }

  const Exception* find(std::string_view chunk) const {
    if (!masks_.may_hold(chunk)) return nullptr;
    for (size_t slot = hash_of(chunk) % kSlots; slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const Exception& exception = exceptions_[slots_[slot] - 1];
      if (exception.chunk == chunk) return &exception;
    }
    return nullptr;
  }

  const std::vector<Exception>& all() const { return exceptions_; }

 private:
  static constexpr size_t kSlots = 8192;

  void add(std::string_view pieces) {
    std::string& chunk = chunks_.emplace_back();
    std::vector<uint8_t> sizes;
    for (size_t begin = 0; begin <= pieces.size();) {
      const size_t end = std::min(pieces.find(' ', begin), pieces.size());
      chunk.append(pieces.substr(begin, end - begin));
      sizes.push_back(static_cast<uint8_t>(end - begin));
      begin = end + 1;
    }
    exceptions_.push_back({chunk, std::move(sizes)});
  }

  std::vector<std::string> chunks_;
  std::vector<Exception> exceptions_;
  std::array<uint16_t, kSlots> slots_{};  // index + 1
  KeyMasks masks_;
};

const Exceptions& exceptions() {
  static const Exceptions table;
  return table;
}

void push_exception(std::string_view chunk, const Exception& exception, Tokens& out) {
  size_t at = 0;
  for (const uint8_t size : exception.sizes) {
    out.push_back(chunk.substr(at, size));
    at += size;
  }
}

// Scratch of a thread is kept from text to text, unless there is much of it.
template <typename T>
void release_if_large(std::vector<T>& scratch) {
  constexpr size_t kKeptMax = size_t{1} << 18;
  if (scratch.capacity() > kKeptMax) std::vector<T>().swap(scratch);
}

// What is left of a chunk when its affixes are off: an exception, a URL, or pieces between infixes.
void push_middle(std::string_view s, const Exceptions* table, Tokens& out) {
  if (s.empty()) return;
  if (table != nullptr) {
    if (const Exception* exception = table->find(s)) return push_exception(s, *exception, out);
  }
  Span infix = next_infix(s, 0);
  if (infix.begin == s.size() || is_url(s)) return out.push_back(s);
  size_t start = 0;
  for (; infix.begin < s.size(); infix = next_infix(s, infix.end)) {
    if (infix.begin == 0) continue;  // an infix does not start a word
    if (infix.begin != start) out.push_back(s.substr(start, infix.begin - start));
    out.push_back(s.substr(infix.begin, infix.end - infix.begin));
    start = infix.end;
  }
  if (start < s.size()) out.push_back(s.substr(start));
}

// Takes prefixes and suffixes off, one of each a turn, until an exception or nothing to take is met. `table` may be
// null: then there are no exceptions.
void push_chunk(std::string_view s, const Exceptions* table, Tokens& out) {
  thread_local std::vector<std::string_view> suffixes;
  suffixes.clear();
  const auto is_exception = [&](std::string_view t) {
    return table != nullptr && !t.empty() && table->find(t) != nullptr;
  };
  while (!s.empty() && !is_exception(s)) {
    const size_t prefix = prefix_size(s);
    if (prefix != 0 && is_exception(s.substr(prefix))) {
      out.push_back(s.substr(0, prefix));
      s.remove_prefix(prefix);
      break;
    }
    const size_t suffix = suffix_size(s.substr(prefix));
    if (suffix != 0 && is_exception(s.substr(0, s.size() - suffix))) {
      suffixes.push_back(s.substr(s.size() - suffix));
      s.remove_suffix(suffix);
      break;
    }
    if (prefix == 0 && suffix == 0) break;
    if (prefix != 0) out.push_back(s.substr(0, prefix));
    if (suffix != 0) suffixes.push_back(s.substr(s.size() - suffix));
    s.remove_prefix(prefix);
    s.remove_suffix(suffix);
  }
  push_middle(s, table, out);
  out.insert(out.end(), suffixes.rbegin(), suffixes.rend());
  release_if_large(suffixes);
}

bool is_word_byte(char byte) {
  const auto c = static_cast<unsigned char>(byte);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The exceptions that affix rules would take apart, as sequences of those parts: a trie over whole tokens.
class SplitExceptions {
 public:
  explicit SplitExceptions(const Exceptions& table) {
    Tokens parts;
    for (const Exception& exception : table.all()) {
      const std::string_view s = exception.chunk;
      if (prefix_size(s) == 0 && suffix_size(s) == 0 && next_infix(s, 0).begin == s.size()) continue;
      parts.clear();
      push_chunk(s, nullptr, parts);
      if (parts.size() < 2) continue;  // matches only itself
      assert(!is_word_byte(parts[0][0]) || !is_word_byte(parts[1][0]));
      add(parts);
    }
  }

  bool may_start_with(std::string_view token) const { return starts_.may_hold(token); }

  uint32_t child(uint32_t node, std::string_view token) const {  // 0 when there is none
    for (size_t slot = hash_of(token, node) % kSlots; edges_[slot].child != 0; slot = (slot + 1) % kSlots) {
      if (edges_[slot].node == node && edges_[slot].token == token) return edges_[slot].child;
    }
    return 0;
  }
  bool ends_at(uint32_t node) const { return ends_[node]; }

 private:
  static constexpr size_t kSlots = 8192;
  struct Edge {
    std::string_view token;
    uint32_t node = 0, child = 0;
  };

  void add(const Tokens& parts) {
    starts_.add(parts[0]);
    uint32_t node = 0;
    for (const std::string_view token : parts) {
      uint32_t next = child(node, token);
      if (next == 0) {
        next = static_cast<uint32_t>(ends_.size());
        ends_.push_back(false);
        size_t slot = hash_of(token, node) % kSlots;
        while (edges_[slot].child != 0) slot = (slot + 1) % kSlots;
        edges_[slot] = {token, node, next};
      }
      node = next;
    }
    ends_[node] = true;
  }

  std::vector<Edge> edges_ = std::vector<Edge>(kSlots);
  std::vector<bool> ends_ = {false};
  KeyMasks starts_;
};

struct Match {
  size_t begin, end;  // tokens
};

void find_matches(const Tokens& tokens, const SplitExceptions& trie, std::vector<Match>& matches) {
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (is_word_byte(tokens[i][0]) && is_word_byte(tokens[i + 1][0])) continue;
    if (!trie.may_start_with(tokens[i])) continue;
    uint32_t node = trie.child(0, tokens[i]);
    for (size_t j = i + 1; node != 0 && j < tokens.size(); ++j) {
      node = trie.child(node, tokens[j]);
      if (node != 0 && trie.ends_at(node)) matches.push_back({i, j + 1});
    }
  }
}

// Of matches that overlap the longest wins, then the first. One that loses still shuts out those after it, and so does
// one whose tokens have spaces between them, which then stays as it is.
void choose_matches(std::vector<Match>& matches, size_t token_count) {
  std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return a.end - a.begin != b.end - b.begin ? a.end - a.begin > b.end - b.begin : a.begin < b.begin;
  });
  std::vector<bool> seen(token_count, false);
  size_t kept = 0;
  for (const Match match : matches) {
    if (!seen[match.begin] && !seen[match.end - 1]) matches[kept++] = match;
    for (size_t i = match.begin; i < match.end; ++i) seen[i] = true;
  }
  matches.resize(kept);
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) { return a.begin < b.begin; });
}

// Puts exceptions that the affix rules took apart together again.
void join_exceptions(const Exceptions& table, Tokens& tokens) {
  static const SplitExceptions trie(table);
  thread_local std::vector<Match> matches;
  matches.clear();
  find_matches(tokens, trie, matches);
  if (matches.empty()) return;
  choose_matches(matches, tokens.size());
  thread_local Tokens joined;
  joined.clear();
  size_t next = 0;
  for (const Match match : matches) {
    joined.insert(joined.end(), tokens.begin() + static_cast<ptrdiff_t>(next),
                  tokens.begin() + static_cast<ptrdiff_t>(match.begin));
    const char* const begin = tokens[match.begin].data();
    const std::string_view last = tokens[match.end - 1];
    const std::string_view whole(begin, static_cast<size_t>(last.data() + last.size() - begin));
    const Exception* const exception = table.find(whole);  // none when there is a space inside
    if (exception != nullptr) {
      push_exception(whole, *exception, joined);
    } else {
      joined.insert(joined.end(), tokens.begin() + static_cast<ptrdiff_t>(match.begin),
                    tokens.begin() + static_cast<ptrdiff_t>(match.end));
    }
    next = match.end;
  }
  joined.insert(joined.end(), tokens.begin() + static_cast<ptrdiff_t>(next), tokens.end());
  tokens.swap(joined);
  release_if_large(joined);
  release_if_large(matches);
}

enum ByteKind : uint8_t { kLetter = 1, kOther = 2, kSpace = 4, kWide = 8 };

constexpr std::array<uint8_t, 256> kByteKinds = [] {
  std::array<uint8_t, 256> kinds{};
  for (int i = 0; i < 256; ++i) {
    const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
    kinds[static_cast<size_t>(i)] = letter                                     ? kLetter
                                    : i < 0x80 && is_python_space(char32_t(i)) ? kSpace
                                    : i == 0xC2 || (i >= 0xE1 && i <= 0xE3)    ? kWide  // may lead white space
                                                                               : kOther;
  }
  return kinds;
}();

// The end of the run of non-space that starts at `at`; `kinds` becomes the union of its bytes' kinds.
size_t skip_chunk(std::string_view text, size_t at, uint8_t& kinds) {
  uint8_t seen = 0;
  while (at < text.size()) {
    const uint8_t kind = kByteKinds[static_cast<unsigned char>(text[at])];
    if (kind < kSpace) {
      seen |= kind;
      ++at;
      continue;
    }
    if (kind == kSpace) break;
    const Utf8Char c = decode_utf8(text, at);
    if (is_python_space(c.code_point)) break;
    at += c.size;
    seen |= kOther;
  }
  kinds = seen;
  return at;
}

size_t skip_space(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Utf8Char c = decode_utf8(text, at);
    if (!is_python_space(c.code_point)) break;
    at += c.size;
  }
  return at;
}

}  // namespace

void tokenize(std::string_view text, Tokens& tokens) {
  const Exceptions& table = exceptions();
  tokens.clear();
  bool plain = true;
  size_t at = 0;
  while (at < text.size()) {
    uint8_t kinds = 0;
    const size_t end = skip_chunk(text, at, kinds);
    if (end > at) {
      const std::string_view chunk = text.substr(at, end - at);
      if (kinds == kLetter) {
        if (const Exception* exception = table.find(chunk)) {
          push_exception(chunk, *exception, tokens);
        } else {
          tokens.push_back(chunk);
        }
      } else {
        plain = false;
        push_chunk(chunk, &table, tokens);
      }
    }
    at = end;
    if (at == text.size()) break;
    if (end > 0 && text[at] == ' ') ++at;  // the space after a token belongs to it
    const size_t space_end = at < text.size() && is_word_byte(text[at]) ? at : skip_space(text, at);
    if (space_end > at) tokens.push_back(text.substr(at, space_end - at));
    at = space_end;
  }
  if (!plain) join_exceptions(table, tokens);
}

}  // namespace ftok::spacy
