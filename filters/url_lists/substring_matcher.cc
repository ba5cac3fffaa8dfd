#include "filters/url_lists/substring_matcher.h"

#include <algorithm>
#include <queue>

#include "core/error.h"

namespace ftok {
namespace {

constexpr uint8_t kNone = 0xFF;

constexpr std::array<uint8_t, 256> make_letters() {
  std::array<uint8_t, 256> out{};
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = i >= 'a' && i <= 'z'   ? static_cast<uint8_t>(i - 'a')
             : i >= 'A' && i <= 'Z' ? static_cast<uint8_t>(i - 'A')
             : i >= '0' && i <= '9' ? static_cast<uint8_t>(i - '0' + 26)
                                    : kNone;
  }
  return out;
}
constexpr std::array<uint8_t, 256> kLetters = make_letters();

}  // namespace

std::string letters_and_digits(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const uint8_t letter = kLetters[static_cast<uint8_t>(c)];
    if (letter != kNone) out.push_back(static_cast<char>(letter < 26 ? 'a' + letter : '0' + letter - 26));
  }
  return out;
}

SubstringMatcher::SubstringMatcher(const std::vector<std::string>& patterns) : moves_(1, Moves{}), found_(1, 0) {
  size_t bytes = 0;
  for (const std::string& raw : patterns) {
    std::string pattern = letters_and_digits(raw);
    if (pattern.empty()) continue;
    bytes += pattern.size();
    if (bytes > kPatternBytesMax) throw Error("url.substrings: more than 1 MiB of patterns");
    uint32_t state = 0;
    for (const char c : pattern) {
      uint32_t next = moves_[state][kLetters[static_cast<uint8_t>(c)]];
      if (next == 0) {
        next = static_cast<uint32_t>(moves_.size());
        moves_[state][kLetters[static_cast<uint8_t>(c)]] = next;
        moves_.emplace_back(Moves{});
        found_.push_back(0);
      }
      state = next;
    }
    patterns_.push_back(std::move(pattern));
    if (found_[state] == 0) found_[state] = static_cast<uint32_t>(patterns_.size());
  }
  // Breadth first: a state's moves that are not its own are those of its longest proper suffix.
  std::vector<uint32_t> suffix(moves_.size(), 0);
  std::queue<uint32_t> queue;
  for (const uint32_t child : moves_[0]) {
    if (child != 0) queue.push(child);
  }
  for (; !queue.empty(); queue.pop()) {
    const uint32_t state = queue.front();
    if (found_[state] == 0) found_[state] = found_[suffix[state]];
    for (size_t letter = 0; letter < kAlphabet; ++letter) {
      const uint32_t child = moves_[state][letter];
      const uint32_t fallback = moves_[suffix[state]][letter];
      if (child == 0) {
        moves_[state][letter] = fallback;
      } else {
        suffix[child] = fallback;
        queue.push(child);
      }
    }
  }
}

std::string_view SubstringMatcher::find_in(std::string_view text) const {
  uint32_t state = 0;
  for (const char c : text) {
    const uint8_t letter = kLetters[static_cast<uint8_t>(c)];
    if (letter == kNone) continue;
    state = moves_[state][letter];
    if (found_[state] != 0) return patterns_[found_[state] - 1];
  }
  return {};
}

}  // namespace ftok
