#include "pipeline/tokenize.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/error.h"
#include "core/run_on_threads.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/no_texts.h"
#include "pipeline/progress.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/shard_settings.h"
#include "pipeline/small_corpus.h"
#include "pipeline/tokenize/ordered_sink.h"
#include "pipeline/tokenize/shuffle.h"

namespace ftok {
namespace {

// A block in flight: a megabyte of lines, as much text again, its tokens, with room.
constexpr uint64_t kBlockMemory = uint64_t{12} << 20;

void note_sizes(const std::vector<std::string>& inputs, Progress& progress) {
  uint64_t total = 0;
  for (const std::string& input : inputs) {
    std::error_code code;
    const uint64_t size = is_address(input) || input == "-" ? 0 : std::filesystem::file_size(input, code);
    if (size == 0 || code) return;  // the time left is not known then
    total += size;
  }
  progress.bytes_total = total;
}

void tokenize_in_order(const TokenizeOptions& options, size_t live_max, TokenizeOutput& output, Progress& progress,
                       StreamTimes& times, const Log& log) {
  StreamPosition position;
  if (!output.position().empty()) position = parse_position(output.position(), output.folder().journal());
  position.input = output.inputs_done();
  if (position.input >= options.inputs.size() && position.records > 0) {
    throw UsageError(fmt::format(
        "{} holds {} as input {}, but the list of inputs ends before it; inputs can be appended, not removed",
        options.output, position.report.input, position.input + 1));
  }
  if (position.records > 0 && position.report.input != shown_input(options.inputs[position.input])) {
    throw UsageError(fmt::format("input {} of {} was {}, not {}; inputs can be appended, not reordered",
                                 position.input + 1, options.output, position.report.input,
                                 shown_input(options.inputs[position.input])));
  }
  progress.inputs_committed = position.input;
  if (position.input > 0) {
    log(LogLevel::kInfo,
        fmt::format("{}: {} of {} inputs are done, continuing", options.output, position.input, options.inputs.size()));
  }
  OrderedSink sink(output, options.inputs, options.recipe.shards.validation_per_mille);
  try {
    stream_documents(options, live_max, position, sink, progress, times, log);
  } catch (const Stopped&) {
    sink.checkpoint(position);
    throw;
  }
}

// A template's special tokens must be the vocabulary's: found out before the first document.
void check_chat(const TokenizeOptions& options) {
  if (!options.recipe.chat) return;
  if (options.recipe.chat->jinja) {
    throw UsageError(
        "--chat: a template in Jinja says how a model is asked, not what training counts; expected chatml, llama3 or a "
        "JSON file with \"message\"");
  }
  std::vector<ChatMessage> messages = {{"user", ""}};
  for (const auto& [role, form] : options.recipe.chat->roles) messages.push_back({role, ""});
  try {
    encode_chat(*options.encoding, *options.recipe.chat, messages);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

RunResult tokenize(const TokenizeOptions& options, const Log& log) {
  const auto start = std::chrono::steady_clock::now();
  check_chat(options);
  TokenizeOutput output(options);
  if (const std::string note = note_of_surrounding_tokens(*options.encoding); !note.empty() && !options.recipe.chat)
    log(LogLevel::kWarning, note);
  Progress progress;
  progress.inputs_total = options.inputs.size();
  note_sizes(options.inputs, progress);
  warn_of_repeated_inputs(options.inputs, log);
  StreamTimes times;
  {
    ProgressDisplay display(progress, log, options.quiet, options.progress_json);
    const Log shown = [&display](LogLevel level, const std::string& message) { display.log(level, message); };
    const size_t threads = threads_or_all(options.threads);
    const size_t live_max = std::clamp<size_t>(options.memory / 2 / kBlockMemory, 2, 4 * threads + 2);
    run_on_threads(threads, [&] {
      if (options.recipe.shuffle) {
        tokenize_shuffled(options, threads, live_max, output, progress, times, shown);
      } else {
        tokenize_in_order(options, live_max, output, progress, times, shown);
      }
    });
    if (has_no_texts(output.tally())) output.abandon();
    refuse_without_texts(output.tally(), kTextFlags);
    output.finish();
    warn_of_small_corpus(options.output, output.tally(), output.only_document_trains(), output.shard_format(),
                         output.shard_entries(), shown);
  }
  RunResult result;
  result.tally = output.tally();
  result.shards = output.shard_names();
  result.stages = {{"read", 1e-9 * static_cast<double>(times.read_ns.load())},
                   {"encode", 1e-9 * static_cast<double>(times.encode_ns.load())},
                   {"write", 1e-9 * static_cast<double>(times.write_ns.load())}};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  note_process_cost(result);
  return result;
}

}  // namespace ftok
