#include <fmt/format.h>

#include <algorithm>

#include "pipeline/progress.h"
#include "pipeline/run.h"

namespace ftok {
namespace {

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

void row(std::string& out, int indent, const std::string& name, uint64_t count, uint64_t of) {
  out += fmt::format("{:<48}{:>16}", std::string(static_cast<size_t>(indent) * 2, ' ') + name, grouped(count));
  if (of > 0) out += fmt::format("{:>9.2f} %", 100.0 * static_cast<double>(count) / static_cast<double>(of));
  out += '\n';
}

// Most frequent first.
std::vector<std::pair<std::string, uint64_t>> sorted(const std::map<std::string, uint64_t>& entries) {
  std::vector<std::pair<std::string, uint64_t>> out(entries.begin(), entries.end());
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

void counts(std::string& out, const std::map<std::string, uint64_t>& entries, uint64_t of) {
  for (const auto& [name, count] : sorted(entries)) row(out, 2, name, count, of);
}

// "    dropped by language: de 1,204, fr 933 and 12 more", so that no language goes unseen.
void languages(std::string& out, const std::map<std::string, uint64_t>& entries) {
  constexpr size_t kShown = 6;
  if (entries.empty()) return;
  out += "    dropped by language:";
  size_t shown = 0;
  for (const auto& [language, count] : sorted(entries)) {
    if (shown == kShown) break;
    out += fmt::format("{} {} {}", shown++ == 0 ? "" : ",", language, grouped(count));
  }
  out += entries.size() > shown ? fmt::format(" and {} more\n", entries.size() - shown) : "\n";
}

uint64_t sum(const std::map<std::string, uint64_t>& entries) {
  uint64_t total = 0;
  for (const auto& [name, count] : entries) total += count;
  return total;
}

}  // namespace

std::string funnel_text(const RunResult& result) {
  const Tally& tally = result.tally;
  std::string out;
  row(out, 0, "records", tally.records, 0);
  row(out, 1, "skipped", sum(tally.skipped), tally.records);
  counts(out, tally.skipped, tally.records);
  row(out, 0, "documents", tally.documents, 0);
  row(out, 1, "dropped", sum(tally.dropped), tally.documents);
  counts(out, tally.dropped, tally.documents);
  languages(out, tally.languages_dropped);
  row(out, 1, "kept", tally.kept, tally.documents);
  row(out, 0, "tokens", tally.tokens, 0);
  if (!result.corpora.empty())
    out += fmt::format("{:<24}{:>16}{:>16}{:>16}\n", "corpus", "documents", "kept", "tokens");
  for (const auto& [name, corpus] : result.corpora) {
    out += fmt::format("  {:<22}{:>16}{:>16}{:>16}\n", name, grouped(corpus.documents), grouped(corpus.kept),
                       grouped(corpus.tokens));
  }
  if (tally.damage > 0) row(out, 0, "damaged places between records", tally.damage, 0);
  if (!result.quarantined.empty()) row(out, 0, "inputs given up", result.quarantined.size(), 0);
  out +=
      fmt::format("\n{} in, {} wall, {:.1f} s CPU, peak memory {}\n", bytes_text(static_cast<double>(tally.bytes_in)),
                  result.seconds < 10 ? fmt::format("{:.2f} s", result.seconds) : duration_text(result.seconds),
                  result.cpu_seconds, bytes_text(static_cast<double>(result.peak_rss_bytes)));
  return out;
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
