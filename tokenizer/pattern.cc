#include "tokenizer/pattern.h"

#include <array>

namespace ftok {
namespace {

struct Entry {
  Pattern pattern;
  std::string_view name;
  std::string_view text;
};

constexpr std::string_view kO200kText =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::string_view kTekkenText =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// The first entry of a pattern has its canonical name and text; the others are further spellings.
constexpr std::array kEntries = {
    Entry{Pattern::kGpt2, "gpt2", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)"},
    Entry{Pattern::kGpt2Original, "gpt2-original",
          R"('s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    Entry{
        Pattern::kCl100k, "cl100k",
        R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)"},
    Entry{
        Pattern::kLlama3, "llama3",
        R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    Entry{
        Pattern::kQwen2, "qwen2",
        R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    Entry{Pattern::kO200k, "o200k", kO200kText},
    Entry{Pattern::kSmollm, "smollm",
          R"('s|'t|'re|'ve|'m|'ll|'d|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+)"},
    Entry{Pattern::kTekken, "tekken", kTekkenText},
    Entry{Pattern::kGpt2, "r50k", {}},
    Entry{Pattern::kGpt2, "p50k", {}},
    Entry{Pattern::kGpt2Original, {}, R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    Entry{Pattern::kGpt2, {}, R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
};

}  // namespace

std::string_view pattern_name(Pattern pattern) {
  if (pattern == Pattern::kOwn) return "own";
  for (const Entry& entry : kEntries) {
    if (entry.pattern == pattern) return entry.name;
  }
  return {};
}

std::string_view pattern_text(Pattern pattern) {
  for (const Entry& entry : kEntries) {
    if (entry.pattern == pattern) return entry.text;
  }
  return {};
}

std::optional<Pattern> pattern_of_name(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (!entry.name.empty() && entry.name == name) return entry.pattern;
  }
  return std::nullopt;
}

std::optional<Pattern> pattern_of_text(std::string_view text) {
  for (const Entry& entry : kEntries) {
    if (!entry.text.empty() && entry.text == text) return entry.pattern;
  }
  return std::nullopt;
}

std::vector<std::string> pattern_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) {
    if (!entry.name.empty() && !entry.text.empty()) names.emplace_back(entry.name);
  }
  return names;
}

}  // namespace ftok
