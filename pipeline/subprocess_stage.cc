#include "pipeline/subprocess_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/signals.h"
#include "core/worker.h"
#include "crawl/http_stage.h"
#include "document/batch_stage.h"
#include "pipeline/subprocess/answer_store.h"
#include "pipeline/subprocess/answers.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

// What a stage of kind "python" runs: the function's answers as the protocol has them. A function that raises ends the
// worker, with the exception as its last words.
constexpr char kPythonDriver[] = R"python(
import importlib.util, json, os, sys
path, name = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
function = getattr(module, name)
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what the function prints goes to standard error
def as_document(made):
    return {"text": made} if isinstance(made, str) else made
def answer_to(document):
    made = function(document)
    if made is None or made is True:
        return {}
    if isinstance(made, list):
        return {"documents": [as_document(one) for one in made]}
    return {"drop": "false"} if made is False else dict(as_document(made))
for line in open(0, encoding="utf-8"):
    if line == "\n":
        answers.write("\n")
        answers.flush()
        continue
    document = json.loads(line)
    n = document.pop("n")
    answers.write(json.dumps({"n": n, **answer_to(document)}) + "\n")
)python";

// Worker processes that wait for a batch.
class WorkerPool {
 public:
  WorkerPool(std::string name, std::vector<std::string> command, size_t workers_max)
      : name_(std::move(name)), command_(std::move(command)), workers_max_(workers_max) {}

  // One that is free, or a new one; waits where there are as many as may be.
  std::unique_ptr<Worker> take() {
    std::unique_lock lock(mutex_);
    while (free_.empty() && workers_max_ != 0 && taken_ >= workers_max_) {
      freed_.wait_for(lock, kStopPollInterval);
      if (waits_end()) throw Stopped();
    }
    ++taken_;
    if (free_.empty()) {
      lock.unlock();
      return start();
    }
    std::unique_ptr<Worker> worker = std::move(free_.back());
    free_.pop_back();
    return worker;
  }

  // null: it has ended.
  void give_back(std::unique_ptr<Worker> worker) {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (worker != nullptr) free_.push_back(std::move(worker));
    freed_.notify_one();
  }

  std::unique_ptr<Worker> start() const {
    try {
      return std::make_unique<Worker>(command_);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", name_, error.what()));
    }
  }

 private:
  const std::string name_;  // of the stage
  const std::vector<std::string> command_;
  const size_t workers_max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Worker>> free_;
  size_t taken_ = 0;
};

// A worker out of a pool, which goes back there whatever happens.
class Loan {
 public:
  explicit Loan(WorkerPool& pool) : pool_(pool), worker_(pool.take()) {}
  ~Loan() { pool_.give_back(std::move(worker_)); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  Worker& operator*() { return *worker_; }
  void renew() {
    worker_.reset();
    worker_ = pool_.start();
  }
  void discard() { worker_.reset(); }

 private:
  WorkerPool& pool_;
  std::unique_ptr<Worker> worker_;
};

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
  WorkerStage(std::string_view kind, std::string shown_name, const WorkerOptions& options,
              std::vector<std::string> command, std::vector<std::pair<std::string, std::string>> files,
              std::string bound)
      : kind_(kind),
        shown_name_(std::move(shown_name)),
        options_(options),
        files_(std::move(files)),
        pool_(shown_name_, std::move(command), static_cast<size_t>(options.workers)),
        store_(options.store, digest_of(std::move(bound))) {
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

  // With the digests of the files.
  std::string digest_of(std::string bound) const {
    if (options_.store.empty()) return {};
    for (const auto& [what, path] : files_) bound += fmt::format("\n{} {}", what, checksum_of_file(path));
    return bound + "\n\n";
  }

  Verdict fill(Request& request) const {
    if (options_.accepts.empty() || request.document->payload.empty()) return Verdict::keep();
    return http_.read_body(*request.document, options_.accepts, request.type, request.payload);
  }

  std::vector<Outcome> ask(const std::vector<Request>& requests) const {
    const std::string lines = write_requests(requests);
    std::string answers;
    const bool stored = store_.find(lines, answers);
    if (!stored) answers = exchange(lines, requests.front().document->id);
    std::vector<Outcome> outcomes;
    try {
      outcomes = read_answers(answers, requests, {kind_, numbers_, texts_, lists_});
    } catch (const Error& error) {
      throw Error(fmt::format("{}: in the batch from document {}: {}", shown_name_,
                              printable(requests.front().document->id), error.what()));
    }
    if (!stored) store_.add(lines, answers);
    return outcomes;
  }

  // Answers of a worker; another one tries where one dies.
  std::string exchange(const std::string& lines, const std::string& first) const {
    std::string answers;
    Loan loan(pool_);
    for (int64_t tried = 1;; ++tried) {
      const Worker::End end = exchange_once(loan, lines, answers);
      if (end == Worker::End::kAnswered) return answers;
      std::string what = how_it_ended(*loan, end);
      if (const std::string words = (*loan).last_words(); !words.empty()) what += ": " + words;
      loan.discard();
      const std::string message =
          fmt::format("{}: the worker {}, in the batch from document {}", shown_name_, what, printable(first));
      if (end != Worker::End::kDied || tried >= options_.tries) throw Error(message);
      const std::lock_guard lock(mutex_);
      warnings_.push_back(fmt::format("{}; the batch is repeated (restart {})", message, ++restarts_));
      loan.renew();
    }
  }

  Worker::End exchange_once(Loan& loan, const std::string& lines, std::string& answers) const {
    try {
      return (*loan).exchange(lines, static_cast<size_t>(options_.answer_bytes_max),
                              std::chrono::seconds(options_.timeout_s), answers);
    } catch (...) {
      loan.discard();
      throw;
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
    return std::make_unique<WorkerStage>("subprocess", context.name, options, options.command,
                                         files_of(options.command), std::move(bound));
  }
};

class PythonStage {
 public:
  static std::unique_ptr<const Stage> make(const PythonOptions& options, const StageContext& context) {
    check("python", options);
    if (!std::filesystem::is_regular_file(options.file))
      throw UsageError(fmt::format("python.file: {} does not exist", printable(options.file)));
    std::vector<std::string> command = {options.python, "-c", kPythonDriver, options.file, options.function};
    return std::make_unique<WorkerStage>("python", context.name, options, std::move(command),
                                         std::vector<std::pair<std::string, std::string>>{{"python", options.file}},
                                         options.python + "\n" + options.function);
  }
};

}  // namespace

void WorkerOptions::visit(OptionVisitor& visitor) {
  visitor.field("accepts", accepts, "media types of responses that it gets as they were sent; empty: it gets texts");
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
            "subprocess", "a program of your own, fed with documents as JSON Lines");
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
