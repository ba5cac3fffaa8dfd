// Rows of words made by tests/reference/peer_words.py, and the check of ftok's words against one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ftok::testing {

struct WordsRow {
  std::string text;
  std::vector<std::string> spacy;
  std::vector<size_t> ends;  // of sentences, in characters
  std::vector<std::string> nltk;
};

std::vector<WordsRow> read_words_file(const std::filesystem::path& path);

// Adds a failure of the running test where ftok's words or sentences differ; false then.
bool expect_words(const WordsRow& row);

}  // namespace ftok::testing
