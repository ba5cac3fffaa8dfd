// WorkerFormat: how a stage and its workers speak to each other: in lines of JSON, or in record batches of Arrow's
// (docs/extending.md, "A stage of your own").
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/worker.h"
#include "document/named_fields.h"
#include "pipeline/subprocess/answers.h"

namespace ftok {

// The answers to one batch. Where they are none, its functions throw std::runtime_error saying why in one line.
class Answers {
 public:
  virtual ~Answers() = default;
  virtual void give(AnswerTaker& taker) const = 0;
  // As they are kept in a store.
  virtual std::string stored() const = 0;
};

// What one worker writes.
class WorkerOutput : public AnswerEnd {
 public:
  // Of the bytes of an answer. Throws like Answers.
  virtual std::unique_ptr<Answers> read(std::string answer) = 0;
  // What there is of an answer that has not ended, in a few words; "" where nothing is known.
  virtual std::string unfinished(std::string_view /*written*/) const { return {}; }
};

// Const functions are thread-safe.
class WorkerFormat {
 public:
  virtual ~WorkerFormat() = default;
  virtual std::string_view ending() const = 0;  // of the names of files with stored answers
  // A batch as it is sent; before the first one of a process stands the head.
  virtual std::string write(std::span<const Request> requests) const = 0;
  virtual std::string head() const = 0;
  virtual std::unique_ptr<WorkerOutput> open() const = 0;
  // Answers that lay in a store.
  virtual std::unique_ptr<Answers> stored(std::string bytes) const = 0;
};

std::unique_ptr<const WorkerFormat> json_lines_format();

// `fields`: that documents may have. `payloads`: are sent in place of texts. `answer_bytes_max`: of a batch. Throws
// UsageError, beginning with `section`, where there is no Arrow.
std::unique_ptr<const WorkerFormat> arrow_format(std::string_view section, const NamedFields& fields, bool payloads,
                                                 uint64_t answer_bytes_max);

}  // namespace ftok
