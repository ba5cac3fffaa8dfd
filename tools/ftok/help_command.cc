// `ftok help [COMMAND]`: what `ftok COMMAND --help` prints; without one, all commands by what they are for.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/help.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {

namespace {

void show_all(const CLI::App& command, const std::string& path) {
  print_out(help_text(command, path) + "\n");
  for (const CLI::App* child : command.get_subcommands({})) show_all(*child, path + " " + child->get_name());
}

}  // namespace

void add_help_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("help", "Show all commands, or one of them");
  const auto all = std::make_shared<bool>(false);
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("COMMAND", *words, "A command: vocab train");
  command->add_flag("--all", *all, "Show all commands, one after the other");
  command->callback([&app, words, all] {
    if (*all) return show_all(app, app.get_name());
    const CLI::App* at = &app;
    std::string path = app.get_name();
    for (const std::string& word : *words) {
      std::vector<std::string> names;
      const CLI::App* next = nullptr;
      for (const CLI::App* child : at->get_subcommands({})) {
        names.push_back(child->get_name());
        if (child->get_name() == word) next = child;
      }
      if (next == nullptr) {
        const std::string nearest = nearest_name(word, names);
        throw UsageError(fmt::format("{} has no command '{}'{}", path, word,
                                     nearest.empty() ? fmt::format("; `{} --help` lists what there is", path)
                                                     : ", did you mean '" + nearest + "'?"));
      }
      at = next;
      path += " " + word;
    }
    print_out(help_text(*at, path));
  });
}

}  // namespace ftok::cli
