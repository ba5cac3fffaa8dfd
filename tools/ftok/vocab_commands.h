// The subcommands of `ftok vocab`; each adds itself to `parent`.
#pragma once

#include <CLI/CLI.hpp>

namespace ftok::cli {

void add_vocab_count_command(CLI::App& parent);
void add_vocab_merge_counts_command(CLI::App& parent);
void add_vocab_train_command(CLI::App& parent);

}  // namespace ftok::cli
