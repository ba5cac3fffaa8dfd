// `ftok card`: the data card of a finished output folder.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/card.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct CardFlags {
  std::string folder;
  CardOptions card;
  bool print_only = false;
};

void write_card(const CardFlags& flags) {
  const std::string& license = flags.card.license;
  if (license.empty() || license.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos)
    throw UsageError(
        fmt::format("--license: got '{}', expected a hub's name of one, such as odc-by or cc-by-4.0", license));
  const std::string card = data_card(flags.folder, flags.card);
  if (flags.print_only) return print_out(card);
  const std::string path = flags.folder + "/" + kCardName;
  if (std::filesystem::exists(path) && read_file(path).find(kCardMark) == std::string::npos)
    throw UsageError(fmt::format("{} is not of `ftok card`, and stays as it is: print the card with --print", path));
  write_output(path, card);
  print_text(path + "\n");
}

}  // namespace

void add_card_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("card", "Write the data card of a corpus: README.md with a hub's head");
  const auto flags = std::make_shared<CardFlags>();
  command->add_option("DIR", flags->folder, "A finished output folder")->required();
  command->add_option("--name", flags->card.name, "Name of the data set; default: the folder's")->type_name("NAME");
  command->add_option("--license", flags->card.license, "Licence, as the hub names it: odc-by, cc-by-4.0, ...")
      ->capture_default_str()
      ->type_name("ID");
  command->add_flag("--print", flags->print_only, "Print it and write nothing");
  command->footer(
      "The card has the funnel, sources, shards, inputs, models and the recipe from the manifest, languages and\n"
      "licences counted from the kept texts. The folder can then be uploaded as it is; `ftok shards verify` passes "
      "over the card.\n"
      "Example:\n"
      "  ftok card out --license odc-by");
  command->callback([flags] { write_card(*flags); });
}

}  // namespace ftok::cli
