#include "pipeline/measure_inputs.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/run_on_threads.h"
#include "dedup/deduplicator.h"
#include "document/document_fields.h"
#include "pipeline/input_names.h"
#include "pipeline/no_texts.h"
#include "pipeline/read_input.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/run_batch.h"
#include "pipeline/whatif.h"
#include "shards/record_file.h"
#include "text/unicode.h"

namespace ftok {
namespace {

// Where measurements go. Serial.
class MeasureFile {
 public:
  virtual ~MeasureFile() = default;
  // A document of input number `input`, with its deduplication keys.
  virtual void write(const Item& item, size_t input, const std::vector<uint64_t>& keys) = 0;
  virtual void commit() = 0;
};

// A line for each document: what `ftok whatif` reads.
class MeasureLines : public MeasureFile {
 public:
  explicit MeasureLines(const std::string& path) : file_(path) {}
  void write(const Item& item, size_t input, const std::vector<uint64_t>& keys) override {
    file_.write(measure_line(item, input, keys));
    file_.write("\n");
  }
  void commit() override { file_.commit(); }

 private:
  AtomicFile file_;
};

// The same in zstd.
class CompressedMeasureLines : public MeasureFile {
 public:
  explicit CompressedMeasureLines(const std::string& path) : file_(make_lines_file(path)) { file_->begin_part(); }
  void write(const Item& item, size_t input, const std::vector<uint64_t>& keys) override {
    file_->write(measure_line(item, input, keys));
  }
  void commit() override {
    file_->end_part();
    file_->commit();
  }

 private:
  std::unique_ptr<RecordFile> file_;
};

// A table: a row for each measurement, and one for a document that has none.
class MeasureRows : public MeasureFile {
 public:
  MeasureRows(const std::string& path, const Plan& plan) : file_(make_parquet_file(path, columns(plan))) {}

  void write(const Item& item, size_t /*input*/, const std::vector<uint64_t>& /*keys*/) override {
    if (item.report.measurements.empty()) write_row(item, nullptr);
    for (const Measurement& measurement : item.report.measurements) write_row(item, &measurement);
  }
  void commit() override { file_->commit(); }

 private:
  static std::vector<ParquetField> columns(const Plan& plan) {
    std::vector<ParquetField> columns;
    add_document_columns(kInMeasureHead, plan.texts.fields, columns);
    columns.push_back({"outcome", ParquetType::kText});
    add_document_columns(kInMeasureLabels, plan.texts.fields, columns);
    columns.push_back({"rule", ParquetType::kText});
    columns.push_back({"value", ParquetType::kReal});
    columns.push_back({"relation", ParquetType::kText});
    columns.push_back({"threshold", ParquetType::kReal});
    columns.push_back({"drops", ParquetType::kTruth});
    columns.push_back({"detail", ParquetType::kText});
    return columns;
  }

  void write_row(const Item& item, const Measurement* measurement) {
    JsonWriter json;
    json.begin_object();
    write_document_fields(json, item.document, kInMeasureHead);
    json.field("outcome", item.verdict.kept() ? Reason("keep") : item.verdict.reason);
    write_document_fields(json, item.document, kInMeasureLabels);
    if (measurement != nullptr) {
      json.field("rule", measurement->rule).field("value", measurement->value);
      json.field("relation", measurement->relation).field("threshold", measurement->threshold);
      json.field("drops", measurement->drops);
      if (!measurement->detail.empty()) json.field("detail", measurement->detail);
    }
    file_->write(json.end_object().text());
  }

  std::unique_ptr<RecordFile> file_;
};

std::unique_ptr<MeasureFile> make_measure_file(const std::string& path, const Plan& plan, const std::string& recipe) {
  if (is_parquet_name(path)) return std::make_unique<MeasureRows>(path, plan);
  std::error_code error;  // a device or a pipe has no recipe beside it
  if (const auto status = std::filesystem::status(path, error);
      !std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) {
    remove_dead_temporaries_of(recipe_path_of_measures(path));
    write_file(recipe_path_of_measures(path), recipe);
  }
  if (path.ends_with(".zst")) return std::make_unique<CompressedMeasureLines>(path);
  return std::make_unique<MeasureLines>(path);
}

// Of a document that came as far as to have a text.
std::vector<uint64_t> keys_of(const Document& document, const Plan& plan, const Deduplicator& deduplicator) {
  const bool lacks_buckets = document.dedup_keys.empty() && plan.key_layout.buckets > 0;
  if (lacks_buckets || is_empty_text(document.text)) return {};
  return deduplicator.keys(document);
}

}  // namespace

void refuse_measures_name(const std::string& path) {
  refuse_address(path);
  if (path == "-") throw UsageError("--measure: got -, expected a file; /dev/stdout is standard output");
  for (const std::string_view ending : {".gz", ".bz2", ".xz", ".lz4"}) {
    if (path.ends_with(ending))
      throw UsageError(fmt::format("--measure {}: measures are written as they are, or in zstd (.zst)", path));
  }
}

RunResult measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& recipe,
                         const std::string& path, size_t threads, const FetchOptions& fetch, const Log& log) {
  const auto start = std::chrono::steady_clock::now();
  threads = threads_or_all(threads);
  remove_dead_temporaries_of(path);
  const std::unique_ptr<MeasureFile> file = make_measure_file(path, plan, recipe);
  const Deduplicator deduplicator(plan.dedup, plan.key_layout);
  RunResult result;
  std::vector<std::atomic<uint64_t>> stage_ns(plan.stages.size());
  std::atomic<uint64_t> source_ns{0};
  ReadInputOptions options;
  options.live_max = 4 * threads;
  options.stage_ns = stage_ns.data();
  options.source_ns = &source_ns;
  options.fetch = fetch;
  run_on_threads(threads, [&] {
    const std::vector<std::string> names = input_names(inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      options.name = names[i];
      const InputReport report = visit_input(inputs[i], plan, true, options, log, [&](Item& item) {
        if (item.verdict.kind == Verdict::Kind::kSkip) return;
        file->write(item, i, keys_of(item.document, plan, deduplicator));
      });
      result.tally.add(report.tally);
    }
  });
  finish_stages(plan.stages, log);
  refuse_without_texts(result.tally, kTextKeys);
  file->commit();
  const auto seconds = [](uint64_t ns) { return 1e-9 * static_cast<double>(ns); };
  result.stages.push_back({"read", seconds(source_ns)});
  for (size_t i = 0; i < plan.stages.size(); ++i)
    result.stages.push_back({std::string(plan.stages[i]->name()), seconds(stage_ns[i])});
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  note_process_cost(result);
  return result;
}

}  // namespace ftok
