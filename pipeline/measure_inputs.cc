#include "pipeline/measure_inputs.h"

#include <memory>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "core/run_on_threads.h"
#include "document/document_fields.h"
#include "pipeline/input_names.h"
#include "pipeline/read_input.h"
#include "shards/record_file.h"

namespace ftok {
namespace {

// Where measurements go.
class MeasureFile {
 public:
  virtual ~MeasureFile() = default;
  virtual void write(const Item& item) = 0;
  virtual void commit() = 0;
};

class MeasureLines : public MeasureFile {
 public:
  explicit MeasureLines(const std::string& path) : file_(path) {}
  void write(const Item& item) override { file_.write(measure_line(item) + '\n'); }
  void commit() override { file_.commit(); }

 private:
  AtomicFile file_;
};

// A table: a row for each measurement, and one for a document that has none.
class MeasureRows : public MeasureFile {
 public:
  MeasureRows(const std::string& path, const Plan& plan) : file_(make_parquet_file(path, columns(plan))) {}

  void write(const Item& item) override {
    if (item.report.measurements.empty()) write_row(item, nullptr);
    for (const Measurement& measurement : item.report.measurements) write_row(item, &measurement);
  }
  void commit() override { file_->commit(); }

 private:
  static std::vector<ParquetField> columns(const Plan& plan) {
    std::vector<ParquetField> columns;
    add_document_columns(kInMeasureHead, plan.texts.scores, columns);
    columns.push_back({"outcome", ParquetType::kText});
    add_document_columns(kInMeasureLabels, plan.texts.scores, columns);
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

std::unique_ptr<MeasureFile> make_measure_file(const std::string& path, const Plan& plan) {
  if (is_parquet_name(path)) return std::make_unique<MeasureRows>(path, plan);
  return std::make_unique<MeasureLines>(path);
}

}  // namespace

Tally measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& path, size_t threads,
                     const FetchOptions& fetch, const Log& log) {
  threads = threads_or_all(threads);
  remove_dead_temporaries_of(path);
  const std::unique_ptr<MeasureFile> file = make_measure_file(path, plan);
  Tally total;
  ReadInputOptions options;
  options.live_max = 4 * threads;
  options.fetch = fetch;
  run_on_threads(threads, [&] {
    const std::vector<std::string> names = input_names(inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      options.name = names[i];
      const InputReport report = visit_input(inputs[i], plan, true, options, log, [&](Item& item) {
        if (item.verdict.kind == Verdict::Kind::kSkip) return;
        file->write(item);
      });
      total.add(report.tally);
    }
  });
  file->commit();
  return total;
}

}  // namespace ftok
