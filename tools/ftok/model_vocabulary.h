// The vocabulary of a model, and whether it writes texts.
#pragma once

#include <optional>
#include <string>

#include "tokenizer/encoding.h"
#include "trainer/model_file.h"

namespace ftok::cli {

// The one that `flag` (--vocab) names, else the one that the model names; none where neither does. Where ftok cannot
// read a tokenizer.json beside the model: a warning and none if `ids_suffice`, else it throws.
std::optional<Encoding> load_model_encoding(const ModelFile& model, const std::string& flag, bool ids_suffice);

// The same where texts are needed. Throws UsageError where neither names one.
Encoding need_model_encoding(const ModelFile& model, const std::string& flag);

// Reads a model that gives texts, as read_model does (trainer/model_file.h). Throws UsageError where it is a reward
// model.
ModelFile read_language_model(const std::string& path, int64_t heads, const Log& log);

}  // namespace ftok::cli
