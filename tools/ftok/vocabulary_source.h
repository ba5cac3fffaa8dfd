// Vocabularies as the command line names them: a path, a bundled name (ftok-100k), or a published one fetched before.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok::cli {

inline constexpr char kDefaultVocabulary[] = "ftok-100k";

// --vocab, --pattern and --special of a command.
struct VocabularyFlags {
  std::string vocab = kDefaultVocabulary;
  std::string pattern;
  std::vector<std::string> specials;  // NAME=ID

  void add_to(CLI::App& command);
  VocabularyHints hints() const;  // throws UsageError naming the flag
};

// The file that `name` stands for: the path itself where there is such a file, else the bundled vocabulary of that name,
// else the fetched one. Throws UsageError saying where it looked.
std::string find_vocabulary(const std::string& name);

Encoding load_encoding(const VocabularyFlags& flags);

// "chatml", "llama3", or a JSON file (tokenizer/chat.h); throws UsageError naming `flag`.
ChatTemplate find_chat_template(const std::string& name, const std::string& flag);

// Names of the bundled vocabularies, sorted.
std::vector<std::string> bundled_vocabularies();

}  // namespace ftok::cli
