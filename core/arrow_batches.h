// Requests to workers and their answers as record batches in Arrow's IPC streaming format, which the module of
// core/parquet.h reads and writes. A worker's input is one stream; its output is one, or several behind each other,
// with a record batch for each of the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer_object.h"

namespace ftok {

struct ArrowField {
  enum class Type { kText, kBytes, kIndex, kNumber, kTexts };  // kTexts: a list

  std::string name;
  Type type = Type::kText;
};

struct ArrowRequestSchema {
  std::vector<ArrowField> columns;
  std::vector<ArrowField> fields;  // of the column "fields", a struct; there is none where this is empty
};

// Makes one record batch. What a row does not get is null. The same calls give the same bytes. Serial; all functions
// throw std::runtime_error.
class ArrowRequests {
 public:
  virtual ~ArrowRequests() = default;
  // Columns are numbered as in the schema, the fields behind them. Each gets at most one value a row.
  virtual void text(size_t column, std::string_view value) = 0;  // kText, which is UTF-8, and kBytes
  virtual void index(size_t column, uint64_t value) = 0;
  virtual void number(size_t column, double value) = 0;
  virtual void texts(size_t column, const std::vector<std::string>& values) = 0;
  virtual void end_row() = 0;
  virtual std::string finish() = 0;        // the batch's message
  virtual std::string schema() const = 0;  // the message that stands before the first batch
};

// The rows of one record batch, which live by themselves.
class ArrowRows {
 public:
  virtual ~ArrowRows() = default;
  virtual uint64_t size() const = 0;
  virtual std::unique_ptr<AnswerObject> row(uint64_t number) const = 0;
  // A whole stream of this batch alone.
  virtual std::string as_stream() const = 0;
};

// What one worker writes. Serial. All functions throw std::runtime_error, in one line, where it is none of that.
class ArrowAnswers {
 public:
  virtual ~ArrowAnswers() = default;
  // How many bytes at the start of `written` are a whole answer: a record batch, and what stands before it (the ends of
  // streams, schemas, dictionaries). 0: it is not whole yet; the next call gets the same bytes and more.
  virtual size_t whole(std::string_view written) = 0;
  // Whether `written` is the start of an answer without anything of its dictionaries and its record batch.
  virtual bool precedes(std::string_view written) const = 0;
  // The rows of the answer that `whole` found.
  virtual std::unique_ptr<ArrowRows> take(std::string answer) = 0;
};

}  // namespace ftok
