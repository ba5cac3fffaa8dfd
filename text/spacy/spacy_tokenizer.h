// The tokens of spaCy's blank English tokenizer (3.8.18), exactly: chunks between white space, exceptions ("don't" ->
// do n't), prefixes, suffixes, URLs, infixes, and the last pass that puts exceptions with punctuation (":)", "a.m.")
// together again.
//
// White space is Python's (is_python_space). One space after a token belongs to it and is dropped; any other run of
// white space is a token of its own, which word counts leave out and sentence splitting sees.
//
// One known difference: text that holds the word IS_ALPHA, which spaCy sometimes fails on, has no special meaning here.
#pragma once

#include <string_view>
#include <vector>

namespace ftok::spacy {

// Replaces `tokens` with the tokens of `text`, in order, as views into it. Linear time; allocates only when `tokens`
// grows. Thread-safe. Bytes that are not UTF-8 count as U+FFFD.
void tokenize(std::string_view text, std::vector<std::string_view>& tokens);

}  // namespace ftok::spacy
