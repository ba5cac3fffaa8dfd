// `ftok recipe`: show a recipe as ftok understands it, with what every key means; list the presets.
#include <fmt/format.h>

#include <memory>

#include "core/json.h"
#include "pipeline/recipe_config.h"
#include "pipeline/stage_kinds.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/laid_out.h"
#include "tools/ftok/recipe_tools.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

void print_kind(const StageKind& kind, bool as_json) {
  if (!as_json) return print("{:<20}{}\n", kind.name, kind.help);
  JsonWriter json;
  json.begin_object().field("name", kind.name).field("help", kind.help);
  json.field("idle", kind.options(RuleSet::kReleased)->idle()).end_object();
  print("{}\n", json.text());
}

}  // namespace

void add_recipe_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("recipe", "Show recipes: every key, its value and what it means");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  ftok recipe list\n"
      "  ftok recipe kinds\n"
      "  ftok recipe show fineweb-2024-04 > mine.toml\n"
      "  ftok recipe show mine.toml --set language.languages='{de = 0.65}'\n"
      "  ftok recipe check mine.toml\n"
      "  ftok recipe diff fineweb-2024-04 mine.toml\n"
      "  ftok recipe fit --language de german.jsonl > german.toml\n"
      "  ftok recipe schema > ftok-recipe.schema.json");

  CLI::App* list = command->add_subcommand("list", "List the presets");
  list->callback([] {
    std::string out;
    for (const auto& [name, about] : recipe_presets()) out += fmt::format("{:<24}{}\n", name, about);
    print_out(laid_out(out, stdout, 24));
  });

  CLI::App* kinds = command->add_subcommand("kinds", "List the kinds of stage that `stages` may name");
  const auto as_json = std::make_shared<bool>(false);
  kinds->add_flag("--json", *as_json, "One JSON object per kind");
  kinds->callback([as_json] {
    for (const StageKind* kind : stage_kinds()) print_kind(*kind, *as_json);
  });

  add_recipe_tools(*command);
  add_recipe_fit(*command);
  CLI::App* show = command->add_subcommand("show", "Print a recipe with all keys");
  struct RecipeFlags {
    std::string recipe = "fineweb-2024-04";
    std::vector<std::string> sets;
    bool plain = false;
  };
  const auto flags = std::make_shared<RecipeFlags>();
  show->add_option("RECIPE", flags->recipe, "A preset or a TOML file")->capture_default_str();
  show->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  show->add_flag("--plain", flags->plain, "Without the comments: the canonical form a run is bound to");
  show->callback(
      [flags] { print("{}", recipe_text(load_recipe(flags->recipe, flags->sets, stderr_log()), !flags->plain)); });
}

}  // namespace ftok::cli
