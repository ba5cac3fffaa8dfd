#include "pipeline/subprocess_stage.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/worker.h"
#include "crawl/http_stage.h"
#include "document/batch_stage.h"
#include "pipeline/subprocess/answer_store.h"
#include "pipeline/subprocess/answers.h"
#include "pipeline/subprocess/python_drivers.h"
#include "pipeline/subprocess/worker_format.h"
#include "pipeline/subprocess/worker_pool.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

// The arguments that name files, which count by their bytes: {what it is, path}.
std::vector<std::pair<std::string, std::string>> files_of(const std::vector<std::string>& arguments) {
  std::vector<std::pair<std::string, std::string>> files;
  std::error_code error;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool is_path = i > 0 || arguments[i].find('/') != std::string::npos;
    if (is_path && std::filesystem::is_regular_file(arguments[i], error))
      files.emplace_back(fmt::format("argument {}", i), arguments[i]);
  }
  return files;
}

class WorkerStage : public BatchStage {
 public:
  // `files`: what the answers rest on, {what it is, path}. `bound`: what they rest on beside.
  WorkerStage(std::string_view kind, const StageContext& context, const WorkerOptions& options,
              std::vector<std::string> command, std::vector<std::pair<std::string, std::string>> files,
              std::string bound)
      : kind_(kind),
        shown_name_(context.name),
        options_(options),
        files_(std::move(files)),
        format_(format_of(kind, context, options)),
        pool_(shown_name_, std::move(command), static_cast<size_t>(options.workers), *format_),
        store_(options.store, digest_of(std::move(bound), context), format_->ending()) {
    options.fields.check(kind);
    numbers_ = interned(options.fields.numbers);
    texts_ = interned(options.fields.texts);
    lists_ = interned(options.fields.lists);
  }

  std::string_view name() const override { return kind_; }
  size_t batch_documents() const override { return static_cast<size_t>(options_.batch); }

  std::vector<Outcome> process_batch(std::span<Document* const> documents) const override {
    std::vector<Outcome> outcomes(documents.size());
    std::vector<Request> requests;
    std::vector<size_t> places;
    for (size_t i = 0; i < documents.size(); ++i) {
      Request request;
      request.document = documents[i];
      outcomes[i].verdict = fill(request);
      if (!outcomes[i].verdict.kept() || (!options_.accepts.empty() && request.type.empty())) continue;
      requests.push_back(std::move(request));
      places.push_back(i);
    }
    if (requests.empty()) return outcomes;
    std::vector<Outcome> answered = ask(requests);
    for (size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(answered[i]);
    return outcomes;
  }

  void finish() const override {
    std::vector<std::string> lines = pool_.finish(std::chrono::seconds(options_.timeout_s));
    const std::lock_guard lock(mutex_);
    for (std::string& line : lines) warnings_.push_back(std::move(line));
  }

  std::vector<std::string> take_warnings() const override {
    const std::lock_guard lock(mutex_);
    return std::exchange(warnings_, {});
  }

  void describe(Provenance& provenance) const override {
    for (const auto& [what, path] : files_) provenance.files[what] = path;
  }

 private:
  std::vector<Reason> interned(const std::vector<std::string>& names) const {
    std::vector<Reason> reasons;
    for (const std::string& name : names) {
      const std::optional<Reason> reason = Reason::intern(name);
      if (!reason) throw UsageError(fmt::format("{}: more fields than a run may have", kind_));
      reasons.push_back(*reason);
    }
    return reasons;
  }

  static std::unique_ptr<const WorkerFormat> format_of(std::string_view kind, const StageContext& context,
                                                       const WorkerOptions& options) {
    if (options.format != "arrow") return json_lines_format();
    return arrow_format(kind, context.fields, !options.accepts.empty(),
                        static_cast<uint64_t>(options.answer_bytes_max));
  }

  // With the digests of the files, and where a request has columns, with theirs.
  std::string digest_of(std::string bound, const StageContext& context) const {
    if (options_.store.empty()) return {};
    for (const auto& [what, path] : files_) bound += fmt::format("\n{} {}", what, checksum_of_file(path));
    if (options_.format == "arrow") {
      bound += fmt::format("\narrow {};{};{}", fmt::join(context.fields.numbers, ","),
                           fmt::join(context.fields.texts, ","), fmt::join(context.fields.lists, ","));
    }
    return bound + "\n\n";
  }

  Verdict fill(Request& request) const {
    if (options_.accepts.empty() || request.document->payload.empty()) return Verdict::keep();
    return http_.read_body(*request.document, options_.accepts, request.type, request.payload);
  }

  std::vector<Outcome> ask(const std::vector<Request>& requests) const {
    // Whatever the format, answers are kept by the requests in JSON: these are the same bytes for every Arrow.
    const std::string key = store_.is_open() ? json_lines_->write(requests) : std::string();
    std::string stored;
    const bool found = store_.find(key, stored);
    const std::unique_ptr<Answers> answers = found ? read_stored(requests, std::move(stored)) : exchange(requests);
    const AnswerRules rules{kind_, numbers_, texts_, lists_};
    AnswerTaker taker(requests, rules);
    std::vector<Outcome> outcomes;
    try {
      answers->give(taker);
      outcomes = taker.take_outcomes();
    } catch (const std::runtime_error& error) {
      throw refused(requests, error);
    }
    if (store_.is_open() && !found) store_.add(key, answers->stored());
    return outcomes;
  }

  Error refused(const std::vector<Request>& requests, const std::runtime_error& error) const {
    return Error(fmt::format("{}: in the batch from document {}: {}", shown_name_,
                             printable(requests.front().document->id), error.what()));
  }

  std::unique_ptr<Answers> read_stored(const std::vector<Request>& requests, std::string stored) const {
    try {
      return format_->stored(std::move(stored));
    } catch (const std::runtime_error& error) {
      throw refused(requests, error);
    }
  }

  // Answers of a worker; another one tries where one dies.
  std::unique_ptr<Answers> exchange(const std::vector<Request>& requests) const {
    const std::string batch = format_->write(requests);
    std::string answer;
    WorkerLoan loan(pool_);
    for (int64_t tried = 1;; ++tried) {
      const Worker::End end = exchange_once(loan, requests, batch, answer);
      if (end == Worker::End::kAnswered) return read(loan, requests, std::move(answer));
      std::string what = how_it_ended(loan->worker, end);
      if (end == Worker::End::kDied && !answer.empty() && !loan->answers->precedes(answer))
        what += " in the middle of its answer";
      if (const std::string so_far = loan->answers->unfinished(answer); end == Worker::End::kHung && !so_far.empty())
        what += ": " + so_far;
      if (const std::string words = loan->worker.last_words(); !words.empty()) what += ": " + words;
      loan.discard();
      const std::string message = fmt::format("{}: the worker {}, in the batch from document {}", shown_name_, what,
                                              printable(requests.front().document->id));
      if (end != Worker::End::kDied || tried >= options_.tries) throw Error(message);
      const std::lock_guard lock(mutex_);
      warnings_.push_back(fmt::format("{}; the batch is repeated (restart {})", message, ++restarts_));
      loan.renew();
    }
  }

  Worker::End exchange_once(WorkerLoan& loan, const std::vector<Request>& requests, const std::string& batch,
                            std::string& answer) const {
    const auto send = [&](std::string_view sent) {
      return loan->worker.exchange(sent, *loan->answers, static_cast<size_t>(options_.answer_bytes_max),
                                   std::chrono::seconds(options_.timeout_s), answer);
    };
    return last_of(loan, requests,
                   [&] { return std::exchange(loan->has_head, true) ? send(batch) : send(format_->head() + batch); });
  }

  std::unique_ptr<Answers> read(WorkerLoan& loan, const std::vector<Request>& requests, std::string answer) const {
    return last_of(loan, requests, [&] { return loan->answers->read(std::move(answer)); });
  }

  // What `work` returns; where it throws, the last that is done with that process.
  template <typename Work>
  auto last_of(WorkerLoan& loan, const std::vector<Request>& requests, Work&& work) const -> decltype(work()) {
    try {
      return work();
    } catch (const Error&) {
      loan.discard();
      throw;
    } catch (const std::runtime_error& error) {
      loan.discard();
      throw refused(requests, error);
    }
  }

  std::string how_it_ended(Worker& worker, Worker::End end) const {
    switch (end) {
      case Worker::End::kDied: return fmt::format("died ({})", worker.how_it_died());
      case Worker::End::kHung: return fmt::format("has not answered for {} s (timeout_s)", options_.timeout_s);
      case Worker::End::kTooLong:
        return fmt::format("answered with more than {} bytes (answer_bytes_max)", options_.answer_bytes_max);
      default: return "answered without being asked";
    }
  }

  const std::string_view kind_;
  const std::string shown_name_;
  const WorkerOptions options_;
  const std::vector<std::pair<std::string, std::string>> files_;
  const std::unique_ptr<const WorkerFormat> format_, json_lines_ = json_lines_format();
  mutable WorkerPool pool_;
  const AnswerStore store_;
  const HttpStage http_{HttpOptions{}};
  std::vector<Reason> numbers_, texts_, lists_;  // fields that answers may hold
  mutable std::mutex mutex_;
  mutable std::vector<std::string> warnings_;
  mutable uint64_t restarts_ = 0;
};

void check(std::string_view kind, const WorkerOptions& options) {
  const auto refuse = [&](const char* key, int64_t got, const char* expected) {
    throw UsageError(fmt::format("{}.{}: got {}, expected {}", kind, key, got, expected));
  };
  if (options.batch < 1 || options.batch > 4096) refuse("batch", options.batch, "1 to 4096");
  if (options.workers < 0 || options.workers > 1024) refuse("workers", options.workers, "0 to 1024");
  if (options.tries < 1) refuse("tries", options.tries, "at least 1");
  if (options.timeout_s < 1) refuse("timeout_s", options.timeout_s, "at least 1");
  if (options.answer_bytes_max < 1) refuse("answer_bytes_max", options.answer_bytes_max, "at least 1");
}

class SubprocessStage {
 public:
  static std::unique_ptr<const Stage> make(const SubprocessOptions& options, const StageContext& context) {
    check("subprocess", options);
    std::string bound;
    for (const std::string& argument : options.command) append_json_string(bound, argument);
    return std::make_unique<WorkerStage>("subprocess", context, options, options.command, files_of(options.command),
                                         std::move(bound));
  }
};

class PythonStage {
 public:
  static std::unique_ptr<const Stage> make(const PythonOptions& options, const StageContext& context) {
    check("python", options);
    if (!std::filesystem::is_regular_file(options.file))
      throw UsageError(fmt::format("python.file: {} does not exist", printable(options.file)));
    const std::string driver =
        std::string(kPythonFunction) + (options.format == "arrow" ? kPythonArrowDriver : kPythonDriver);
    std::vector<std::string> command = {options.python, "-c", driver, options.file, options.function};
    return std::make_unique<WorkerStage>("python", context, options, std::move(command),
                                         std::vector<std::pair<std::string, std::string>>{{"python", options.file}},
                                         options.python + "\n" + options.function);
  }
};

}  // namespace

void WorkerOptions::visit(OptionVisitor& visitor) {
  visitor.field("accepts", accepts, "media types of responses that it gets as they were sent; empty: it gets texts");
  visitor.choice("format", format, {"jsonl", "arrow"},
                 "how documents and answers are sent: JSON Lines, or record batches in Arrow's IPC streaming format");
  fields.visit(visitor, "that it may add to a document");
  visitor.field("batch", batch, "most documents that it gets at a time");
  visitor.field("workers", workers, "most processes; 0: one for each thread that has a batch");
  visitor.field("tries", tries, "how often a batch is tried whose process dies");
  visitor.field("timeout_s", timeout_s, "seconds without a byte to or from a process after which the run stops");
  visitor.field("answer_bytes_max", answer_bytes_max, "largest answer to a batch, in bytes");
  visitor.field("store", store,
                "folder that keeps answers, so that a run that is repeated gets them again; \"\": none");
}

// What decides no byte: how many processes, for how long, and where answers lie.
void WorkerOptions::keep_content() {
  const WorkerOptions defaults;
  workers = defaults.workers;
  tries = defaults.tries;
  timeout_s = defaults.timeout_s;
  store.clear();
}

void SubprocessOptions::visit(OptionVisitor& visitor) {
  visitor.field("command", command, "the program and its arguments");
  WorkerOptions::visit(visitor);
}

void PythonOptions::visit(OptionVisitor& visitor) {
  visitor.field("file", file, "a file of Python");
  visitor.field("function", function, "its function that gets a document as a dict");
  visitor.field("python", python, "the interpreter");
  WorkerOptions::visit(visitor);
}

void PythonOptions::keep_content() {
  WorkerOptions::keep_content();
  file.clear();  // its digest counts, not where it lies
}

std::span<const StageKind> subprocess_stages() {
  static const StageKind kinds[] = {
      [] {
        StageKind kind = stage_kind<SubprocessStage, SubprocessOptions>(
            "subprocess", "a program of your own, fed with documents as JSON Lines or Arrow");
        kind.needs = kNoContent;
        return kind;
      }(),
      [] {
        StageKind kind =
            stage_kind<PythonStage, PythonOptions>("python", "a function of your own, in a file of Python");
        kind.needs = kNoContent;
        return kind;
      }(),
  };
  return kinds;
}

}  // namespace ftok
