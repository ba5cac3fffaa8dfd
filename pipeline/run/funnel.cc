#include <fmt/format.h>

#include <algorithm>

#include "core/amounts.h"
#include "core/live_area.h"
#include "pipeline/run.h"

namespace ftok {
namespace {

constexpr int kColumnsMin = 60, kColumnsMax = 120;
constexpr size_t kStagesMin = 4;  // `ftok tokenize` has none to speak of

// Widths of the table: a name, what was dropped, its share of what reached the stage, what is left, its share of all,
// the time of the stage, a bar.
struct Widths {
  int name = 28, count = 12, share = 9, time = 0, bar = 0;
  bool is_narrow = false;

  Widths(int columns, bool has_times) {
    constexpr int kNarrow = 80, kWide = 100;
    if (has_times && columns >= kWide) time = 9;
    if (has_times && columns < kWide && columns >= kNarrow)
      name = 27, count = 11, share = 8, time = 8, is_narrow = true;
    bar = columns - 1 - (name + 2 * count + 2 * share + time + 2);
  }
};

std::string seconds_text(double seconds) {
  if (seconds >= 1000) return duration_text(seconds);
  return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : seconds < 100 ? 1 : 0);
}

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
  Table(uint64_t all, const Widths& widths, const std::vector<StageTime>& times)
      : all_(all), widths_(widths), times_(times) {
    row("", "dropped", widths.is_narrow ? "of them" : "of these", "left", "of all", "CPU", "");
  }

  // `timed`: the stage whose time stands here.
  void left(const std::string& name, uint64_t count, const char* timed = "") {
    row(name, "", "", grouped(count), share_text(count, all_), time_of(timed), bar_of(count, all_, widths_.bar));
  }

  // What a stage dropped of the documents that reached it.
  void stage(const std::string& name, uint64_t dropped, uint64_t reached, uint64_t is_left) {
    row(name, grouped(dropped), share_text(dropped, reached), grouped(is_left), share_text(is_left, all_),
        time_of(name), bar_of(is_left, all_, widths_.bar));
  }

  void reason(const std::string& name, uint64_t count, uint64_t reached) {
    row("  " + name, grouped(count), share_text(count, reached), "", "", "", "");
  }

  void tokens(uint64_t count) { row("tokens", grouped(count), "", "", "", time_of("encode"), ""); }

  void line(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  void row(const std::string& name, const std::string& dropped, const std::string& of_reached,
           const std::string& is_left, const std::string& of_all, const std::string& time, const std::string& bar) {
    const Widths& w = widths_;
    out_ +=
        trimmed(fmt::format("{}{:>{}}{:>{}}{:>{}}{:>{}}{:>{}}  {}", named(name, w.name), dropped, w.count, of_reached,
                            w.share, is_left, w.count, of_all, w.share, w.time == 0 ? "" : time, w.time, bar));
  }

  std::string time_of(std::string_view stage) const {
    const auto found =
        std::find_if(times_.begin(), times_.end(), [&](const StageTime& each) { return each.name == stage; });
    return found == times_.end() ? "" : seconds_text(found->cpu_seconds);
  }

  // A long name takes the room of the column behind it, or a line of its own.
  static std::string named(const std::string& name, int width) {
    const std::string padded = fmt::format("{:<{}}", name, width);
    return static_cast<int>(padded.size()) == width ? padded
                                                    : padded + "\n" + std::string(static_cast<size_t>(width), ' ');
  }

  uint64_t all_;
  Widths widths_;
  const std::vector<StageTime>& times_;
  std::string out_;
};

// "  dropped by language: de 1,204, fr 933 and 12 more", so that no language goes unseen.
std::string languages(const char* what, const std::map<std::string, uint64_t>& entries) {
  constexpr size_t kShown = 6;
  std::string out = fmt::format("  {} by language:", what);
  size_t shown = 0;
  for (const auto& [language, count] : sorted(entries)) {
    if (shown == kShown) break;
    out += fmt::format("{} {} {}", shown++ == 0 ? "" : ",", language, grouped(count));
  }
  return out + (entries.size() > shown ? fmt::format(" and {} more\n", entries.size() - shown) : "\n");
}

// A line for each label, the most frequent first.
std::string labels(const Tally& tally, const Widths& w) {
  std::string out;
  for (const auto& [label, count] : sorted(tally.labelled)) {
    out += fmt::format("{:<{}}{:>{}}{:>{}}\n", "labelled: " + label, w.name, grouped(count), w.count,
                       share_text(count, tally.documents), w.share);
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
  table.left("documents", tally.documents, "read");
  uint64_t reached = tally.documents;
  for (const auto& [name, reasons] : drops_by_stage(result)) {
    const uint64_t dropped = sum(reasons);
    if (name == "read" && dropped == 0) continue;
    table.stage(name, dropped, reached, reached - dropped);
    for (const auto& [reason, count] : sorted(reasons))
      table.reason(reason.starts_with(name + ".") ? reason.substr(name.size() + 1) : reason, count, reached);
    if (name == "language" && !tally.languages_dropped.empty())
      table.line(languages("dropped", tally.languages_dropped));
    reached -= dropped;
  }
  table.left("kept", tally.kept);
  if (tally.languages_kept.size() > 1) table.line(languages("kept", tally.languages_kept));
}

// `shows_stages`: the table has no room for their times.
std::string costs(const RunResult& result, bool shows_stages) {
  std::string out = fmt::format(
      "{} in, {} wall, {:.1f} s CPU, peak memory {}\n", bytes_text(static_cast<double>(result.tally.bytes_in)),
      result.seconds < 10 ? fmt::format("{:.2f} s", result.seconds) : duration_text(result.seconds), result.cpu_seconds,
      bytes_text(static_cast<double>(result.peak_rss_bytes)));
  if (result.stages.size() < kStagesMin || !shows_stages) return out;
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
  const Widths w(std::clamp(columns, kColumnsMin, kColumnsMax), result.stages.size() >= kStagesMin);
  Table table(tally.documents, w, result.stages);
  std::string out = fmt::format("{:<{}}{:>{}}\n", "records", w.name, grouped(tally.records), w.count);
  for (const auto& [kind, count] : sorted(tally.skipped)) {
    out += fmt::format("{:<{}}{:>{}}{:>{}}\n", "  skipped: " + kind, w.name, grouped(count), w.count,
                       share_text(count, tally.records), w.share);
  }
  out += '\n';
  add_funnel(table, result);
  const bool is_encoded =
      tally.tokens > 0 || tally.kept == 0;  // not where texts, or measurements, are all that is made
  if (is_encoded) table.tokens(tally.tokens);
  out += table.take() + labels(tally, w);
  if (!result.corpora.empty())
    out += fmt::format("\n{:<24}{:>16}{:>16}{:>16}\n", "corpus", "documents", "kept", "tokens");
  for (const auto& [name, corpus] : result.corpora) {
    out += fmt::format("  {:<22}{:>16}{:>16}{:>16}\n", name, grouped(corpus.documents), grouped(corpus.kept),
                       grouped(corpus.tokens));
  }
  if (tally.damage > 0)
    out += fmt::format("{:<{}}{:>{}}\n", "damaged between records", w.name, grouped(tally.damage), w.count);
  if (!result.quarantined.empty())
    out += fmt::format("{:<{}}{:>{}}\n", "inputs given up", w.name, grouped(result.quarantined.size()), w.count);
  return out + "\n" + costs(result, w.time == 0);
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
