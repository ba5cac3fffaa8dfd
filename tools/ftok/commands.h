// The commands of `ftok`: each lives in NAME_command.cc, adds its subcommand with its flags to the parser, and sets a
// callback that does the work. Data goes to standard output, everything else to standard error (tools/ftok/terminal.h).
// A callback throws ftok::Error or UsageError; main() prints it and sets the exit code.
#pragma once

#include <CLI/CLI.hpp>

namespace ftok::cli {

void add_card_command(CLI::App& app);
void add_chat_command(CLI::App& app);
void add_completion_command(CLI::App& app);
void add_crawl_command(CLI::App& app);
void add_decontaminate_command(CLI::App& app);
void add_dedup_command(CLI::App& app);
void add_extract_command(CLI::App& app);
void add_job_commands(CLI::App& app);  // plan, task, status, resubmit, job
void add_submit_command(CLI::App& app);
void add_generate_command(CLI::App& app);
void add_help_command(CLI::App& app);
void add_filter_command(CLI::App& app);
void add_shards_command(CLI::App& app);
void add_decode_command(CLI::App& app);
void add_encode_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_mix_command(CLI::App& app);
void add_model_command(CLI::App& app);
void add_models_command(CLI::App& app);
void add_language_command(CLI::App& app);
void add_pii_command(CLI::App& app);
void add_probe_command(CLI::App& app);
void add_recipe_command(CLI::App& app);
void add_reward_command(CLI::App& app);
void add_rl_command(CLI::App& app);
void add_remove_ids_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_tokenize_command(CLI::App& app);
void add_train_command(CLI::App& app);
void add_optout_command(CLI::App& app);
void add_url_command(CLI::App& app);
void add_version_command(CLI::App& app);
void add_view_command(CLI::App& app);  // where cpp-httplib is
void add_vocab_command(CLI::App& app);
void add_warc_command(CLI::App& app);
void add_whatif_command(CLI::App& app);

}  // namespace ftok::cli
