// `ftok recipe`: show a recipe as ftok understands it, with what every key means; list the presets.
#include <fmt/format.h>

#include <memory>

#include "pipeline/recipe_config.h"
#include "tools/ftok/commands.h"

namespace ftok::cli {

void add_recipe_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("recipe", "Show recipes: every key, its value and what it means");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  ftok recipe list\n"
      "  ftok recipe show fineweb-2024-04 > mine.toml\n"
      "  ftok recipe show mine.toml --set language.languages='{de = 0.65}'");

  CLI::App* list = command->add_subcommand("list", "List the presets");
  list->callback([] {
    for (const auto& [name, about] : recipe_presets()) fmt::print("{:<18}{}\n", name, about);
  });

  CLI::App* show = command->add_subcommand("show", "Print a recipe with all keys");
  struct Flags {
    std::string recipe = "fineweb-2024-04";
    std::vector<std::string> sets;
    bool plain = false;
  };
  const auto flags = std::make_shared<Flags>();
  show->add_option("RECIPE", flags->recipe, "A preset or a TOML file")->capture_default_str();
  show->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  show->add_flag("--plain", flags->plain, "Without the comments: the canonical form a run is bound to");
  show->callback([flags] { fmt::print("{}", recipe_text(load_recipe(flags->recipe, flags->sets), !flags->plain)); });
}

}  // namespace ftok::cli
