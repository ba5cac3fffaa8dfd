// `ftok vocab`: training vocabularies and looking at them. One file a subcommand.
#include "tools/ftok/commands.h"
#include "tools/ftok/vocab_commands.h"

namespace ftok::cli {

void add_vocab_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("vocab", "Train and inspect vocabularies");
  command->require_subcommand(1);
  add_vocab_count_command(*command);
  add_vocab_merge_counts_command(*command);
  add_vocab_train_command(*command);
  add_vocab_list_command(*command);
  add_vocab_get_command(*command);
  add_vocab_show_command(*command);
  add_vocab_convert_command(*command);
  add_vocab_compare_command(*command);
}

}  // namespace ftok::cli
