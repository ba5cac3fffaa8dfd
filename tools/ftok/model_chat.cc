#include "tools/ftok/model_chat.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/lenient_json.h"
#include "core/text_file.h"
#include "tokenizer/chat_jinja.h"
#include "tools/ftok/chat_export.h"
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

// A file of settings, parsed: those of published models have numbers beyond 64 bits ("model_max_length").
class SettingsFile {
 public:
  explicit SettingsFile(const std::string& path) {
    if (parse_json(parser_, read_text_file(path, kFileBytesMax), root_, plain_) != simdjson::SUCCESS)
      throw Error(path + ": not JSON");
  }
  simdjson::dom::element root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::string plain_;
};

// What templates call special tokens: their texts are strings, or objects with "content".
void add_tokens(const std::string& path, JinjaChat::Tokens& tokens) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return;
  const SettingsFile file(path);
  const simdjson::dom::element root = file.root();
  for (const char* name :
       {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}) {
    std::string_view text;
    if (root[name].get(text) == simdjson::SUCCESS || root[name]["content"].get(text) == simdjson::SUCCESS)
      tokens.emplace(name, text);
  }
}

// "chat_template" of a tokenizer_config.json: a string, or [{"name": "default", "template": ...}, ...].
std::string template_of_config(const std::string& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return "";
  const SettingsFile file(path);
  const simdjson::dom::element root = file.root();
  simdjson::dom::element form;
  if (root["chat_template"].get(form) != simdjson::SUCCESS) return "";
  std::string_view text;
  if (form.get(text) == simdjson::SUCCESS) return std::string(text);
  simdjson::dom::array named;
  if (form.get(named) != simdjson::SUCCESS) return "";
  for (const simdjson::dom::element one : named) {
    std::string_view name;
    if (one["name"].get(name) == simdjson::SUCCESS && name == "default" &&
        one["template"].get(text) == simdjson::SUCCESS)
      return std::string(text);
  }
  return "";
}

// Whether a text begins a document is for a program to say.
ModelChat chat_of_form(ChatTemplate form) {
  const bool begins_document = form.jinja == nullptr;
  return {std::move(form), begins_document};
}

// A program that ftok has written itself is as good as the form that it was made of, which has calls of tools besides.
ModelChat chat_of_jinja(std::shared_ptr<const JinjaChat> jinja) {
  const auto end = jinja->tokens().find("eos_token");
  const std::string end_of_text = end == jinja->tokens().end() ? "" : end->second;
  for (const std::string& name : chat_template_names()) {
    ChatTemplate form = *chat_template_of_name(name);
    if (jinja->source() == jinja_of(form, end_of_text)) return {std::move(form), !end_of_text.empty()};
  }
  return chat_of_form(chat_template_of_jinja(std::move(jinja)));
}

// The template of a folder of Hugging Face's; null where there is none.
std::shared_ptr<const JinjaChat> jinja_of_folder(const fs::path& folder) {
  std::error_code code;
  const std::string config = (folder / "tokenizer_config.json").string();
  std::string path = (folder / "chat_template.jinja").string(), source;
  if (fs::is_regular_file(path, code)) {
    source = read_text_file(path, kFileBytesMax);
  } else {
    path = config;
    source = template_of_config(config);
  }
  if (source.empty()) return nullptr;
  JinjaChat::Tokens tokens;
  add_tokens(config, tokens);
  add_tokens((folder / "special_tokens_map.json").string(), tokens);
  return std::make_shared<const JinjaChat>(std::move(source), std::move(tokens), path);
}

}  // namespace

std::optional<ModelChat> read_model_chat(const std::string& path) {
  std::error_code code;
  for (const fs::path& folder : folders_of(path)) {
    if (const std::string own = (folder / kChatTemplateName).string(); fs::is_regular_file(own, code))
      return chat_of_form(parse_chat_template(read_text_file(own, kFileBytesMax), own));
    if (auto jinja = jinja_of_folder(folder)) return chat_of_jinja(std::move(jinja));
  }
  return std::nullopt;
}

void add_template_flag(CLI::App& command, std::string& name) {
  command
      .add_option("--template", name,
                  "How conversations are written: chatml, llama3, your own JSON file, or a folder with a chat "
                  "template; default: "
                  "as the model's folder says")
      ->type_name("TEMPLATE");
}

ModelChat find_model_chat(const std::string& path, const std::string& name, const std::string& flag) {
  if (!name.empty() && name != "model") return chat_of_form(find_chat_template(name, flag));
  std::optional<ModelChat> own = read_model_chat(path);
  if (own) return std::move(*own);
  throw UsageError(fmt::format(
      "{}: has no chat template (a base model?); {} chatml, llama3 or FILE says how conversations are written", path,
      flag));
}

}  // namespace ftok::cli
