#include "tools/ftok/model_chat.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/text_file.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/train.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFileBytesMax = uint64_t{1} << 24;

// The folder of a model and those that it may lie in: MODEL/checkpoints/step-000000100.ckpt.
std::vector<fs::path> folders_of(const std::string& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return {fs::path(path)};
  const fs::path folder = fs::path(path).parent_path();
  return {folder, folder.filename() == "checkpoints" ? folder.parent_path() : folder};
}

// The Jinja template of a folder of Hugging Face's; "" where there is none.
std::string jinja_of_folder(const fs::path& folder) {
  std::error_code code;
  if (const fs::path file = folder / "chat_template.jinja"; fs::is_regular_file(file, code))
    return read_text_file(file.string(), kFileBytesMax);
  const std::string path = (folder / "tokenizer_config.json").string();
  if (!fs::is_regular_file(path, code)) return "";
  simdjson::dom::parser parser;
  simdjson::dom::element root, form;
  if (parser.parse(simdjson::padded_string(read_text_file(path, kFileBytesMax))).get(root) != simdjson::SUCCESS)
    throw Error(path + ": not JSON");
  if (root["chat_template"].get(form) != simdjson::SUCCESS) return "";
  std::string_view text;
  if (form.get(text) == simdjson::SUCCESS) return std::string(text);
  simdjson::dom::array named;  // [{"name": "default", "template": ...}, ...]
  if (form.get(named) != simdjson::SUCCESS) return "";
  for (const simdjson::dom::element one : named) {
    std::string_view name;
    if (one["name"].get(name) == simdjson::SUCCESS && name == "default" &&
        one["template"].get(text) == simdjson::SUCCESS)
      return std::string(text);
  }
  return "";
}

}  // namespace

std::optional<ModelChat> read_model_chat(const std::string& path) {
  std::error_code code;
  for (const fs::path& folder : folders_of(path)) {
    if (const std::string own = (folder / kChatTemplateName).string(); fs::is_regular_file(own, code))
      return ModelChat{parse_chat_template(read_text_file(own, kFileBytesMax), own), true};
    const std::string jinja = jinja_of_folder(folder);
    if (jinja.empty()) continue;
    for (const auto& [mark, name] : {std::pair{"<|im_start|>", "chatml"}, {"<|start_header_id|>", "llama3"}}) {
      if (jinja.find(mark) == std::string::npos) continue;
      const bool begins =
          jinja.find("bos_token") != std::string::npos || jinja.find("<|endoftext|>") != std::string::npos;
      return ModelChat{*chat_template_of_name(name), begins};
    }
    throw Error(fmt::format(
        "{}: its chat template is neither chatml's nor Llama 3's; --template FILE says how conversations are written",
        folder.string()));
  }
  return std::nullopt;
}

void add_template_flag(CLI::App& command, std::string& name) {
  command
      .add_option(
          "--template", name,
          "How conversations are written: chatml, llama3, or your own JSON file; default: as the model's folder "
          "says")
      ->type_name("TEMPLATE");
}

ModelChat find_model_chat(const std::string& path, const std::string& name, const std::string& flag) {
  if (!name.empty() && name != "model") return {find_chat_template(name, flag), true};
  std::optional<ModelChat> own = read_model_chat(path);
  if (own) return std::move(*own);
  throw UsageError(fmt::format(
      "{}: has no chat template (a base model?); {} chatml, llama3 or FILE says how conversations are written", path,
      flag));
}

}  // namespace ftok::cli
