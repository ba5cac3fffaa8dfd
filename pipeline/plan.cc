#include "pipeline/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "crawl/http_stage.h"
#include "document/document_fields.h"
#include "pipeline/run_batch.h"

namespace ftok {
namespace {

constexpr uint64_t kSmall = uint64_t{4} << 20;  // working bytes below this count as none

}  // namespace

uint64_t working_bytes(const Document& document) {
  constexpr uint64_t kOfPayload = 6, kOfPage = 24, kOfText = 24;  // bytes for each of theirs
  const uint64_t bytes = kOfPayload * document.payload.size() + kOfPage * document.html.size() +
                         kOfText * std::max(document.text.size(), document.markdown.size());
  return bytes < kSmall ? 0 : bytes;
}

uint64_t working_bytes(const Document& document, const Stage& stage) {
  const auto* const http = dynamic_cast<const HttpStage*>(&stage);
  const uint64_t bytes = http == nullptr ? 0 : http->decoding_bytes(document);
  return std::max(working_bytes(document), bytes < kSmall ? 0 : bytes);
}

void run_stages(const std::vector<std::unique_ptr<const Stage>>& stages, Item& item, bool measure,
                std::atomic<uint64_t>* stage_ns, MemoryBudget* budget) {
  if (!item.verdict.kept()) return;
  run_some_stages(stages, item, measure, stage_ns, budget);
}

void drop_if_homeless(const Routing& routing, Item& item) {
  if (item.verdict.kept() && !routing.corpora().empty()) routing.corpus_of(item.document, item.verdict);
}

void drop_if_empty(Item& item) {
  if (!item.verdict.kept() || !item.document.payload.empty() || !has_nothing_to_judge(item.document)) return;
  item.verdict = Verdict::drop("text.empty");
}

std::vector<std::string> Plan::digest_lines() const {
  std::vector<std::string> lines;
  if (encoding) lines.push_back(fmt::format("vocabulary = \"{} {}\"", vocabulary_name, vocabulary_digest));
  for (const auto& [name, digest] : digests) lines.push_back(fmt::format("\"{}\" = \"{}\"", name, digest));
  return lines;
}

const EarlierDocuments& Plan::earlier_of(const std::string& corpus) const {
  for (const RoutedCorpus& each : corpora) {
    if (each.name == corpus) return each.earlier;
  }
  return earlier;
}

std::string reject_line(const Document& document, const Verdict& verdict, Rejects rejects,
                        const std::string& duplicate_of, const DocumentCluster* cluster) {
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, document, kInRejectLine);
  json.field("reason", verdict.reason);
  json.field("value", verdict.value).field("threshold", verdict.threshold);
  if (!verdict.detail.empty()) json.field("detail", verdict.detail);
  if (!duplicate_of.empty()) json.field("duplicate_of", duplicate_of);
  if (cluster != nullptr) write_cluster(json, *cluster);
  if (rejects == Rejects::kText) json.field("text", document.text);
  json.end_object();
  return json.take();
}

void note_unmeasured(Report& report, const Verdict& verdict) {
  if (verdict.kind != Verdict::Kind::kDrop) return;
  for (const Measurement& measured : report.measurements) {
    if (measured.drops && measured.rule == verdict.reason) return;
  }
  report.measurements.push_back({verdict.reason, "", verdict.value, verdict.threshold, true, verdict.detail});
}

std::string measure_line(const Item& item, uint64_t input, std::span<const uint64_t> dedup_keys) {
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, item.document, kInMeasureHead);
  json.field("outcome", item.verdict.kept() ? Reason("keep") : item.verdict.reason);
  write_document_fields(json, item.document, kInMeasureLabels);
  json.key("measures").begin_array();
  for (const Measurement& m : item.report.measurements) {
    json.begin_object().field("rule", m.rule).field("value", m.value).field("relation", m.relation);
    json.field("threshold", m.threshold).field("drops", m.drops);
    if (!m.detail.empty()) json.field("detail", m.detail);
    json.end_object();
  }
  json.end_array();
  if (!dedup_keys.empty()) {
    std::string keys;
    for (const uint64_t key : dedup_keys) keys += fmt::format("{:016x}", key);
    json.field("input", input).field("dedup_keys", keys);
  }
  json.end_object();
  return json.take();
}

}  // namespace ftok
