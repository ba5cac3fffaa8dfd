#include "pipeline/corpus_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "core/amounts.h"
#include "core/error.h"
#include "core/live_area.h"
#include "core/ordered_pipeline.h"
#include "core/run_on_threads.h"
#include "document/text_lines.h"
#include "pipeline/read_input.h"

namespace ftok {
namespace {

class Counting {
 public:
  Counting(CorpusReader& reader, CorpusCounter& counter, const CorpusCountOptions& options)
      : reader_(reader), counter_(counter), options_(options), line_(options.quiet) {
    threads_ = threads_or_all(options.threads);
  }

  CorpusCountReport run();

 private:
  void count_pieces();
  void count_warc(const CorpusInput& input);
  void save(bool is_complete);
  void show();

  CorpusReader& reader_;
  CorpusCounter& counter_;
  const CorpusCountOptions& options_;
  LiveLine line_;
  size_t threads_ = 1;
  std::atomic<uint64_t> text_bytes_{0}, empty_{0};
  uint64_t saved_bytes_ = 0;       // of text_bytes_
  uint64_t pretokens_before_ = 0;  // counted by earlier processes
  uint64_t warcs_ = 0;             // counted
  CorpusCountReport report_;
};

void Counting::show() {
  line_.show([&] {
    const double seconds = std::max(line_.seconds(), 1e-3), rate = static_cast<double>(text_bytes_) / seconds;
    std::string text =
        fmt::format("counted {} of text, {}/s", bytes_text(static_cast<double>(text_bytes_)), bytes_text(rate));
    const auto read = static_cast<double>(reader_.bytes_read()), total = static_cast<double>(reader_.bytes_total());
    if (total > read && read > 0) text += fmt::format(", {} left", duration_text((total - read) * seconds / read));
    return text;
  });
}

void Counting::save(bool is_complete) {
  if (options_.checkpoint == nullptr) return;
  options_.checkpoint->save_counting(
      {reader_.position(), warcs_, counter_.run_names(), pretokens_before_ + counter_.pretokens(), is_complete});
  saved_bytes_ = text_bytes_;
}

// All pieces that are left, several at a time.
void Counting::count_pieces() {
  for (bool at_end = false; !at_end;) {
    const auto is_due = [&] {
      return options_.checkpoint != nullptr && text_bytes_ - saved_bytes_ >= options_.checkpoint_bytes;
    };
    ordered_pipeline<CorpusPiece>(
        2 * threads_,
        [&]() -> std::unique_ptr<CorpusPiece> {
          if (counter_.is_full() || is_due()) return nullptr;
          std::unique_ptr<CorpusPiece> piece = reader_.next();
          at_end = piece == nullptr;
          return piece;
        },
        [&](CorpusPiece& piece) {
          empty_ += for_each_text(piece, options_.text_key, [&](std::string_view text) {
            counter_.add_text(text, piece.input->weight);
            text_bytes_ += text.size();
          });
        },
        [&](CorpusPiece&) { show(); });
    if (!at_end || options_.checkpoint != nullptr) counter_.spill();
    save(false);
  }
}

// The documents of a WARC file that pass the stages. When memory is full in the middle, the run on disk belongs to no
// checkpoint before the file is done.
void Counting::count_warc(const CorpusInput& input) {
  ReadInputOptions read;
  read.live_max = 4 * threads_;
  const InputReport report = visit_input(input.path, *options_.plan, false, read, options_.log, [&](Item& item) {
    if (!item.verdict.kept()) return;
    if (counter_.is_full()) counter_.spill();
    take_layout(item.document);
    counter_.add_text(item.document.text, input.weight);
    text_bytes_ += item.document.text.size();
    ++report_.documents;
    show();
  });
  report_.damaged += report.tally.damage;
  const auto empty = report.tally.dropped.find("text.empty");
  if (empty != report.tally.dropped.end()) report_.empty_documents += empty->second;
  if (options_.checkpoint != nullptr) counter_.spill();
  ++warcs_;
  save(false);
}

CorpusCountReport Counting::run() {
  bool is_complete = false;
  if (options_.checkpoint != nullptr && options_.checkpoint->counting()) {
    const CountingState& state = *options_.checkpoint->counting();
    counter_.take_up(state.runs);
    reader_.skip_to(state.position);
    warcs_ = state.warcs;
    pretokens_before_ = state.pretokens;
    is_complete = state.is_complete;
  }
  if (!is_complete) {
    run_on_threads(threads_, [&] {
      count_pieces();
      while (warcs_ < options_.warcs.size()) count_warc(options_.warcs[warcs_]);
    });
    save(true);
  }
  report_.text_bytes = text_bytes_;
  report_.empty_documents += empty_;
  report_.pretokens = pretokens_before_ + counter_.pretokens();
  report_.seconds = line_.seconds();
  return report_;
}

}  // namespace

CorpusCountReport count_corpus(CorpusReader& reader, CorpusCounter& counter, const CorpusCountOptions& options) {
  return Counting(reader, counter, options).run();
}

}  // namespace ftok
