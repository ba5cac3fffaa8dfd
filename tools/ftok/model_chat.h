// The chat template of a model: where it is found.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "trainer/answer.h"

namespace ftok::cli {

// --template of the commands that talk to a model.
void add_template_flag(CLI::App& command, std::string& name);

// The one that `name` (of `flag`) means: chatml, llama3, a JSON file, a folder, or "model" and "": the one in the
// folder of the model at `path`: chat.json of ftok, or the program in tokenizer_config.json or chat_template.jinja of
// Hugging Face's folders (tokenizer/chat_jinja.h). Throws UsageError naming `flag` where there is none, Error where it
// cannot be parsed.
ModelChat find_model_chat(const std::string& path, const std::string& name, const std::string& flag);

// The same for the folder alone; none where it has none.
std::optional<ModelChat> read_model_chat(const std::string& path);

}  // namespace ftok::cli
