#include "pipeline/tokenize/shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/run/cpu_clock.h"
#include "pipeline/tokenize/join_buckets.h"
#include "shards/checksum.h"
#include "shards/json_fields.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kCheckpointBytes = uint64_t{1} << 30;  // of the first pass

// The document that comes first of all: it is for validation (shards/split.h).
struct FirstDocument {
  ShuffleKey key{UINT64_MAX, UINT64_MAX};
  std::string id;
  uint64_t input = UINT64_MAX, tokens = 0;

  bool comes_after(const ShuffleKey& other_key, std::string_view other_id) const {
    return input == UINT64_MAX || other_key < key || (other_key == key && other_id < id);
  }
};

// What the first pass has done: OUTPUT/work/shuffle.json, and `done` in shuffle.inputs beside it.
struct FirstPass {
  BucketSizes sizes;
  StreamPosition position;           // where it resumes
  std::vector<StreamPosition> done;  // at the ends of the inputs before
  FirstDocument first;
};

void write_numbers(JsonWriter& json, const char* name, const std::array<uint64_t, kBuckets>& numbers) {
  json.key(name).begin_array();
  for (const uint64_t number : numbers) json.value(number);
  json.end_array();
}

void read_numbers(const JsonFields& fields, const char* name, std::array<uint64_t, kBuckets>& numbers) {
  std::string_view text = fields.raw(name);
  size_t i = 0;
  for (size_t at = 0; at < text.size() && i < kBuckets;) {
    const size_t begin = text.find_first_of("0123456789", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_not_of("0123456789", begin), text.size());
    numbers[i++] = std::stoull(std::string(text.substr(begin, at - begin)));
  }
  if (i != kBuckets) throw JsonFields::Missing(fmt::format("\"{}\" does not have {} numbers", name, kBuckets));
}

std::string done_path(const std::string& state_path) {
  return fs::path(state_path).replace_extension(".inputs").string();
}

// FirstPass::done on disk, a line of JSON for each input. It grows; what counts are the bytes that the state of a
// checkpoint records, so that what a checkpoint costs does not depend on how many inputs came before it.
class DoneInputs {
 public:
  DoneInputs(const std::string& path, const std::vector<StreamPosition>& done) {
    write_file(path, lines_from(done));
    file_ = std::make_unique<AppendFile>(path);
  }

  void write(const std::vector<StreamPosition>& done) {
    if (const std::string lines = lines_from(done); !lines.empty()) file_->append(lines);
  }
  uint64_t bytes() const { return bytes_; }
  std::string checksum() const { return checksum_.hex(); }

  static std::vector<StreamPosition> read(const std::string& path, uint64_t bytes, const std::string& checksum) {
    const std::string file = read_file(path).substr(0, bytes);
    if (file.size() != bytes || checksum_of(file) != checksum) throw JsonFields::Missing("it does not fit " + path);
    std::vector<StreamPosition> done;
    for (size_t at = 0; at < file.size();) {
      const size_t end = std::min(file.find('\n', at), file.size());
      done.push_back(read_position(JsonFields(std::string_view(file).substr(at, end - at))));
      at = end + 1;
    }
    return done;
  }

 private:
  // Of what has not been written yet.
  std::string lines_from(const std::vector<StreamPosition>& done) {
    std::string lines;
    for (; written_ < done.size(); ++written_) lines += write_position(done[written_]) + "\n";
    checksum_.update(lines);
    bytes_ += lines.size();
    return lines;
  }

  std::unique_ptr<AppendFile> file_;
  size_t written_ = 0;
  uint64_t bytes_ = 0;
  Checksum checksum_;
};

void write_first_pass(const FirstPass& pass, DoneInputs& done, const std::string& path) {
  done.write(pass.done);
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-shuffle").field("version", 2);
  write_numbers(json, "bytes", pass.sizes.bytes);
  write_numbers(json, "documents", pass.sizes.documents);
  json.key("first")
      .begin_object()
      .field("high", pass.first.key.high)
      .field("low", pass.first.key.low)
      .field("id", pass.first.id);
  json.field("input", pass.first.input).field("tokens", pass.first.tokens).end_object();
  json.key("position").raw(write_position(pass.position));
  json.key("done").begin_object().field("bytes", done.bytes()).field("checksum", done.checksum()).end_object();
  json.end_object();
  write_file(path, seal_json(json.text()));
}

FirstPass read_first_pass(const std::string& path) {
  const std::string file = read_file(path);
  const auto damaged = [&](const std::string& what) {
    return Error(fmt::format("{} is damaged: {}; delete the output folder and run again", path, what));
  };
  if (const auto sealed = check_sealed_json(file); !sealed.ok()) throw damaged(sealed.damage().detail);
  FirstPass pass;
  try {
    const JsonFields fields(file);
    fields.expect("format", "ftok-shuffle");
    fields.expect("version", 2);
    read_numbers(fields, "bytes", pass.sizes.bytes);
    read_numbers(fields, "documents", pass.sizes.documents);
    const JsonFields first = fields.object("first");
    pass.first = {
        {first.number("high"), first.number("low")}, first.text("id"), first.number("input"), first.number("tokens")};
    pass.position = read_position(fields.object("position"));
    const JsonFields done = fields.object("done");
    pass.done = DoneInputs::read(done_path(path), done.number("bytes"), done.text("checksum"));
  } catch (const JsonFields::Missing& missing) {
    throw damaged(missing.what());
  }
  return pass;
}

class BucketSink : public DocumentSink {
 public:
  BucketSink(FirstPass& pass, BucketWriter& buckets, const std::string& state_path, int64_t validation_per_mille)
      : pass_(pass),
        buckets_(buckets),
        state_path_(state_path),
        done_(done_path(state_path), pass.done),
        validation_per_mille_(validation_per_mille) {}

  void add(const EncodedBlock& block, StreamPosition& position) override {
    block.for_each([&](std::string_view id, std::span<const uint32_t> tokens, const EncodedBlock::Row& row) {
      buckets_.add(row.key, id, tokens);
      const auto split =
          static_cast<size_t>(is_validation(id, validation_per_mille_) ? Split::kValidation : Split::kTrain);
      position.documents[split] += 1;
      position.tokens[split] += tokens.size();
      if (pass_.first.comes_after(row.key, id)) pass_.first = {row.key, std::string(id), position.input, tokens.size()};
    });
  }
  void settled(const StreamPosition& position) override {
    if (buckets_.bytes() >= kCheckpointBytes) checkpoint(position);
  }
  void end_input(const StreamPosition& position) override { pass_.done.push_back(position); }

  void checkpoint(const StreamPosition& position) {
    pass_.sizes = buckets_.flush();
    pass_.position = position;
    write_first_pass(pass_, done_, state_path_);
  }

 private:
  FirstPass& pass_;
  BucketWriter& buckets_;
  const std::string& state_path_;
  DoneInputs done_;
  int64_t validation_per_mille_;
};

// The second pass: what the buckets hold, in order, into the shards.
class ShardSink {
 public:
  ShardSink(TokenizeOutput& output, int64_t validation_per_mille, uint64_t documents_done)
      : output_(output), per_mille_(validation_per_mille), done_(documents_done) {}

  void add(const BucketRow& row) {
    row.decode(tokens_);
    const bool validates = (done_ == 0 && per_mille_ > 0) || is_validation(row.id, per_mille_);
    output_.add_document(validates ? Split::kValidation : Split::kTrain, row.id, tokens_);
    ++done_;
    if (output_.shard_completed()) checkpoint();
  }

  void checkpoint() { output_.checkpoint(fmt::format("{{\"shuffled\":{}}}", done_)); }

 private:
  TokenizeOutput& output_;
  const int64_t per_mille_;
  uint64_t done_;
  std::vector<uint32_t> tokens_;
};

uint64_t shuffled_of(const std::string& position, const std::string& path) {
  if (position.empty()) return 0;
  try {
    return JsonFields(position).number("shuffled");
  } catch (const JsonFields::Missing& missing) {
    throw Error(fmt::format("{}: its position cannot be read: {}", path, missing.what()));
  }
}

void check_inputs(const std::vector<StreamPosition>& done, const std::vector<std::string>& inputs,
                  const std::string& folder) {
  for (size_t i = 0; i < done.size(); ++i) {
    if (i < inputs.size() && done[i].report.input == shown_input(inputs[i])) continue;
    throw UsageError(fmt::format("input {} of {} was {}; the inputs of a shuffle cannot change", i + 1, folder,
                                 done[i].report.input));
  }
}

// The first pass, from where it stands to its end.
void fill_buckets(const TokenizeOptions& options, size_t live_max, FirstPass& pass, const std::string& prefix,
                  const std::string& state_path, Progress& progress, StreamTimes& times, const Log& log) {
  const size_t token_bytes =
      options.recipe.chat ? 4 : token_bytes_for(options.encoding->n_vocab());  // kOutOfLoss needs its bit
  BucketWriter buckets(prefix, token_bytes, pass.sizes);
  BucketSink sink(pass, buckets, state_path, options.recipe.shards.validation_per_mille);
  StreamPosition position = pass.position;
  try {
    stream_documents(options, live_max, position, sink, progress, times, log);
  } catch (const Stopped&) {
    sink.checkpoint(position);
    throw;
  }
  sink.checkpoint(position);
}

void write_receipts(FirstPass& pass, TokenizeOutput& output, int64_t validation_per_mille) {
  for (StreamPosition& position : pass.done) {
    if (validation_per_mille > 0 && position.input == pass.first.input &&
        !is_validation(pass.first.id, validation_per_mille)) {
      position.documents[static_cast<size_t>(Split::kTrain)] -= 1;
      position.tokens[static_cast<size_t>(Split::kTrain)] -= pass.first.tokens;
      position.documents[static_cast<size_t>(Split::kValidation)] += 1;
      position.tokens[static_cast<size_t>(Split::kValidation)] += pass.first.tokens;
    }
    output.add_receipt(position);
  }
}

}  // namespace

void tokenize_shuffled(const TokenizeOptions& options, size_t threads, size_t live_max, TokenizeOutput& output,
                       Progress& progress, StreamTimes& times, const Log& log) {
  const fs::path work = fs::path(options.output) / "work";
  const std::string prefix = work / "bucket";
  const std::string state_path = work / "shuffle.json";
  if (output.inputs_done() > 0) {  // the second pass has begun
    if (output.inputs_done() != options.inputs.size()) {
      throw UsageError(fmt::format("{} is a shuffle of {} inputs; the inputs of a shuffle cannot change",
                                   options.output, output.inputs_done()));
    }
    if (output.position().empty()) return;  // it is done
  }
  FirstPass pass;
  if (fs::exists(state_path)) pass = read_first_pass(state_path);
  check_inputs(pass.done, options.inputs, options.output);
  const uint64_t documents_done = shuffled_of(output.position(), output.folder().journal());
  progress.inputs_committed = pass.done.size();
  if (pass.position.input < options.inputs.size())
    fill_buckets(options, live_max, pass, prefix, state_path, progress, times, log);
  if (output.inputs_done() == 0) write_receipts(pass, output, options.recipe.shards.validation_per_mille);
  log(LogLevel::kInfo, "all documents are in buckets; sorting them");
  ShardSink sink(output, options.recipe.shards.validation_per_mille, documents_done);
  const CpuTimer timer(&times.write_ns);
  try {
    join_buckets(pass.sizes, {prefix, threads, options.memory, documents_done},
                 [&](const BucketRow& row) { sink.add(row); });
  } catch (const Stopped&) {
    sink.checkpoint();
    throw;
  }
}

}  // namespace ftok
