#include "pipeline/tokenize/document_stream.h"

#include <fmt/format.h>

#include <memory>

#include "core/error.h"
#include "core/ordered_pipeline.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/run/cpu_clock.h"

namespace ftok {
namespace {

// What travels through the pipeline: a block, or the end of an input.
struct Work {
  Block block;
  EncodedBlock encoded;
  std::shared_ptr<const EncodeBlockOptions> options;
  bool is_encoded = false;
  bool ends_input = false;
  uint64_t stored_bytes = 0;  // of the whole input, at its end
  std::string stored_digest;
};

// A block of one long record is encoded where it was read, before the next one is, so that there is one at a time.
bool is_large(const Block& block) {
  constexpr size_t kLarge = size_t{4} << 20;
  size_t bytes = block.text.size();
  for (const Item& item : block.items) bytes += item.document.text.size();
  return bytes > kLarge;
}

void encode(Work& work) {
  work.encoded = encode_block(work.block, *work.options);
  work.block.text = std::string();
  work.block.items.clear();
  work.is_encoded = true;
}

class InputsReader {
 public:
  InputsReader(const TokenizeOptions& options, const StreamPosition& start, Progress& progress, StreamTimes& times,
               const Log& log)
      : options_(options),
        start_(start),
        progress_(progress),
        times_(times),
        log_(log),
        input_(start.input),
        names_(input_names(options.inputs)) {}

  std::unique_ptr<Work> next() {
    if (stop_requested()) throw Stopped();
    if (reader_ == nullptr) {
      if (input_ >= options_.inputs.size()) return nullptr;
      open();
    }
    const CpuTimer timer(&times_.read_ns);
    auto work = std::make_unique<Work>();
    work->ends_input = !reader_->next(work->block);
    note_bytes();
    if (work->ends_input) {
      work->stored_bytes = reader_->stored_bytes();
      work->stored_digest = reader_->stored_digest();
      reader_.reset();
      ++input_;
    } else {
      work->options = block_options_;
      if (is_large(work->block)) encode(*work);
    }
    return work;
  }

 private:
  void open() {
    const std::string& input = options_.inputs[input_];
    reader_ = std::make_unique<BlockReader>(input, names_[input_], options_.recipe.input, log_);
    bytes_noted_ = 0;
    block_options_ = std::make_shared<const EncodeBlockOptions>(EncodeBlockOptions{
        options_.encoding.get(), names_[input_], options_.recipe.input.text_key, options_.recipe.input.id_key,
        options_.recipe.shuffle, options_.recipe.chat ? &*options_.recipe.chat : nullptr});
    if (input_ == start_.input && start_.records > 0) skip(input);
  }

  // Passes over what an earlier run has done, and makes sure that it is what it was.
  void skip(const std::string& input) {
    Block block;
    do {
      if (stop_requested()) throw Stopped();
      if (!reader_->next(block) || block.records > start_.records) changed(input);
    } while (block.records < start_.records);
    if (block.digest != start_.digest) changed(input);
    note_bytes();
    log_(LogLevel::kInfo, fmt::format("{}: resuming after record {}", shown_input(input), start_.records));
  }

  [[noreturn]] static void changed(const std::string& input) {
    throw Error(
        fmt::format("{} has changed since its first records were tokenized; restore it, or use another output folder",
                    shown_input(input)));
  }

  void note_bytes() {
    progress_.add_bytes(reader_->stored_bytes() - bytes_noted_);
    bytes_noted_ = reader_->stored_bytes();
  }

  const TokenizeOptions& options_;
  const StreamPosition start_;
  Progress& progress_;
  StreamTimes& times_;
  const Log& log_;
  uint64_t input_;
  const std::vector<std::string> names_;  // of the inputs, in ids
  std::unique_ptr<BlockReader> reader_;
  std::shared_ptr<const EncodeBlockOptions> block_options_;
  uint64_t bytes_noted_ = 0;
};

class Emitter {
 public:
  Emitter(const TokenizeOptions& options, StreamPosition& position, DocumentSink& sink, Progress& progress,
          const Log& log)
      : options_(options), position_(position), sink_(sink), progress_(progress), log_(log) {}

  void emit(Work& work) {
    InputReport& report = position_.report;
    report.input = shown_input(options_.inputs[position_.input]);
    if (work.ends_input) {
      report.stored_bytes = work.stored_bytes;
      report.tally.bytes_in = work.stored_bytes;
      report.digest = work.stored_digest;
      sink_.end_input(position_);
      position_.next_input();
      ++progress_.inputs_read;
      ++progress_.inputs_committed;
      return;
    }
    note_bad(work);
    sink_.add(work.encoded, position_);
    const Tally& tally = work.encoded.tally;
    report.tally.add(tally);
    position_.records = work.block.records;
    position_.digest = work.block.digest;
    progress_.records += tally.records;
    progress_.documents += tally.documents;
    progress_.passed += tally.kept;
    progress_.kept += tally.kept;
    progress_.tokens += tally.tokens;
    sink_.settled(position_);
  }

 private:
  static constexpr size_t kNamedMax = 8;  // an input

  void note_bad(const Work& work) {
    InputReport& report = position_.report;
    const auto note = [&](uint64_t offset, Reason code, const std::string& detail) {
      const std::string message = fmt::format("{}: {} {}: {}{}{}", report.input, work.block.locator, offset,
                                              code.view(), detail.empty() ? "" : ": ", detail);
      if (options_.strict) throw Error(message + " (--strict)");
      if (report.damage.size() >= InputReport::kDamageKept) return;
      report.damage.push_back({code, detail, offset});
      if (report.damage.size() <= kNamedMax) {
        log_(LogLevel::kWarning, message);
      } else if (report.damage.size() == kNamedMax + 1) {
        log_(LogLevel::kWarning,
             fmt::format("{}: further ones are only counted, in the input's receipt", report.input));
      }
    };
    for (const Damage& damage : work.block.damage) {
      ++report.tally.damage;
      note(damage.offset, damage.code, damage.detail);
    }
    for (const EncodedBlock::Bad& bad : work.encoded.bad) {
      const Verdict& verdict = bad.verdict;
      note(bad.offset, verdict.reason,
           fmt::format("{}{}{}", bad.id, verdict.detail.empty() ? "" : ": ", verdict.detail));
    }
    if (options_.strict && work.encoded.tally.replacements > 0) {
      throw Error(fmt::format("{}: text that is not UTF-8 in records {} to {} (--strict)", report.input,
                              position_.records + 1, work.block.records));
    }
  }

  const TokenizeOptions& options_;
  StreamPosition& position_;
  DocumentSink& sink_;
  Progress& progress_;
  const Log& log_;
};

}  // namespace

void stream_documents(const TokenizeOptions& options, size_t live_max, StreamPosition& position, DocumentSink& sink,
                      Progress& progress, StreamTimes& times, const Log& log) {
  InputsReader reader(options, position, progress, times, log);
  Emitter emitter(options, position, sink, progress, log);
  ordered_pipeline<Work>(
      live_max, [&] { return reader.next(); },
      [&](Work& work) {
        if (work.ends_input || work.is_encoded) return;
        const CpuTimer timer(&times.encode_ns);
        encode(work);
      },
      [&](Work& work) {
        const CpuTimer timer(&times.write_ns);
        emitter.emit(work);
      });
}

}  // namespace ftok
