#include "tools/ftok/model_vocabulary.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "tools/ftok/named_model.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {

std::optional<Encoding> load_model_encoding(const ModelFile& model, const std::string& flag, bool ids_suffice) {
  const std::string& name = flag.empty() ? model.vocabulary : flag;
  if (name.empty()) return std::nullopt;
  try {
    return load_encoding(name);
  } catch (const Error& error) {
    if (!flag.empty()) throw;
    if (!ids_suffice || model.format != "safetensors") {
      throw Error(fmt::format("{} (the model names it; --vocab FILE says where it is)", error.what()),
                  error.exit_code());
    }
    stderr_log()(LogLevel::kWarning, fmt::format("{}: ids are not turned into text", error.what()));
    return std::nullopt;
  }
}

ModelFile read_language_model(const std::string& path, int64_t heads, const Log& log) {
  ModelFile model = read_named_model(path, heads, log);
  if (model.config.score_head)
    throw UsageError(
        fmt::format("{}: a reward model, which gives scores and no text; `ftok reward eval` and `ftok rl "
                    "--reward` use it",
                    path));
  return model;
}

Encoding need_model_encoding(const ModelFile& model, const std::string& flag) {
  std::optional<Encoding> encoding = load_model_encoding(model, flag, false);
  if (!encoding) throw UsageError("--vocab: the model does not name its vocabulary");
  return std::move(*encoding);
}

}  // namespace ftok::cli
