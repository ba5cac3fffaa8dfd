#include "pipeline/train_checkpoint.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"

namespace ftok {
namespace {

constexpr uint64_t kStateBytesMax = 1 << 20;

// Reads a number and the byte after it, which must be `after`.
template <typename Number>
bool take_number(std::string_view& text, char after, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != after) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return true;
}

bool is_run_name(std::string_view name) {  // run-NNNNNN.counts
  if (!name.starts_with("run-") || !name.ends_with(".counts") || name.size() < 17) return false;
  return name.substr(4, name.size() - 11).find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

TrainCheckpoint::TrainCheckpoint(const std::string& folder, const std::string& key) : folder_(folder), key_(key) {
  make_folder(folder);
  lock_ = std::make_unique<FolderLock>(folder);
  remove_temporaries(folder);
  if (std::filesystem::exists(path("state.json"))) {
    read_state();
  } else {
    refuse_what_others_hold();
    save_counting({});  // from now on what is here is ours
  }
}

void TrainCheckpoint::refuse_what_others_hold() const {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name != "merges.txt" && !is_run_name(name)) continue;
    throw UsageError(fmt::format("{} holds {}, which no count of this folder wrote; name another folder", folder_,
                                 escape_bytes(name)));
  }
}

void TrainCheckpoint::read_state() {
  const std::string content = read_file(path("state.json"), kStateBytesMax);
  const auto damaged = [&] {
    return Error(path("state.json") + ": not a checkpoint of ftok vocab; remove the folder to start over");
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(content).get(root) != simdjson::SUCCESS) throw damaged();
  std::string_view key;
  CountingState state;
  uint64_t input = 0;
  simdjson::dom::array runs;
  if (root["key"].get(key) != simdjson::SUCCESS || root["input"].get(input) != simdjson::SUCCESS ||
      root["offset"].get(state.position.offset) != simdjson::SUCCESS ||
      root["warcs"].get(state.warcs) != simdjson::SUCCESS ||
      root["line"].get(state.position.line) != simdjson::SUCCESS || root["runs"].get(runs) != simdjson::SUCCESS ||
      root["pretokens"].get(state.pretokens) != simdjson::SUCCESS ||
      root["is_complete"].get(state.is_complete) != simdjson::SUCCESS) {
    throw damaged();
  }
  if (key != key_) {
    throw UsageError(
        fmt::format("--checkpoint {}: is of other inputs (or they have changed since), weights or another pattern; "
                    "give another folder",
                    folder_));
  }
  state.position.input = input;
  for (const auto run : runs) {
    std::string_view name;
    if (run.get(name) != simdjson::SUCCESS) throw damaged();
    state.runs.emplace_back(name);
  }
  counting_ = state;
}

void TrainCheckpoint::save_counting(const CountingState& state) {
  JsonWriter json(true);
  json.begin_object()
      .field("key", key_)
      .field("input", uint64_t{state.position.input})
      .field("offset", state.position.offset)
      .field("line", state.position.line)
      .field("warcs", state.warcs)
      .field("pretokens", state.pretokens)
      .field("is_complete", state.is_complete)
      .key("runs")
      .begin_array();
  for (const std::string& run : state.runs) json.value(run);
  json.end_array().end_object();
  write_file(path("state.json"), json.take() + "\n");
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (is_run_name(name) && std::find(state.runs.begin(), state.runs.end(), name) == state.runs.end())
      remove_file(entry.path().string());
  }
}

void TrainCheckpoint::save_merges(const std::string& key, const BpeMerges& merges) const {
  std::string text = key + "\n";
  for (size_t i = 0; i < merges.pairs.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", merges.pairs[i].first, merges.pairs[i].second,
                   merges.counts[i]);
  }
  write_file(path("merges.txt"), text);
}

std::optional<BpeMerges> TrainCheckpoint::load_merges(const std::string& key, const BpeMerges& start,
                                                      const Vocabulary* base) const {
  if (!std::filesystem::exists(path("merges.txt"))) return std::nullopt;
  const std::string content = read_file(path("merges.txt"), uint64_t{1} << 30);
  std::string_view text = content;
  const size_t line = text.find('\n');
  if (line == std::string_view::npos || text.substr(0, line) != key) return std::nullopt;
  text.remove_prefix(line + 1);
  BpeMerges merges = start;
  while (!text.empty()) {
    uint32_t left = 0, right = 0;
    uint64_t count = 0;
    if (!take_number(text, ' ', left) || !take_number(text, ' ', right) || !take_number(text, '\n', count) ||
        !add_merge(merges, left, right, count, base)) {
      throw Error(path("merges.txt") + ": damaged; remove the file to repeat the merges");
    }
  }
  return merges;
}

}  // namespace ftok
