#include "pipeline/recipe_schema.h"

#include <fmt/format.h>

#include "core/json.h"
#include "pipeline/recipe_config.h"
#include "pipeline/stage_kinds.h"

namespace ftok {
namespace {

// Sizes are numbers, or texts such as "64M" (core/recipe.h).
constexpr const char* kSizePattern = "^[0-9]*\\.?[0-9]+[kKmMgGtTbB]?$";

// Each key of a section as a member of "properties".
class SchemaVisitor : public OptionVisitor {
 public:
  explicit SchemaVisitor(JsonWriter& json) : json_(json) {}

  void field(std::string_view key, bool& value, std::string_view help) override {
    begin(key, help).field("type", "boolean").field("default", value).end_object();
  }
  void field(std::string_view key, int64_t& value, std::string_view help) override {
    begin(key, help).key("type").begin_array().value("integer").value("string").end_array();
    json_.field("minimum", 0).field("pattern", kSizePattern).field("default", value).end_object();
  }
  void field(std::string_view key, double& value, std::string_view help) override {
    begin(key, help).field("type", "number").field("default", value).end_object();
  }
  void field(std::string_view key, std::string& value, std::string_view help) override {
    begin(key, help).field("type", "string").field("default", value).end_object();
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view help) override {
    begin(key, help).field("type", "array").key("items").begin_object().field("type", "string").end_object();
    json_.key("default").begin_array();
    for (const std::string& element : value) json_.value(element);
    json_.end_array().end_object();
  }
  void field(std::string_view key, std::map<std::string, double>& value, std::string_view help) override {
    begin(key, help).field("type", "object");
    json_.key("additionalProperties").begin_object().field("type", "number").end_object();
    json_.key("default").begin_object();
    for (const auto& [name, number] : value) json_.field(name, number);
    json_.end_object().end_object();
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& choices,
              std::string_view help) override {
    begin(key, help).key("enum").begin_array();
    for (const std::string& each : choices) json_.value(each);
    json_.end_array().field("default", value).end_object();
  }

 private:
  JsonWriter& begin(std::string_view key, std::string_view help) {
    return json_.key(key).begin_object().field("description", help);
  }

  JsonWriter& json_;
};

// `stage`: null for what is none. `named`: of a section that has another name than its kind.
template <typename Options>
void write_section(JsonWriter& json, Options& options, std::string_view help, const StageKind* stage = nullptr,
                   bool named = false) {
  json.begin_object().field("type", "object");
  if (!help.empty()) json.field("description", help);
  json.field("additionalProperties", false).key("properties").begin_object();
  if (named) json.key("kind").begin_object().field("const", stage->name).end_object();
  SchemaVisitor visitor(json);
  if (stage != nullptr && stage->may_choose()) {
    std::vector<std::string> only;
    visitor.field("only", only, kOnlyHelp);
  }
  options.visit(visitor);
  json.end_object();
  if (named) json.key("required").begin_array().value("kind").end_array();
  json.end_object();
}

}  // namespace

std::string recipe_schema() {
  RecipeConfig config;
  JsonWriter json(true);
  json.begin_object().field("$schema", "http://json-schema.org/draft-07/schema#").field("title", "A recipe of ftok");
  json.field("type", "object").key("properties").begin_object();
  SchemaVisitor top(json);
  config.top.visit(top);
  json.key("input");
  write_section(json, config.input, "how inputs are read");
  for (const StageKind* kind : stage_kinds()) {
    const std::unique_ptr<StageOptions> options = kind->options(RuleSet::kReleased);
    json.key(kind->name);
    write_section(json, *options, kind->help, kind);
  }
  json.key("shards");
  write_section(json, config.shards, "how tokens are laid out");
  json.key("text");
  write_section(json, config.text, "how kept documents are written");
  json.key("output");
  write_section(json, config.output, "where a run begins and ends, and into how many corpora its documents go");
  json.end_object();
  // A stage under a name of its own says its kind.
  json.key("additionalProperties").begin_object().key("oneOf").begin_array();
  for (const StageKind* kind : stage_kinds()) {
    if (kind->is_dedup()) continue;
    const std::unique_ptr<StageOptions> options = kind->options(RuleSet::kReleased);
    write_section(json, *options, kind->help, kind, true);
  }
  json.end_array().end_object().end_object();
  return json.take() + "\n";
}

}  // namespace ftok
