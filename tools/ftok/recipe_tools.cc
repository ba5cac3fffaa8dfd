#include "tools/ftok/recipe_tools.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <sstream>

#include "core/error.h"
#include "core/shown.h"
#include "pipeline/make_plan.h"
#include "pipeline/recipe_config.h"
#include "pipeline/recipe_schema.h"
#include "tools/ftok/run_flags.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

// "section.key" and its value, in the order of the recipe's text.
std::vector<std::pair<std::string, std::string>> values_of(const RecipeConfig& recipe) {
  std::vector<std::pair<std::string, std::string>> values;
  std::istringstream text(recipe_text(recipe, false));
  std::string section;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('[')) section = line.substr(1, line.size() - 2) + ".";
    const size_t equals = line.find(" = ");
    if (!line.starts_with('[') && equals != std::string::npos) {
      values.emplace_back(section + line.substr(0, equals), line.substr(equals + 3));
    }
  }
  return values;
}

// Keys of one recipe alone stand with a "-" or a "+".
size_t print_differences(const RecipeConfig& a, const RecipeConfig& b) {
  const auto values_a = values_of(a), values_b = values_of(b);
  const std::map<std::string, std::string> of_a(values_a.begin(), values_a.end()),
      of_b(values_b.begin(), values_b.end());
  size_t differences = 0;
  for (const auto& [key, value] : values_a) {
    const auto other = of_b.find(key);
    if (other != of_b.end() && other->second == value) continue;
    ++differences;
    if (other == of_b.end()) {
      print_report(fmt::format("- {} = {}\n", key, value));
    } else {
      print_report(fmt::format("  {} = {} | {}\n", key, value, other->second));
    }
  }
  for (const auto& [key, value] : values_b) {
    if (of_a.contains(key)) continue;
    ++differences;
    print_report(fmt::format("+ {} = {}\n", key, value));
  }
  return differences;
}

void add_check(CLI::App& recipe) {
  CLI::App* command = recipe.add_subcommand("check", "Say whether recipes can be run here: keys, order, models, lists");
  struct RecipeToolsFlags {
    std::vector<std::string> recipes, sets;
    std::string language_model;
  };
  const auto flags = std::make_shared<RecipeToolsFlags>();
  command->add_option("RECIPE", flags->recipes, "Presets or TOML files")->required();
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--language-model", flags->language_model, "The language model that a run would be given")
      ->type_name("FILE");
  command->footer(
      "Exit 0 when all are good, 1 when a file is missing, 2 when a recipe is wrong; one line for each that is not.");
  command->callback([flags] {
    int exit_code = 0;
    for (const std::string& name : flags->recipes) {
      try {
        const RecipeConfig config = load_recipe(name, flags->sets, stderr_log());
        const Plan plan =
            load_plan(config, {.vocabulary = kDefaultVocabulary, .language_model = flags->language_model});
        for (const std::string& note : plan.notes)
          print("{}: note: {}\n", shown_field(without_secrets(name)), printable(note));
        std::vector<std::string> stages;
        for (const RecipeEntry& entry : config.entries)
          stages.push_back(entry.idle() ? "(" + entry.name + ")" : entry.name);
        cli::print("{}: good: {}\n", shown_field(without_secrets(name)),
                   printable(fmt::format("{}", fmt::join(stages, " "))));
      } catch (const Error& error) {
        print("{}: {}\n", shown_field(without_secrets(name)), printable(hide_secrets(error.what())));
        exit_code = std::max(exit_code, error.exit_code());
      }
    }
    if (exit_code == 2) throw UsageError("a recipe is wrong");
    if (exit_code != 0) throw Error("a recipe cannot be run here");
  });
}

void add_diff(CLI::App& recipe) {
  CLI::App* command = recipe.add_subcommand("diff", "Print the keys in which two recipes differ");
  struct RecipeToolsFlags {
    std::string a, b;
    bool exit_code = false;
  };
  const auto flags = std::make_shared<RecipeToolsFlags>();
  command->add_option("A", flags->a, "A preset or a TOML file")->required();
  command->add_option("B", flags->b, "Another")->required();
  command->add_flag("--exit-code", flags->exit_code, "Exit with 1 when they differ");
  command->footer(
      "A line for each key: `section.key = A's value | B's value`, `-` for what A alone has, `+` for what B alone "
      "has.");
  command->callback([flags] {
    const size_t differences =
        print_differences(load_recipe(flags->a, {}, stderr_log()), load_recipe(flags->b, {}, stderr_log()));
    if (flags->exit_code && differences > 0) throw Error(fmt::format("{} keys differ", differences));
  });
}

}  // namespace

void add_recipe_tools(CLI::App& recipe) {
  add_check(recipe);
  add_diff(recipe);
  CLI::App* schema = recipe.add_subcommand("schema", "Print the JSON Schema of recipes, for editors");
  schema->callback([] { print_out(recipe_schema()); });
}

}  // namespace ftok::cli
