#include <fmt/format.h>

#include <algorithm>

#include "core/amounts.h"
#include "core/live_area.h"
#include "pipeline/run.h"

namespace ftok {
namespace {

// Widths of the table: a name, what was dropped, its share of what reached the stage, what is left, its share of all.
constexpr int kName = 28, kCount = 12, kShare = 9, kColumnsMin = 60, kColumnsMax = 120;
constexpr int kTable = kName + kCount + kShare + kCount + kShare + 2;

std::string share_text(uint64_t count, uint64_t of) {
  return of == 0 ? "" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(count) / static_cast<double>(of));
}

// A bar of `count` of `of` within `width` columns, in eighths.
std::string bar_of(uint64_t count, uint64_t of, int width) {
  static const char* const kEighths[] = {"", "\u258F", "\u258E", "\u258D", "\u258C", "\u258B", "\u258A", "\u2589"};
  if (of == 0 || width <= 0) return "";
  const auto eighths = static_cast<int>(8.0 * width * static_cast<double>(count) / static_cast<double>(of) + 0.5);
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "\u2588";
  return bar + kEighths[eighths % 8];
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// Most frequent first.
std::vector<std::pair<std::string, uint64_t>> sorted(const std::map<std::string, uint64_t>& entries) {
  std::vector<std::pair<std::string, uint64_t>> out(entries.begin(), entries.end());
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

uint64_t sum(const std::map<std::string, uint64_t>& entries) {
  uint64_t total = 0;
  for (const auto& [name, count] : entries) total += count;
  return total;
}

// The table of a funnel, a row at a time.
class Table {
 public:
  Table(uint64_t all, int columns) : all_(all), bar_(columns - kTable - 1) {
    out_ = trimmed(fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}", "", kName, "dropped", kCount, "of these", kShare,
                               "left", kCount, "of all", kShare));
  }

  void left(const std::string& name, uint64_t count) { stage(name, 0, 0, count, false); }

  // What a stage dropped of the documents that reached it.
  void stage(const std::string& name, uint64_t dropped, uint64_t reached, uint64_t is_left, bool shows_drops = true) {
    out_ +=
        trimmed(fmt::format("{}{:>{}}{:>{}}{:>{}}{:>{}}  {}", named(name, kName), shows_drops ? grouped(dropped) : "",
                            kCount, shows_drops ? share_text(dropped, reached) : "", kShare, grouped(is_left), kCount,
                            share_text(is_left, all_), kShare, bar_of(is_left, all_, bar_)));
  }

  void reason(const std::string& name, uint64_t count, uint64_t reached) {
    out_ += trimmed(fmt::format("{}{:>{}}{:>{}}", named("  " + name, kName), grouped(count), kCount,
                                share_text(count, reached), kShare));
  }

  void line(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  // A long name takes the room of the column behind it, or a line of its own.
  static std::string named(const std::string& name, int width) {
    const std::string padded = fmt::format("{:<{}}", name, width);
    return static_cast<int>(padded.size()) == width ? padded
                                                    : padded + "\n" + std::string(static_cast<size_t>(width), ' ');
  }

  uint64_t all_;
  int bar_;
  std::string out_;
};

// "dropped by language: de 1,204, fr 933 and 12 more", so that no language goes unseen.
std::string languages(const std::map<std::string, uint64_t>& entries) {
  constexpr size_t kShown = 6;
  if (entries.empty()) return "";
  std::string out = "  dropped by language:";
  size_t shown = 0;
  for (const auto& [language, count] : sorted(entries)) {
    if (shown == kShown) break;
    out += fmt::format("{} {} {}", shown++ == 0 ? "" : ",", language, grouped(count));
  }
  return out + (entries.size() > shown ? fmt::format(" and {} more\n", entries.size() - shown) : "\n");
}

// A line for each label, the most frequent first.
std::string labels(const Tally& tally) {
  std::string out;
  for (const auto& [label, count] : sorted(tally.labelled)) {
    out += fmt::format("{:<{}}{:>{}}{:>{}}\n", "labelled: " + label, kName, grouped(count), kCount,
                       share_text(count, tally.documents), kShare);
  }
  return out;
}

// What was dropped, by the stage that did it, in the order of the stages. First what no stage of these dropped: the
// reader.
std::vector<std::pair<std::string, std::map<std::string, uint64_t>>> drops_by_stage(const RunResult& result) {
  std::vector<std::pair<std::string, std::map<std::string, uint64_t>>> stages = {{"read", {}}};
  for (const StageTime& stage : result.stages) {
    const bool drops = stage.name != "read" && stage.name != "encode" && stage.name != "write";
    if (drops) stages.push_back({stage.name, {}});
  }
  for (const auto& [reason, count] : result.tally.dropped) {
    size_t place = 0, longest = 0;
    for (size_t i = 0; i < stages.size(); ++i) {
      const std::string& name = stages[i].first;
      if (name.size() >= longest && reason.starts_with(name + ".")) place = i, longest = name.size();
    }
    stages[place].second[reason] += count;
  }
  return stages;
}

void add_funnel(Table& table, const RunResult& result) {
  const Tally& tally = result.tally;
  table.left("documents", tally.documents);
  uint64_t reached = tally.documents;
  for (const auto& [name, reasons] : drops_by_stage(result)) {
    const uint64_t dropped = sum(reasons);
    if (name == "read" && dropped == 0) continue;
    table.stage(name, dropped, reached, reached - dropped);
    for (const auto& [reason, count] : sorted(reasons))
      table.reason(reason.starts_with(name + ".") ? reason.substr(name.size() + 1) : reason, count, reached);
    if (name == "language") table.line(languages(tally.languages_dropped));
    reached -= dropped;
  }
  table.left("kept", tally.kept);
}

std::string costs(const RunResult& result) {
  std::string out = fmt::format(
      "{} in, {} wall, {:.1f} s CPU, peak memory {}\n", bytes_text(static_cast<double>(result.tally.bytes_in)),
      result.seconds < 10 ? fmt::format("{:.2f} s", result.seconds) : duration_text(result.seconds), result.cpu_seconds,
      bytes_text(static_cast<double>(result.peak_rss_bytes)));
  constexpr size_t kStagesMin = 4;  // `ftok tokenize` has none to speak of
  if (result.stages.size() < kStagesMin) return out;
  double all = 0;
  for (const StageTime& stage : result.stages) all += stage.cpu_seconds;
  std::vector<StageTime> stages = result.stages;
  std::stable_sort(stages.begin(), stages.end(),
                   [](const StageTime& a, const StageTime& b) { return a.cpu_seconds > b.cpu_seconds; });
  std::vector<std::string> pieces;
  for (const StageTime& stage : stages) {
    const double share = all > 0 ? 100 * stage.cpu_seconds / all : 0;
    if (share >= 1) pieces.push_back(fmt::format("{} {:.0f} %", stage.name, share));
  }
  return pieces.empty() ? out : out + "CPU by stage: " + joined_to_fit(pieces, kColumnsMin) + "\n";
}

}  // namespace

std::string funnel_text(const RunResult& result, int columns) {
  const Tally& tally = result.tally;
  Table table(tally.documents, std::clamp(columns, kColumnsMin, kColumnsMax));
  std::string out = fmt::format("{:<{}}{:>{}}\n", "records", kName, grouped(tally.records), kCount);
  for (const auto& [kind, count] : sorted(tally.skipped)) {
    out += fmt::format("{:<{}}{:>{}}{:>{}}\n", "  skipped: " + kind, kName, grouped(count), kCount,
                       share_text(count, tally.records), kShare);
  }
  out += '\n';
  add_funnel(table, result);
  out += table.take();
  const bool is_encoded =
      tally.tokens > 0 || tally.kept == 0;  // not where texts, or measurements, are all that is made
  if (is_encoded) out += fmt::format("{:<{}}{:>{}}\n", "tokens", kName, grouped(tally.tokens), kCount);
  out += labels(tally);
  if (!result.corpora.empty())
    out += fmt::format("\n{:<24}{:>16}{:>16}{:>16}\n", "corpus", "documents", "kept", "tokens");
  for (const auto& [name, corpus] : result.corpora) {
    out += fmt::format("  {:<22}{:>16}{:>16}{:>16}\n", name, grouped(corpus.documents), grouped(corpus.kept),
                       grouped(corpus.tokens));
  }
  if (tally.damage > 0)
    out += fmt::format("{:<{}}{:>{}}\n", "damaged between records", kName, grouped(tally.damage), kCount);
  if (!result.quarantined.empty())
    out += fmt::format("{:<{}}{:>{}}\n", "inputs given up", kName, grouped(result.quarantined.size()), kCount);
  return out + "\n" + costs(result);
}

std::string funnel_json(const RunResult& result) {
  JsonWriter json;
  json.begin_object();
  result.tally.write_fields(json);
  if (!result.corpora.empty()) json.key("corpora").begin_object();
  for (const auto& [name, corpus] : result.corpora) {
    json.key(name).begin_object();
    corpus.write_fields(json);
    json.end_object();
  }
  if (!result.corpora.empty()) json.end_object();
  json.field("seconds", result.seconds).field("cpu_seconds", result.cpu_seconds);
  json.field("peak_rss_bytes", result.peak_rss_bytes);
  json.key("shards").begin_array();
  for (const std::string& shard : result.shards) json.value(shard);
  json.end_array().key("quarantined").begin_array();
  for (const std::string& input : result.quarantined) json.value(input);
  json.end_array().key("cpu_seconds_by_stage").begin_object();
  for (const StageTime& stage : result.stages) json.field(stage.name, stage.cpu_seconds);
  json.end_object().end_object();
  return json.take();
}

}  // namespace ftok
