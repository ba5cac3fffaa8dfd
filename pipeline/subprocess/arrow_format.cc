// Batches as record batches in Arrow's IPC streaming format.
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/parquet.h"
#include "core/utf8.h"
#include "pipeline/subprocess/worker_format.h"

namespace ftok {
namespace {

using ColumnType = ArrowField::Type;

// Of a request's columns; the fields' stand behind them.
enum RequestColumn : size_t { kNumber, kId, kUrl, kDate, kDump, kLanguage, kTitle, kContent, kMoreContent, kColumns };

ArrowRequestSchema request_schema(const NamedFields& fields, bool payloads) {
  ArrowRequestSchema schema;
  schema.columns = {{"n", ColumnType::kIndex}};
  for (const char* name : {"id", "url", "date", "dump", "language", "title"}) schema.columns.push_back({name});
  if (payloads) {
    schema.columns.push_back({"type"});
    schema.columns.push_back({"payload", ColumnType::kBytes});
  } else {
    schema.columns.push_back({"text"});
    schema.columns.push_back({"markdown"});
  }
  for (const std::string& name : fields.numbers) schema.fields.push_back({name, ColumnType::kNumber});
  for (const std::string& name : fields.texts) schema.fields.push_back({name, ColumnType::kText});
  for (const std::string& name : fields.lists) schema.fields.push_back({name, ColumnType::kTexts});
  return schema;
}

// Bytes that are not UTF-8 become U+FFFD, as in JSON.
std::string repaired(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char decoded = decode_utf8(text, at);
    append_utf8(out, decoded.code_point);
    at += decoded.size;
  }
  return out;
}

void put_text(ArrowRequests& batch, size_t column, std::string_view text) {
  is_valid_utf8(text) ? batch.text(column, text) : batch.text(column, repaired(text));
}

class AnswerBatch : public Answers {
 public:
  explicit AnswerBatch(std::unique_ptr<ArrowRows> rows) : rows_(std::move(rows)) {}

  void give(AnswerTaker& taker) const override {
    if (rows_->size() != taker.requests())
      throw Error(fmt::format("an answer of {} rows to {} documents", rows_->size(), taker.requests()));
    for (uint64_t i = 0; i < rows_->size(); ++i) taker.take(*rows_->row(i), i);
  }
  std::string stored() const override { return rows_->as_stream(); }

 private:
  const std::unique_ptr<ArrowRows> rows_;
};

class BatchStream : public WorkerOutput {
 public:
  explicit BatchStream(uint64_t bytes_max) : answers_(arrow_module()->answers(bytes_max)) {}

  size_t whole(std::string_view written) override { return answers_->whole(written); }
  bool precedes(std::string_view written) const override { return answers_->precedes(written); }
  std::unique_ptr<Answers> read(std::string answer) override {
    return std::make_unique<AnswerBatch>(answers_->take(std::move(answer)));
  }

 private:
  const std::unique_ptr<ArrowAnswers> answers_;
};

class ArrowBatches : public WorkerFormat {
 public:
  ArrowBatches(const NamedFields& fields, bool payloads, uint64_t answer_bytes_max)
      : schema_(request_schema(fields, payloads)), answer_bytes_max_(answer_bytes_max) {}

  std::string_view ending() const override { return "arrows"; }

  std::string write(std::span<const Request> requests) const override {
    const std::unique_ptr<ArrowRequests> batch = arrow_module()->requests(schema_);
    for (size_t n = 0; n < requests.size(); ++n) {
      const Document& document = *requests[n].document;
      const auto write = [&batch](size_t column, const std::string& value) {
        if (!value.empty()) put_text(*batch, column, value);
      };
      batch->index(kNumber, n);
      put_text(*batch, kId, document.id);
      write(kUrl, document.url);
      write(kDate, document.date);
      write(kDump, document.dump);
      write(kLanguage, document.language);
      write(kTitle, document.title);
      if (requests[n].type.empty()) {
        put_text(*batch, kContent, document.text);
        write(kMoreContent, document.markdown);
      } else {
        put_text(*batch, kContent, requests[n].type);
        batch->text(kMoreContent, requests[n].payload);
      }
      write_fields(document, *batch);
      batch->end_row();
    }
    return batch->finish();
  }

  std::string head() const override { return arrow_module()->requests(schema_)->schema(); }
  std::unique_ptr<WorkerOutput> open() const override { return std::make_unique<BatchStream>(answer_bytes_max_); }
  std::unique_ptr<Answers> stored(std::string bytes) const override {
    constexpr uint64_t kStoredBytesMax = uint64_t{1} << 48;  // these have been let in
    BatchStream stream(kStoredBytesMax);
    const size_t whole = stream.whole(bytes);
    if (whole == 0) throw Error("stored answers that are cut short");
    bytes.resize(whole);
    return stream.read(std::move(bytes));
  }

 private:
  // Those that the schema has; a name may be there twice, and the last one counts, as in JSON.
  void write_fields(const Document& document, ArrowRequests& batch) const {
    for (size_t i = 0; i < schema_.fields.size(); ++i) {
      const ArrowField& field = schema_.fields[i];
      if (field.type == ColumnType::kNumber) {
        const double* const score =
            last_of(document.scores, field.name, [](const NamedScore& each) { return &each.value; });
        if (score != nullptr && std::isfinite(*score)) batch.number(kColumns + i, *score);
        continue;
      }
      const bool is_list = field.type == ColumnType::kTexts;
      const NamedTexts* const label =
          last_of(document.labels, field.name, [](const NamedTexts& each) { return &each; });
      if (label == nullptr || label->is_list != is_list) continue;
      std::vector<std::string> texts = label->texts;
      for (std::string& text : texts) {
        if (!is_valid_utf8(text)) text = repaired(text);
      }
      if (is_list) {
        batch.texts(kColumns + i, texts);
      } else if (!texts.empty()) {
        batch.text(kColumns + i, texts.front());
      }
    }
  }

  template <typename Named, typename Part>
  static auto last_of(const std::vector<Named>& all, std::string_view name, Part part) -> decltype(part(all.front())) {
    for (size_t i = all.size(); i-- > 0;) {
      if (all[i].name == name) return part(all[i]);
    }
    return nullptr;
  }

  const ArrowRequestSchema schema_;
  const uint64_t answer_bytes_max_;
};

}  // namespace

std::unique_ptr<const WorkerFormat> arrow_format(std::string_view section, const NamedFields& fields, bool payloads,
                                                 uint64_t answer_bytes_max) {
  if (arrow_module() == nullptr) {
    throw UsageError(
        fmt::format("{}.format: \"arrow\" needs Arrow, and this ftok was built without it: build it with "
                    "FTOK_ARROW=ON (docs/formats.md, Parquet), or leave the format at \"jsonl\"",
                    section));
  }
  return std::make_unique<ArrowBatches>(fields, payloads, answer_bytes_max);
}

}  // namespace ftok
