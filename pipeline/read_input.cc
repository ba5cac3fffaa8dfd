#include "pipeline/read_input.h"

#include <fmt/format.h>

#include <memory>

#include "core/ordered_pipeline.h"
#include "core/run_on_threads.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/access_refused.h"
#include "crawl/format_refused.h"
#include "crawl/input_format.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/run/candidates.h"
#include "pipeline/run/cpu_clock.h"
#include "pipeline/run/digesting_source.h"
#include "pipeline/run_batch.h"

namespace ftok {
namespace {

// Records that are worked on together: one, where no stage wants batches.
struct ReadItems {
  std::vector<Item> items;
  bool is_done = false;  // worked on already
};

size_t bytes_of(const Item& item) { return item.document.payload.size() + item.document.text.size(); }

// Records that are not left to wait beside others of their size: they are worked on where they were read, before the
// next ones are, so that an input has one of them at a time.
constexpr size_t kLarge = size_t{4} << 20;

// A batch has no more records once it has so many bytes.
constexpr size_t kBatchBytes = size_t{1} << 20;

// Of what was dropped nobody reads the page any more, nor the text but in a reject line: what waits to be written takes
// no more than a text (kItemBytes, pipeline/run/extractor.h).
void let_go(Item& item, Rejects rejects) {
  if (item.verdict.kept()) return;
  std::string().swap(item.document.payload);
  std::string().swap(item.document.html);
  std::string().swap(item.document.markdown);
  if (rejects != Rejects::kText) std::string().swap(item.document.text);
}

// The serial head of the pipeline: one record a call, its damage and progress noted.
class RecordReader {
 public:
  RecordReader(const std::string& input, const Plan& plan, const ReadInputOptions& options, const Log& log,
               InputReport& report)
      : options_(options), log_(log), report_(report) {
    report_.input = shown_input(input);
    report_.state = state_of(input);
    SourceOptions source_options = plan.source;
    source_options.file_path = report_.input;
    source_options.name = options.name.empty() ? input_name(input) : options.name;
    if (source_options.dump.empty()) source_options.dump = dump_of(input);
    as_input_error([&] {
      auto digesting = std::make_unique<DigestingSource>(open_input(input, log, options.fetch));
      bytes_ = digesting.get();
      source_ = make_source(std::move(digesting), source_options, &format_);
    });
  }

  // The next `count` records, fewer where they are large; null at the end.
  std::unique_ptr<ReadItems> next(size_t count, size_t& bytes) {
    auto read = std::make_unique<ReadItems>();
    for (bytes = 0; read->items.size() < count && bytes < kBatchBytes;) {
      Item item;
      if (!next(item)) break;
      bytes += bytes_of(item);
      read->items.push_back(std::move(item));
    }
    return read->items.empty() ? nullptr : std::move(read);
  }

  void finish() {
    report_.stored_bytes = bytes_->bytes();
    report_.tally.bytes_in = bytes_->bytes();
    report_.digest = bytes_->digest();
  }

 private:
  bool next(Item& item) {
    if (ended_) return false;
    if (stop_requested() || (options_.abandon != nullptr && *options_.abandon)) throw Stopped();
    bool more = false;
    const CpuTimer timer(options_.source_ns);
    as_input_error([&] { more = source_->next(item); });
    note_damage();
    if (options_.progress != nullptr) {
      options_.progress->add_bytes(bytes_->bytes() - bytes_noted_);
      bytes_noted_ = bytes_->bytes();
    }
    if (!more) {
      refuse_what_is_no_input();
      ended_ = true;
      return false;
    }
    item.sequence = sequence_++;
    return true;
  }

  template <typename Work>
  void as_input_error(Work&& work) {
    try {
      work();
    } catch (const Stopped&) {
      throw;
    } catch (const AccessRefused& error) {
      if (options_.refusal_ends) throw;
      throw InputError(error.what(), error.exit_code());
    } catch (const FormatRefused& error) {
      InputError refused(error.what(), error.exit_code());
      refused.is_final = true;
      throw refused;
    } catch (const Error& error) {
      throw InputError(error.what(), error.exit_code());
    }
  }

  // Bytes without a single record are something else under the input's name: a failed input, not a damaged one.
  void refuse_what_is_no_input() const {
    if (sequence_ > 0 || report_.damage.empty()) return;
    const Damage& first = report_.damage.front();
    throw InputError(fmt::format("{} holds no record: damage at {} {}: {} {}", report_.input,
                                 locator_name(format_->locator), first.offset, first.code.view(), first.detail));
  }

  void note_damage() {
    for (Damage& damage : source_->take_damage()) {
      ++report_.tally.damage;
      if (report_.damage.size() >= InputReport::kDamageKept) continue;
      log_(LogLevel::kWarning,
           fmt::format("{}: damage at {} {}: {}{}{}", report_.input, locator_name(format_->locator), damage.offset,
                       damage.code.view(), damage.detail.empty() ? "" : ": ", damage.detail));
      report_.damage.push_back(std::move(damage));
    }
  }

  const ReadInputOptions& options_;
  const Log& log_;
  InputReport& report_;
  DigestingSource* bytes_ = nullptr;  // owned by source_
  std::unique_ptr<Source> source_;
  const InputFormat* format_ = nullptr;
  uint64_t sequence_ = 0;
  uint64_t bytes_noted_ = 0;
  bool ended_ = false;
};

// Of an input whose documents were routed: what the corpora have of it. What went there is counted in `report` as
// routed.
std::vector<InputReport> reports_by_corpus(InputReport& report, const Plan& plan, const std::vector<uint64_t>& routed) {
  std::vector<InputReport> reports;
  for (size_t corpus = 0; corpus < plan.corpora.size(); ++corpus) {
    InputReport& own = reports.emplace_back();
    own.input = report.input;
    own.state = report.state;
    own.stored_bytes = report.stored_bytes;
    own.digest = report.digest;
    own.quarantined = report.quarantined;
    own.tally.records = own.tally.documents = own.tally.kept = routed[corpus];
    report.tally.kept -= routed[corpus];
    if (routed[corpus] > 0) report.tally.routed[plan.corpora[corpus].name] = routed[corpus];
  }
  return reports;
}

// Of a document that was measured: whether it would be dropped for having no text, also where a rule drops it before.
void note_what_is_left(Item& item) {
  note_unmeasured(item.report, item.verdict);
  if (item.document.payload.empty() && has_nothing_to_judge(item.document))
    note_unmeasured(item.report, Verdict::drop("text.empty"));
}

}  // namespace

InputReport visit_input(const std::string& input, const Plan& plan, bool measure, const ReadInputOptions& options,
                        const Log& log, const std::function<void(Item&)>& emit) {
  InputReport report;
  RecordReader reader(input, plan, options, log, report);
  const size_t batch = batch_documents(plan.stages);
  const auto work = [&](ReadItems& read) {
    for (Item& item : read.items) drop_if_empty(item);
    run_batch(plan.stages, read.items, measure, options.stage_ns, options.budget,
              [&](const std::string& warning) { log(LogLevel::kWarning, warning); });
    for (Item& item : read.items) {
      drop_if_empty(item);
      drop_if_homeless(plan.routing, item);
      if (measure && !item.report.measurements.empty()) note_what_is_left(item);
      let_go(item, measure ? Rejects::kText : options.rejects);  // dedup keys are made of it
    }
    read.is_done = true;
  };
  ordered_pipeline<ReadItems>(
      options.live_max,
      [&] {
        size_t bytes = 0;
        auto read = reader.next(batch, bytes);
        if (bytes > kLarge) work(*read);
        return read;
      },
      [&](ReadItems& read) {
        if (!read.is_done) work(read);
      },
      [&](ReadItems& read) {
        for (Item& item : read.items) {
          report.tally.count(item.verdict);
          report.tally.note(item.document);
          if (options.progress != nullptr) options.progress->count(item.verdict);
          emit(item);
        }
      });
  reader.finish();
  return report;
}

InputReport visit_input_with_threads(const std::string& input, const Plan& plan, size_t threads, const Log& log,
                                     const std::function<void(Item&)>& emit) {
  threads = threads_or_all(threads);
  ReadInputOptions options;
  options.live_max = 4 * threads;
  InputReport report;
  run_on_threads(threads, [&] { report = visit_input(input, plan, false, options, log, emit); });
  return report;
}

InputReport read_input(const std::string& input, const std::vector<std::string>& paths, const Plan& plan,
                       const ReadInputOptions& options, const Log& log) {
  CandidateWriter writer(paths.front());
  std::vector<std::unique_ptr<CandidateWriter>> corpora;  // where documents are routed
  for (size_t corpus = 0; corpus < plan.corpora.size(); ++corpus) {
    corpora.push_back(std::make_unique<CandidateWriter>(paths[corpus + 1]));
  }
  std::vector<uint64_t> routed(corpora.size(), 0);
  InputReport report = visit_input(input, plan, false, options, log, [&](Item& item) {
    if (item.verdict.kept() && !corpora.empty()) {
      const size_t corpus = plan.routing.corpus_of(item.document, item.verdict).value();
      corpora[corpus]->document(item.document);
      ++routed[corpus];
    } else if (item.verdict.kept()) {
      writer.document(item.document);
    } else if (item.verdict.kind == Verdict::Kind::kDrop && options.rejects != Rejects::kNone) {
      writer.reject(reject_line(item.document, item.verdict, options.rejects));
    }
  });
  const std::vector<InputReport> reports = reports_by_corpus(report, plan, routed);
  for (size_t corpus = 0; corpus < corpora.size(); ++corpus) corpora[corpus]->finish(reports[corpus]);
  writer.finish(report);
  return report;
}

}  // namespace ftok
