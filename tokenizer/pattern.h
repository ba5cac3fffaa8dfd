// The pre-tokenisation patterns ftok splits text with, by name. A pattern cuts a text into pretokens; byte-pair merging
// never crosses a cut. The hand-written scanners are in pretokenize.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

// The names stand for the patterns as tiktoken 0.14 and the models' own files publish them. kGpt2Original and kLlama3
// are the older forms of kGpt2 and kCl100k: the ids come out the same, kLlama3's pretokens differ at the end of a text.
// kSmollm is what takes digits out one by one before GPT-2's pattern cuts what lies between them; kTekken is kO200k
// without contractions, with one digit per pretoken. kOwn is an expression of the user's own, which own_pattern.h
// matches.
enum class Pattern : uint8_t { kGpt2, kGpt2Original, kCl100k, kLlama3, kQwen2, kO200k, kSmollm, kTekken, kOwn };

// "gpt2", "gpt2-original", "cl100k", "llama3", "qwen2", "o200k", "smollm", "tekken", "own".
std::string_view pattern_name(Pattern pattern);

// The regular expression the scanner stands for, in the syntax of tiktoken (fancy-regex). Empty for kOwn.
std::string_view pattern_text(Pattern pattern);

// By name ("r50k" and "p50k" mean gpt2); nothing when there is no such pattern.
std::optional<Pattern> pattern_of_name(std::string_view name);

// By the text of the expression, for the spellings in use (tiktoken's and those of tokenizer.json files).
std::optional<Pattern> pattern_of_text(std::string_view text);

// The names, for help and messages.
std::vector<std::string> pattern_names();

}  // namespace ftok
