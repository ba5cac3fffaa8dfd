// Vocabularies as the command line names them: a path, a bundled name (ftok-100k), or a published one fetched before.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok::cli {

struct Model;

inline constexpr char kDefaultVocabulary[] = "ftok-100k";

// --vocab, --pattern and --special of a command.
struct VocabularyFlags {
  std::string vocab = kDefaultVocabulary;
  std::string pattern;
  std::vector<std::string> specials;  // NAME=ID

  void add_to(CLI::App& command);
  VocabularyHints hints() const;  // throws UsageError naming the flag
};

// A vocabulary's file, and as which of the published vocabularies with its ranks it is taken; "": as the first.
struct VocabularyFile {
  std::string path, published;
};

// The file that `name` stands for: the path itself where there is such a file, the tokenizer.json (or vocab.bpe) of a
// folder, else the bundled vocabulary of that name, else the fetched one, which may be that of another vocabulary with
// the same ranks (o200k_harmony: o200k_base). NAME=FILE is FILE as the published vocabulary NAME. Throws UsageError
// saying where it looked.
VocabularyFile find_vocabulary(const std::string& name);

Vocabulary load_named_vocabulary(const std::string& name, VocabularyHints hints = {});
Vocabulary load_named_vocabulary(const std::string& name, const VocabularyFlags& flags);  // messages name the flags
Encoding load_encoding(const VocabularyFlags& flags);
Encoding load_encoding(const std::string& name, VocabularyHints hints = {});

// Of the vocabulary that `name` stands for: Encoding::digest(); nothing where it is not found or cannot be read.
std::optional<std::string> vocabulary_digest(const std::string& name);

// The model that `ftok vocab get NAME` fetches, by its name, that of a model that uses it (gpt-4), or of a vocabulary
// with the same ranks. Throws UsageError saying what else there is.
Model vocabulary_to_fetch(const std::string& name);

// Names of the published vocabularies that ftok knows by their ranks.
std::vector<std::string> published_vocabularies();

// "chatml", "llama3", or a JSON file (tokenizer/chat.h); throws UsageError naming `flag`.
ChatTemplate find_chat_template(const std::string& name, const std::string& flag);

// Names of the bundled vocabularies, sorted.
std::vector<std::string> bundled_vocabularies();

// What a vocabulary is called in manifests and models, so that the name finds it again. Every model's is a
// tokenizer.json: it is called by its folder, as that was given. Other files name themselves: "".
std::string called_by_folder(const std::string& file);

}  // namespace ftok::cli
